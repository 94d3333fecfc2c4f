import { post, ReadStream } from '../proxy/client.ts'
import { caseOf, type StreamCase } from '../proxy/stream-cases.ts'
import { wholeCaseOf } from '../proxy/whole-answers.ts'
import type { ReceivedRequest } from '../support/scripted/received.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import type { ScriptedUpstream } from '../support/scripted-upstream.ts'

/** Where the load goes. */
export interface LoadTarget {
  readonly url: string
  readonly key: string
  readonly upstream: ScriptedUpstream
}

/** A stream that stands still in the middle of its frames. */
export interface HeldStream {
  readonly of: StreamCase
  readonly reading: ReadStream
  readonly request: ReceivedRequest
}

/** One route of each dialect. */
export const STREAMED: readonly StreamCase[] = [
  caseOf('ollama-chat'),
  caseOf('openai-chat'),
  caseOf('anthropic-messages'),
]

/** Opens `count` streams, the dialects in turn; resolves when each has its first line. */
export async function holdStreams({ url, key, upstream }: LoadTarget, count: number): Promise<readonly HeldStream[]> {
  const earlier = new Set(upstream.requests)
  const nextRequest = async (path: string) => {
    let request = await upstream.nextRequest(path)
    while (earlier.has(request)) request = await upstream.nextRequest(path)
    return request
  }
  return await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const of = STREAMED[at % STREAMED.length] as StreamCase
      upstream.behave([frames(2), hold, rest], { path: of.path })
      // Whichever of the requests of a route is taken here, all of them stand still.
      const [reading, request] = await Promise.all([ReadStream.open({ url, key, ...of }), nextRequest(of.path)])
      await reading.until((text) => text.includes('\n'))
      return { of, reading, request }
    }),
  )
}

/** Short requests, one after the other from each of a few clients, until it is disposed. */
export class Traffic implements AsyncDisposable {
  readonly #clients: readonly Promise<void>[]
  #isOver = false
  #served = 0
  #refused = 0

  constructor(target: LoadTarget, clients: number) {
    this.#clients = Array.from({ length: clients }, () => this.#ask(target))
  }

  /** Answered with 200. */
  get served(): number {
    return this.#served
  }

  /** Answered with an error. */
  get refused(): number {
    return this.#refused
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients)
  }

  async #ask({ url, key }: LoadTarget): Promise<void> {
    while (!this.#isOver) {
      const response = await post({ url, key, ...wholeCaseOf('openai'), path: '/v1/completions', body: COMPLETION })
      await response.arrayBuffer()
      if (response.status === 200) this.#served++
      else this.#refused++
    }
  }
}

const COMPLETION = { model: 'tiny', prompt: 'hi' }
