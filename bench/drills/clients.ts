import { Agent, type IncomingMessage, request } from 'node:http'
import type { Target } from '../load-requests.ts'

/** What the official SDKs ask again where the answer does not say: by status. */
const RETRIED = (status: number) => status === 408 || status === 409 || status === 429 || status >= 500
const SMALL = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Hi' }] })

export interface ClientsOptions extends Target {
  /** Streams at a time; each is followed by the next. */
  readonly streams: number
  /** Tokens of one stream, a token each 20 ms. */
  readonly tokens: number
  /** Small requests that each of four clients sends, one after the other, milliseconds apart. */
  readonly everyMs: number
}

/** What the clients of a drill have seen. */
export interface Seen {
  streams: { whole: number; broken: number }
  requests: { answered: number; refused: number }
  /** What was refused or broke, by what it said, and whether an SDK asks it again. */
  faults: Map<string, number>
  /** Of those that no SDK asks again. */
  lost: number
  /** Of small requests that were answered, milliseconds. */
  tookMs: number[]
}

/** Clients that go on until they are stopped: streams whose every token is checked, and small requests beside them. */
export class Clients {
  readonly seen: Seen = {
    streams: { whole: 0, broken: 0 },
    requests: { answered: 0, refused: 0 },
    faults: new Map(),
    lost: 0,
    tookMs: [],
  }
  readonly #options: ClientsOptions
  readonly #agent = new Agent({ keepAlive: true })
  readonly #running: Promise<void>[] = []
  #isOver = false

  constructor(options: ClientsOptions) {
    this.#options = options
    for (let count = 0; count < options.streams; count++) this.#running.push(this.#streamOn())
    for (let count = 0; count < 4; count++) this.#running.push(this.#askOn())
  }

  /** Begins nothing more; resolves when what runs has ended. */
  async stop(): Promise<Seen> {
    this.#isOver = true
    await Promise.all(this.#running)
    this.#agent.destroy()
    return this.seen
  }

  async #streamOn(): Promise<void> {
    const { tokens } = this.#options
    const body = JSON.stringify({ ...JSON.parse(SMALL), stream: true, max_tokens: tokens, seed: 20 })
    while (!this.#isOver) {
      const fault = await this.#stream(body, tokens)
      if (fault === undefined) this.seen.streams.whole++
      else if (fault.startsWith('stream')) {
        this.seen.streams.broken++
        this.#count(fault, false)
      }
      if (fault !== undefined) await pause(100)
    }
  }

  /** What went wrong; a refusal is counted already, and begins with what refused. */
  async #stream(body: string, tokens: number): Promise<string | undefined> {
    const res = await this.#send(body)
    if (typeof res === 'string') return res
    let text = ''
    try {
      for await (const chunk of res) text += chunk
    } catch (error) {
      return `stream broke off: ${codeOf(error)}`
    }
    const numbers = [...text.matchAll(/"content":" (\d+)"/g)].map(([, number]) => Number(number))
    const isInOrder = numbers.length === tokens && numbers.every((number, index) => number === index)
    if (isInOrder && text.trimEnd().endsWith('data: [DONE]')) return undefined
    const [, said] = /"message":"([^"]{0,80})/.exec(text) ?? []
    return `stream is not whole: ${numbers.length} of ${tokens} tokens${said === undefined ? '' : `, ${said}`}`
  }

  async #askOn(): Promise<void> {
    while (!this.#isOver) {
      const startedAtMs = performance.now()
      const res = await this.#send(SMALL)
      if (typeof res !== 'string') {
        for await (const _chunk of res);
        this.seen.requests.answered++
        this.seen.tookMs.push(performance.now() - startedAtMs)
      }
      await pause(this.#options.everyMs)
    }
  }

  /** The answer where it is 200; else why it is not. */
  async #send(body: string): Promise<IncomingMessage | string> {
    const { port, key } = this.#options
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const path = '/v1/chat/completions'
    const { promise, resolve } = Promise.withResolvers<IncomingMessage | string>()
    const req = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: this.#agent }, (res) => {
      if (res.statusCode === 200) return void resolve(res)
      res.resume()
      const says = res.headers['x-should-retry']
      const isRetried = says === undefined ? RETRIED(res.statusCode ?? 0) : says === 'true'
      resolve(this.#refused(`${res.statusCode} ${res.headers['retry-after'] ?? '-'}`, isRetried))
    })
    // Both SDKs ask again whatever never got an answer.
    req.once('error', (error) => resolve(this.#refused(codeOf(error), true)))
    req.end(body)
    return await promise
  }

  #refused(what: string, isRetried: boolean): string {
    this.seen.requests.refused++
    this.#count(what, isRetried)
    return what
  }

  #count(what: string, isRetried: boolean): void {
    const text = `${what} (${isRetried ? 'asked again' : 'lost'})`
    this.seen.faults.set(text, (this.seen.faults.get(text) ?? 0) + 1)
    if (!isRetried) this.seen.lost++
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
