import type { ServerResponse } from 'node:http'
import type { Clock } from '../../core/clock.ts'
import type { DialectName } from '../../core/dialect-name.ts'
import type { PunkuError } from '../../core/error.ts'
import type { StreamForm } from '../../formats/format.ts'
import { type Answer, errorAnswer, isErrorBody, rewordedAnswer } from './answer.ts'
import { StreamWriter } from './stream-writer.ts'

/** Up to here head and body leave in one write. */
const MAX_JOINED_BYTES = 65_536

/**
 * A key in the path makes an answer something that a browser can be led to: it shares its host with the dashboard, and
 * must be no page there. Whatever it is, it runs nothing, and has an origin of its own.
 */
const NEVER_A_PAGE = ['x-content-type-options', 'nosniff', 'content-security-policy', "sandbox; default-src 'none'"]

/** A stream that has begun, as an error that comes later must know it. */
export interface BegunStream {
  readonly form: StreamForm
  /** Whether the bytes so far end where another frame may begin. */
  isBetweenFrames(): boolean
}

/** Hears whether the client keeps up with what is written. */
export interface Pace {
  /** The client takes bytes slower than they come. */
  onSlow(): void
  /** It has caught up. */
  onDrain(): void
}

/**
 * The client's end of one exchange, and the only thing that writes to it: a whole answer, a body in pieces, or an error
 * in the form that is still possible. Each exchange is answered once: `answer`, or `begin`, `write` … and `end`.
 */
export class Reply {
  readonly #res: ServerResponse
  readonly #requestId: string
  readonly #clock: Clock
  #commonHeaders: readonly string[] = []
  readonly #ownHeaders: string[] = []
  #writer: StreamWriter | undefined
  #stream: BegunStream | undefined
  #status = 0
  #bytes = 0

  constructor(res: ServerResponse, requestId: string, clock: Clock) {
    this.#res = res
    this.#requestId = requestId
    this.#clock = clock
  }

  /** The status that was sent; 0 before, and 499 where nobody was left to read one. */
  get status(): number {
    return this.#status
  }

  /** Bytes of the body so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** The stream that has begun; `undefined`: the answer is whole, or nothing was sent. */
  get stream(): BegunStream | undefined {
    return this.#stream
  }

  /** No body may follow the head of the answer. */
  get isHead(): boolean {
    return this.#res.req.method === 'HEAD'
  }

  get isClosed(): boolean {
    return this.#res.closed
  }

  /** The client is behind: what is written now would be held for it. */
  get isBehind(): boolean {
    return this.#res.writableNeedDrain
  }

  /** Flat header pairs for every answer of this exchange, beside its id: CORS. */
  alwaysSend(pairs: readonly string[]): void {
    this.#commonHeaders = pairs
  }

  /** A header for every answer of this exchange that begins from now on. */
  alsoSend(name: string, value: string): void {
    this.#ownHeaders.push(name, value)
  }

  /** The connection ends with this answer. */
  closeAfter(): void {
    this.#res.shouldKeepAlive = false
  }

  /** Calls `run` once the client has all of it, or is gone. */
  onClosed(run: () => void): void {
    this.#res.once('close', run)
  }

  /** Tells a client that asked first (`Expect: 100-continue`) to send its body. */
  inviteBody(): void {
    this.#res.writeContinue()
  }

  /** Sends a whole answer. */
  answer({ status, headers, body }: Answer): void {
    const res = this.#res
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    const head = this.#head(headers)
    const { isHead } = this
    // RFC 9110 §8.6: none in a 204, and to HEAD none but that of a GET, which the model server may not have told.
    if (status !== 204 && !(isHead && length === 0)) head.push('content-length', String(length))
    this.#status = status
    res.writeHead(status, head)
    if (isHead || length === 0) {
      res.end()
      return
    }
    this.#bytes += length
    if (typeof body !== 'string' && length > MAX_JOINED_BYTES) {
      res.end(body)
      return
    }
    // As text, Node puts it into the same write as the head. At the end of this turn of the loop, with all other answers
    // of it: sent one by one in between, each would wake the client's processor anew, which costs more than the answer.
    const text = typeof body === 'string' ? body : body.toString('latin1')
    this.#clock.turn(() => res.end(text, typeof body === 'string' ? 'utf8' : 'latin1'))
  }

  /** Sends a model server's own error, in the dialect's shape where it has another: `error` tells what it said. */
  pass(dialect: DialectName, error: PunkuError, own: Answer & { readonly body: Buffer }): void {
    const isReadable = this.isHead || isErrorBody(dialect, own.body)
    this.answer(isReadable ? own : rewordedAnswer(dialect, error, this.#requestId, own))
  }

  /** Sends the head of an answer whose body comes in pieces. `stream`: it is a stream of frames. */
  begin(status: number, headers: readonly string[], pace: Pace, stream?: BegunStream): void {
    const res = this.#res
    const head = this.#head(headers)
    if (stream !== undefined) head.push('cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no')
    this.#status = status
    this.#stream = stream
    res.writeHead(status, head)
    let isSlow = false
    this.#writer = new StreamWriter(res, this.#clock, () => {
      if (isSlow) return
      isSlow = true
      pace.onSlow()
      res.once('drain', () => {
        isSlow = false
        pace.onDrain()
      })
    })
    if (stream === undefined) return
    // The head waits for the first frame of the same turn, to leave in one packet, but never longer.
    this.#clock.turn(() => {
      if (!res.destroyed && this.#bytes === 0) res.flushHeaders()
    })
  }

  /** A piece of the body, which must not change any more. It leaves at the end of this turn. */
  write(bytes: Buffer): void {
    this.#bytes += bytes.length
    this.#writer?.write(bytes)
  }

  /** The body is whole. */
  end(): void {
    this.#writer?.end()
  }

  /**
   * Ends the reply with an error, in the form it still allows: a whole answer, the format's error inside a stream that
   * has begun, or else a cut connection, so that nothing broken ever looks complete.
   */
  refuse(dialect: DialectName, error: PunkuError): void {
    const res = this.#res
    if (res.destroyed || error.code === 'client_closed') {
      this.#status = error.status
    } else if (!res.headersSent) {
      this.answer(errorAnswer(dialect, error, this.#requestId))
    } else if (this.#stream !== undefined && error.code !== 'client_stalled') {
      const { form } = this.#stream
      this.write(Buffer.from(form.renderError(error, this.#requestId, this.#stream.isBetweenFrames())))
      this.end()
    } else {
      res.destroy()
    }
  }

  /** The two names under which SDKs look for the id of a request, OpenAI's and Anthropic's, and what all answers have. */
  #head(headers: readonly string[]): string[] {
    const head = ['x-request-id', this.#requestId, 'request-id', this.#requestId, ...NEVER_A_PAGE]
    for (const text of headers) head.push(text)
    for (const text of this.#commonHeaders) head.push(text)
    for (const text of this.#ownHeaders) head.push(text)
    return head
  }
}
