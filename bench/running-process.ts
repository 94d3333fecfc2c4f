import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

const START_LIMIT_MS = 60_000
const START_POLL_MS = 30
/** What is kept of a process's error stream, characters: enough to see why it did not come up. */
const COMPLAINTS_LENGTH = 2_000

export interface ProcessOptions {
  /** For messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Over the bench's own. */
  readonly env?: Readonly<Record<string, string>>
  /** What ends it, its workers included. Default: SIGKILL. */
  readonly endSignal?: NodeJS.Signals
}

/** A process that the bench has started. Disposing it ends it. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number
  /** Ends it; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Resolves when `isUp` gives true. Ends the process and rejects when it ends before, or takes longer than a minute. */
  until(isUp: () => Promise<boolean>, pollMs?: number): Promise<void>
}

export function startProcess({ name, command, args, env, endSignal = 'SIGKILL' }: ProcessOptions): RunningProcess {
  const options: SpawnOptions = { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] }
  const child = spawn(command, args, options)
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-COMPLAINTS_LENGTH)
  })
  const exited = once(child, 'exit')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = async (signal = endSignal) => {
    if (!hasEnded()) child.kill(signal)
    await exited
  }
  return {
    pid: child.pid ?? 0,
    stop,
    async until(isUp, pollMs = START_POLL_MS) {
      const startedAtMs = performance.now()
      while (!(await isUp())) {
        if (hasEnded() || performance.now() - startedAtMs > START_LIMIT_MS) {
          await stop('SIGKILL')
          throw new Error(`${name} did not come up: ${complaints}`)
        }
        await delay(pollMs)
      }
    },
    [Symbol.asyncDispose]: () => stop(),
  }
}

/** The status of a small chat request; `undefined` when there was no answer. */
export async function requestStatus(port: number, key: string): Promise<number | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Hello.' }] }),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return undefined
  }
}
