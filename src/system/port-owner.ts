import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { posix } from 'node:path'
import { promisify } from 'node:util'
import { renderAddress } from './listen-address.ts'
import {
  occupies,
  type ProcessListener,
  parseLsof,
  parseNetstat,
  parseProcNetTcp,
  parseTasklist,
} from './socket-table.ts'

const run = promisify(execFile)
const COMMAND_TIMEOUT_MS = 3_000

/** Who listens on a port, as far as this user may know. */
export interface PortOwner {
  /** `undefined`: another user's, and the system does not tell. */
  readonly pid: number | undefined
  /** The command's name without its arguments, which may hold secrets. */
  readonly command: string | undefined
  /** The account it runs under; `undefined` where the system does not tell. */
  readonly user: string | undefined
  /** It is one of the processes the caller named as its own. */
  readonly isOurs: boolean
}

/**
 * The process that listens on a TCP port of `host` (any address when `undefined`); `undefined` when there is none or
 * nothing is known of it. `ourPids` are this process and the gateway of the same state folder. Never rejects.
 */
export async function portOwner(
  port: number,
  host?: string,
  ourPids: readonly number[] = [process.pid],
): Promise<PortOwner | undefined> {
  try {
    const owner = await FINDERS[process.platform]?.(port, host)
    return owner && { ...owner, isOurs: owner.pid !== undefined && ourPids.includes(owner.pid) }
  } catch {
    return undefined
  }
}

/** Says that an address is taken, by whom, and what to do. For the operator's eyes, not for clients. */
export function explainPortInUse(host: string, port: number, owner: PortOwner | undefined): string {
  const address = renderAddress({ host, port })
  const advice = 'choose another address with --listen'
  if (owner?.isOurs)
    return `${address} is held by a Punku gateway that runs already (pid ${owner.pid}). Stop it, or ${advice}.`
  const name = owner?.command === undefined ? 'another program' : `${owner.command}`
  const pid = owner?.pid === undefined ? '' : ` (pid ${owner.pid})`
  const user = owner?.user === undefined ? '' : ` of user ${owner.user}`
  return `${address} is held by ${name}${pid}${user}. Stop it, or ${advice}.`
}

type FoundOwner = Omit<PortOwner, 'isOurs'>
type Finder = (port: number, host: string | undefined) => Promise<FoundOwner | undefined>

const FINDERS: Readonly<Partial<Record<NodeJS.Platform, Finder>>> = {
  linux: findOnLinux,
  darwin: findOnMac,
  win32: findOnWindows,
}

async function findOnLinux(port: number, host: string | undefined): Promise<FoundOwner | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readOrEmpty))
  const listener = tables.flatMap(parseProcNetTcp).find((socket) => occupies(socket, port, host))
  if (listener === undefined) return undefined
  const pid = await findSocketHolder(listener.inode)
  const user = userName(await readOrEmpty('/etc/passwd'), listener.userId)
  return { pid, command: pid === undefined ? undefined : await commandName(pid), user }
}

async function findSocketHolder(inode: string): Promise<number | undefined> {
  const wanted = `socket:[${inode}]`
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // Other users' processes do not show their files, and any may end meanwhile.
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
    if (links.includes(wanted)) return Number(pid)
  }
  return undefined
}

/** The program's own file name: `comm` names a thread, which for Node says nothing. */
async function commandName(pid: number): Promise<string | undefined> {
  const path = await readlink(`/proc/${pid}/exe`).catch(() => '')
  const name = path === '' ? await readOrEmpty(`/proc/${pid}/comm`) : path.replace(/ \(deleted\)$/, '')
  return posix.basename(name.trim()) || undefined
}

function userName(passwd: string, userId: number): string | undefined {
  const line = passwd.split('\n').find((entry) => entry.split(':')[2] === String(userId))
  return line?.split(':', 1)[0]
}

async function findOnMac(port: number, host: string | undefined): Promise<FoundOwner | undefined> {
  const text = await output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn'])
  return found(parseLsof(text).find((socket) => occupies(socket, port, host)))
}

async function findOnWindows(port: number, host: string | undefined): Promise<FoundOwner | undefined> {
  const listener = parseNetstat(await output('netstat', ['-ano'])).find((socket) => occupies(socket, port, host))
  if (listener === undefined) return undefined
  const command = parseTasklist(await output('tasklist', ['/FI', `PID eq ${listener.pid}`, '/FO', 'CSV', '/NH']))
  return found({ ...listener, command })
}

function found(listener: ProcessListener | undefined): FoundOwner | undefined {
  return listener && { pid: listener.pid, command: listener.command, user: undefined }
}

async function output(command: string, args: readonly string[]): Promise<string> {
  // Of the environment no more than it takes to be found: there may be secrets in it.
  const env = { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'] }
  const { stdout } = await run(command, args, { timeout: COMMAND_TIMEOUT_MS, windowsHide: true, env })
  return stdout
}

function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
