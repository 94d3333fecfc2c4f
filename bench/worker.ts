import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { BulkCalls } from './bulk.ts'
import type { IdleLinkCalls } from './idle-links.ts'
import type { LoadCalls } from './load.ts'
import type { Calls } from './worker-calls.ts'

/** The upstream's process. Disposing ends it. */
export interface UpstreamWorker extends Disposable {
  readonly port: number
}

/** @param kind the model server that it is like. Default: one with every route of the bench */
export async function startUpstream(kind: 'ollama' | 'llama-server' = 'ollama'): Promise<UpstreamWorker> {
  const child = fork(join(import.meta.dirname, 'upstream.ts'), [kind])
  const { port } = await reply<{ port: number }>(child)
  return { port, [Symbol.dispose]: () => void child.kill() }
}

/** A process that does what it is told, one call at a time. Disposing ends it. */
export interface Worker<T extends Calls<T>> extends Disposable {
  call<K extends keyof T>(name: K, args: Parameters<T[K]>[0]): Promise<ReturnType<T[K]>>
}

export type LoadWorker = Worker<LoadCalls>

/** Clients with small requests and streams. */
export const startLoad = (): LoadWorker => startWorker<LoadCalls>('load.ts')
/** A client with large bodies, apart from the others so that it does not disturb what they measure. */
export const startBulk = (): Worker<BulkCalls> => startWorker<BulkCalls>('bulk.ts')
/** The agents' side of many links. */
export const startIdleLinks = (): Worker<IdleLinkCalls> => startWorker<IdleLinkCalls>('idle-links.ts')

function startWorker<T extends Calls<T>>(file: string): Worker<T> {
  const child = fork(join(import.meta.dirname, file))
  return {
    async call<K extends keyof T>(name: K, args: Parameters<T[K]>[0]) {
      child.send({ name, args })
      const answer = await reply<{ result: ReturnType<T[K]> } | { error: string }>(child)
      if ('error' in answer) throw new Error(`${String(name)}: ${answer.error}`)
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
