import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { type Clock, systemClock } from '../core/clock.ts'

/** One request with a short body. It follows no redirect, and goes by no proxy unless `agent` does. */
export interface Question {
  readonly url: string | URL
  /** Default: GET. */
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** The way there. Default: a connection of its own. */
  readonly agent?: Agent
  /** Where to connect in place of the URL's host and port: a Unix socket, or a named pipe. */
  readonly socketPath?: string
  /** Any certificate will do. Only for what carries no secret and believes no answer. Default: false. */
  readonly trustsAnyone?: boolean
  readonly timeoutMs: number
  /**
   * What may take `timeoutMs`:
   * - `head`: all until the answer's head is there; its body may take for ever
   * - `whole`: all until the body has ended
   * - `silence`: each wait, for the head and for the next piece of the body
   */
  readonly limits: 'head' | 'whole' | 'silence'
  /** Default: the system's. */
  readonly clock?: Clock
  /** Gives up, for as long as `timeoutMs` counts. */
  readonly signal?: AbortSignal | undefined
}

/** An answer whose head is there. Disposing it closes the connection; one that was read to its end is closed. */
export interface SmallAnswer extends Disposable {
  readonly status: number
  /** The `content-type`. */
  readonly type: string | undefined
  /** The `retry-after`. */
  readonly retryAfter: string | undefined
  /** The `date`: what the other side takes for the time. */
  readonly date: string | undefined
  /**
   * The body, decoded as UTF-8.
   * @param maxBytes a longer one is not read any further. Default: no limit
   * @throws AskFailed when it does not come whole.
   */
  text(maxBytes?: number): Promise<string>
  /** Whether it has a header of that name, in lower case. */
  has(header: string): boolean
  /** The answer as `fetch` gives it: its body comes as it is read. */
  toResponse(): Response
}

/**
 * Why there was no answer, or no whole one.
 * - `late`: the time was over.
 * - `abandoned`: the signal said so.
 * - `too-long`: its body was longer than asked for.
 * - `broken`: no connection, or one that ended too early; `cause` says more.
 */
export type AskFault = 'late' | 'abandoned' | 'too-long' | 'broken'

/** A question got no whole answer. The message is not for people. */
export class AskFailed extends Error {
  override readonly name = 'AskFailed'
  readonly fault: AskFault

  constructor(fault: AskFault, cause?: unknown) {
    super(`no whole answer: ${fault}`, { cause })
    this.fault = fault
  }
}

/**
 * Asks an HTTP server: for the few requests that the product makes for itself. What clients ask of model servers goes
 * through `HttpDispatcher`.
 * @throws AskFailed when no answer begins.
 */
export async function ask(question: Question): Promise<SmallAnswer> {
  const patience = new Patience(question)
  try {
    const response = await send(question, patience)
    if (question.limits === 'head') patience[Symbol.dispose]()
    else response.once('close', () => patience[Symbol.dispose]())
    return {
      status: response.statusCode ?? 0,
      type: response.headers['content-type'],
      retryAfter: response.headers['retry-after'],
      date: response.headers.date,
      text: (maxBytes) => textOf(response, patience, maxBytes),
      has: (header) => response.headers[header] !== undefined,
      toResponse: () => responseOf(response),
      [Symbol.dispose]: () => void response.destroy(),
    }
  } catch (thrown) {
    patience[Symbol.dispose]()
    throw patience.failure ?? new AskFailed('broken', thrown)
  }
}

async function send(question: Question, patience: Patience): Promise<IncomingMessage> {
  const { url, method = 'GET', headers = {}, body, agent, socketPath, trustsAnyone = false } = question
  const isTls = new URL(url).protocol === 'https:'
  // Loaded where it is needed: TLS takes megabytes, and most commands ask over a socket. Not imported: that reads all that
  // the module has, and with it loads the whole of Node's `fetch`.
  const { request } = isTls ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http')
  return await new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      headers,
      agent: agent ?? false,
      ...(socketPath !== undefined && { socketPath }),
      ...(trustsAnyone && { rejectUnauthorized: false }),
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      patience.watch(response)
      resolve(response)
    })
    // To another protocol, which nobody asked for: no answer comes then.
    sent.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new Error('the server switched to another protocol'))
    })
    sent.on('close', () => reject(new Error('the connection was closed before an answer')))
    sent.end(body)
    patience.watch(sent)
  })
}

async function textOf(response: IncomingMessage, patience: Patience, maxBytes = Number.POSITIVE_INFINITY) {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      patience.onPiece()
      bytes += chunk.length
      if (bytes > maxBytes) patience.end('too-long')
      chunks.push(chunk)
    }
  } catch (thrown) {
    throw patience.failure ?? new AskFailed('broken', thrown)
  }
  return Buffer.concat(chunks).toString()
}

function responseOf(response: IncomingMessage): Response {
  const status = response.statusCode ?? 0
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headersDistinct)) {
    for (const text of value ?? []) headers.append(name, text)
  }
  const hasBody = status !== 204 && status !== 304
  if (!hasBody) response.resume()
  return new Response(hasBody ? (Readable.toWeb(response) as ReadableStream) : null, { status, headers })
}

/** How long an answer is waited for. */
class Patience implements Disposable {
  /** Why it came to its end. */
  failure: AskFailed | undefined
  readonly #question: Question
  #timer: Disposable
  #watched: ClientRequest | IncomingMessage | undefined

  constructor(question: Question) {
    this.#question = question
    this.#timer = this.#start()
    question.signal?.addEventListener('abort', this.#onAbort)
    if (question.signal?.aborted === true) this.end('abandoned')
  }

  /** What is destroyed at its end. */
  watch(watched: ClientRequest | IncomingMessage): void {
    this.#watched = watched
    if (this.failure === undefined) this.onPiece()
    else watched.destroy(this.failure)
  }

  onPiece(): void {
    if (this.#question.limits !== 'silence') return
    this.#timer[Symbol.dispose]()
    this.#timer = this.#start()
  }

  end(fault: AskFault): void {
    this.failure ??= new AskFailed(fault)
    this[Symbol.dispose]()
    this.#watched?.destroy(this.failure)
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#question.signal?.removeEventListener('abort', this.#onAbort)
  }

  #start(): Disposable {
    const { timeoutMs, clock = systemClock } = this.#question
    return clock.after(timeoutMs, () => this.end('late'))
  }

  readonly #onAbort = (): void => this.end('abandoned')
}
