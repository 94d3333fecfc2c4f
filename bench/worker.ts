import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LoadCalls } from './load.ts'

/** The upstream's process. Disposing ends it. */
export interface UpstreamWorker extends Disposable {
  readonly port: number
}

export async function startUpstream(): Promise<UpstreamWorker> {
  const child = fork(join(import.meta.dirname, 'upstream.ts'))
  const { port } = await reply<{ port: number }>(child)
  return { port, [Symbol.dispose]: () => void child.kill() }
}

/** The load's process; one call at a time. Disposing ends it. */
export interface LoadWorker extends Disposable {
  call<K extends keyof LoadCalls>(name: K, args: Parameters<LoadCalls[K]>[0]): Promise<ReturnType<LoadCalls[K]>>
}

export function startLoad(): LoadWorker {
  const child = fork(join(import.meta.dirname, 'load.ts'))
  return {
    async call(name, args) {
      child.send({ name, args })
      const answer = await reply<{ result: ReturnType<LoadCalls[typeof name]> } | { error: string }>(child)
      if ('error' in answer) throw new Error(`${name}: ${answer.error}`)
      return answer.result
    },
    [Symbol.dispose]: () => void child.kill(),
  }
}

async function reply<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('a process of the bench ended on its own')
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: ended.signal }), exit])
    return message
  } finally {
    exit.catch(() => {})
    ended.abort()
  }
}
