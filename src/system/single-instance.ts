import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { ConfigError } from '../config/config-error.ts'
import { ensurePrivateFolder } from '../config/home.ts'
import { ownCommand } from '../config/own-command.ts'
import { createSecretFile } from '../config/secret-file.ts'
import type { Clock } from '../core/clock.ts'
import { controlSocketPath, type InstanceName } from './control-socket-path.ts'
import { isProcessAlive, readLockFile, removeLockFile } from './lock-file.ts'

/** A process may take this long from its lock to its control socket; until then a live one counts as the holder. */
const START_GRACE_MS = 10_000
const CONNECT_TIMEOUT_MS = 1_000
const MAX_ATTEMPTS = 3

/** What `run/gateway.json` says of the gateway that holds a state folder, and `run/agent-….json` of a profile's agent. */
export interface Instance {
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

export interface HeldInstance extends Instance {
  /** Where this process is to take commands; free to listen on. */
  readonly socketPath: string
  /** Gives the folder back. A lock that is no longer ours is left alone. */
  release(): void
}

export interface HoldOptions {
  /** The state folder; it must stand (`ensureHome`). */
  readonly home: string
  readonly clock: Clock
  /** Default: `gateway`. */
  readonly name?: InstanceName
}

/**
 * Takes the state folder for this process, so that no two gateways share one, nor two agents a profile. A lock left by
 * a process that died is taken over.
 * @throws ConfigError when one of that name runs there; the message has its process id. Also where a folder stands in place of the lock or the socket.
 */
export async function holdInstance({ home, clock, name = 'gateway' }: HoldOptions): Promise<HeldInstance> {
  const path = lockPath(home, name)
  const socketPath = controlSocketPath(home, process.platform, name)
  const mine = JSON.stringify({ pid: process.pid, startedAt: clock.now() } satisfies Instance)
  if (process.platform !== 'win32') ensurePrivateFolder(dirname(socketPath))
  refuseFolder(socketPath)
  refuseFolder(path)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (createLock(path, mine)) {
      if (process.platform !== 'win32') rmSync(socketPath, { force: true })
      return { ...(JSON.parse(mine) as Instance), socketPath, release: () => removeLockFile(path, mine) }
    }
    const text = readLockFile(path)
    const other = parseInstance(text)
    if (other !== undefined && (await isRunning(other, socketPath, clock))) {
      throw new ConfigError([
        name === 'gateway'
          ? `A Punku gateway already runs with the state folder ${home} (pid ${other.pid}). Stop it, or choose another folder with --home.`
          : `An agent already runs with this profile (pid ${other.pid}); ${ownCommand('status', home)} shows it. Stop it first, or pair another profile.`,
      ])
    }
    removeLockFile(path, text)
  }
  const what = name === 'gateway' ? 'gateway' : 'agent'
  throw new ConfigError([`Another ${what} is starting with the state folder ${home}. Try again.`])
}

function refuseFolder(path: string): void {
  if (process.platform === 'win32' || !lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  throw new ConfigError([
    `${path} is a folder, where a running process keeps a file of its own. Remove it, and try again.`,
  ])
}

function createLock(path: string, text: string): boolean {
  try {
    return createSecretFile(path, text)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'ENOSPC' ? 'its disk is full; make room' : `${code}; check who may write to it, and its disk`
    throw new ConfigError([`Nothing can be written to the folder ${dirname(path)}: ${reason}, and try again.`], {
      cause: error,
    })
  }
}

/** Who holds the lock of that name in the state folder, alive or not; `undefined` when nobody. */
export function readInstance(home: string, name: InstanceName = 'gateway'): Instance | undefined {
  return parseInstance(readLockFile(lockPath(home, name)))
}

function lockPath(home: string, name: InstanceName): string {
  return join(home, 'run', `${name}.json`)
}

function parseInstance(text: string): Instance | undefined {
  try {
    const { pid, startedAt } = JSON.parse(text) as Partial<Record<string, unknown>>
    return Number.isInteger(pid) && Number.isFinite(startedAt)
      ? { pid: Number(pid), startedAt: Number(startedAt) }
      : undefined
  } catch {
    return undefined
  }
}

/**
 * A control socket that accepts is the proof: process ids are used again after a restart, and mean nothing across
 * containers that share the folder. The id counts only for the moments before the socket stands.
 */
async function isRunning(instance: Instance, socketPath: string, clock: Clock): Promise<boolean> {
  if (await accepts(socketPath)) return true
  const ageMs = clock.now() - instance.startedAt
  return instance.pid !== process.pid && ageMs >= 0 && ageMs < START_GRACE_MS && isProcessAlive(instance.pid)
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.setTimeout(CONNECT_TIMEOUT_MS)
    const finish = (isAccepted: boolean) => {
      socket.destroy()
      resolve(isAccepted)
    }
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
    socket.once('timeout', () => finish(true))
  })
}
