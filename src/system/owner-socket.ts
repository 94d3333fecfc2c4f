import { lstatSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { ConfigError } from '../config/config-error.ts'
import { AskFailed, ask } from '../http-client/ask.ts'
import { controlSocketPath, type InstanceName } from './control-socket-path.ts'

const CONNECT_TIMEOUT_MS = 2_000

/** Whoever listens on the socket accepted, and then gave no whole answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /** It was silent for the whole time it had; else it ended. */
  readonly isSilent: boolean

  constructor(isSilent: boolean, cause: unknown) {
    super(isSilent ? 'no answer in time' : 'the process ended before it answered', { cause })
    this.isSilent = isSilent
  }
}

export interface OwnerSocketOptions {
  /** The state folder. */
  readonly home: string
  readonly name: InstanceName
  /** How long the process may stay silent before a call fails with `NoAnswer`. */
  readonly answerTimeoutMs: number
}

/** A way to a running process of this user, over the socket it takes commands on. */
export interface OwnerSocket {
  /** Asks for a path. Rejects with `NoAnswer`. */
  fetch(path: string, init: RequestInit): Promise<Response>
}

/**
 * Reaches the gateway of a state folder, or the agent of a profile; `undefined` when none runs there.
 * @throws ConfigError when the socket, or the folder it is in, is another user's.
 */
export async function openOwnerSocket(options: OwnerSocketOptions): Promise<OwnerSocket | undefined> {
  const { home, name, answerTimeoutMs } = options
  const path = controlSocketPath(home, process.platform, name)
  if (process.platform !== 'win32' && !path.startsWith(home)) refuseForeignFolder(dirname(path))
  if (!(await answers(path, name === 'gateway' ? 'gateway' : 'agent'))) return undefined
  return {
    async fetch(target, init) {
      try {
        const answer = await ask({
          url: `http://punku${target}`,
          socketPath: path,
          method: init.method,
          headers: (init.headers ?? {}) as Record<string, string>,
          body: (init.body ?? undefined) as string | undefined,
          timeoutMs: answerTimeoutMs,
          limits: 'silence',
        })
        const text = await answer.text()
        return new Response(text === '' ? null : text, {
          status: answer.status,
          ...(answer.type !== undefined && { headers: { 'content-type': answer.type } }),
        })
      } catch (cause) {
        throw new NoAnswer(cause instanceof AskFailed && cause.fault === 'late', cause)
      }
    },
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

/** Whether somebody listens there. A socket that may not be opened is an error: its process must not be bypassed. */
function answers(path: string, who: 'gateway' | 'agent'): Promise<boolean> {
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
            `The ${who}'s control socket ${path} is another user's and may not be opened. Run this as that user.`,
          ]),
        )
      } else reject(new ConfigError([`The ${who}'s control socket ${path} does not answer (${error.message}).`]))
    })
  })
}
