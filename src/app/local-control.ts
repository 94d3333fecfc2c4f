import { lstatSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { Agent, errors, request } from 'undici'
import { ConfigError } from '../config/config-error.ts'
import type { Environment } from '../config/environment.ts'
import { ensureHome } from '../config/home.ts'
import { loadConfig } from '../config/load.ts'
import { ControlClient, type ControlFetch } from '../control/client.ts'
import { createControl } from '../control/control.ts'
import { systemClock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { createLog } from '../core/log.ts'
import { controlSocketPath } from '../system/control-socket-path.ts'
import { openKeys } from './keys.ts'

const CONNECT_TIMEOUT_MS = 2_000
/** A gateway that is suspended accepts and never answers. Sums over a large database take seconds, not this long. */
const ANSWER_TIMEOUT_MS = 30_000

export interface LocalControlOptions {
  /** The state folder. */
  readonly home: string
  readonly configFile?: string | undefined
  readonly env: Environment
  /** How long a running gateway may stay silent before a call fails with `gateway_not_running`. Default: 30 s. */
  readonly answerTimeoutMs?: number
}

/** The control API of a state folder, for whoever may open the folder. */
export interface LocalControl extends AsyncDisposable {
  readonly client: ControlClient
  /** A gateway runs there and answers; else its database is open in this process. */
  readonly isLive: boolean
}

/**
 * Reaches the control API: over the running gateway's socket, or, where none runs, over its database.
 * @throws ConfigError when the folder, its configuration or its socket cannot be used.
 */
export async function openLocalControl({
  home,
  configFile,
  env,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
}: LocalControlOptions): Promise<LocalControl> {
  const path = controlSocketPath(home, process.platform)
  if (process.platform !== 'win32' && !path.startsWith(home)) refuseForeignFolder(dirname(path))
  if (await answers(path)) {
    const agent = new Agent({
      connect: { socketPath: path },
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
    })
    return { client: new ControlClient(overSocket(agent)), isLive: true, [Symbol.asyncDispose]: () => agent.close() }
  }
  ensureHome(home)
  const config = loadConfig({ home, file: configFile, env, flags: {} })
  const log = createLog({ ...config.log, level: 'warn' })
  const keys = await openKeys({ home, config, clock: systemClock, log })
  const app = createControl({ keys: keys.service, requests: keys.requests, log, now: systemClock.now })
  return {
    client: new ControlClient(async (target, init) => app.request(target, init)),
    isLive: false,
    [Symbol.asyncDispose]: () => keys[Symbol.asyncDispose](),
  }
}

function overSocket(agent: Agent): ControlFetch {
  return async (path, init) => {
    try {
      const { statusCode, body } = await request(`http://punku${path}`, {
        dispatcher: agent,
        method: init.method ?? 'GET',
        headers: (init.headers ?? {}) as Record<string, string>,
        body: (init.body ?? null) as string | null,
      })
      return new Response(await body.text(), { status: statusCode })
    } catch (cause) {
      const isSilent = cause instanceof errors.HeadersTimeoutError || cause instanceof errors.BodyTimeoutError
      throw new PunkuError(
        'gateway_not_running',
        isSilent
          ? 'The gateway accepts commands but does not answer: it may be suspended. A change may still happen: look before you try again.'
          : 'The gateway stopped before it answered. Start it and try again.',
        { cause },
      )
    }
  }
}

/** Commands must not go to whoever made the folder first: outside the state folder it stands where all may write. */
function refuseForeignFolder(folder: string): void {
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  if (stats === undefined || (stats.isDirectory() && stats.uid === process.getuid?.())) return
  throw new ConfigError([
    `${folder}, where the control socket belongs, is not a folder of this user. Remove it, or choose another --home.`,
  ])
}

/** Whether somebody listens there. A socket that may not be opened is an error: its gateway must not be bypassed. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false)
      else if (error.code === 'EACCES' || error.code === 'EPERM') {
        reject(
          new ConfigError([
            `The gateway's control socket ${path} is another user's and may not be opened. Run this as that user.`,
          ]),
        )
      } else reject(new ConfigError([`The gateway's control socket ${path} does not answer (${error.message}).`]))
    })
  })
}
