import type { DialectName } from '../../core/dialect-name.ts'
import type { PunkuError } from '../../core/error.ts'
import type { StreamForm } from '../../formats/format.ts'
import type { ServerReply } from '../../http-server/server-reply.ts'
import { type Answer, errorAnswer, isErrorBody, rewordedAnswer } from './answer.ts'

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
  readonly #reply: ServerReply
  readonly #requestId: string
  #commonHeaders: readonly string[] = []
  readonly #ownHeaders: string[] = []
  #stream: BegunStream | undefined
  #status = 0
  #bytes = 0

  constructor(reply: ServerReply, requestId: string) {
    this.#reply = reply
    this.#requestId = requestId
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
    return this.#reply.isHead
  }

  get isClosed(): boolean {
    return this.#reply.isClosed
  }

  /** The client is behind: what is written now would be held for it. */
  get isBehind(): boolean {
    return this.#reply.isBehind
  }

  /** Flat header pairs for every answer of this exchange, beside its id: CORS. */
  alwaysSend(pairs: readonly string[]): void {
    this.#commonHeaders = pairs
  }

  /** A header for every answer of this exchange that begins from now on, in the place of one of that name. */
  alsoSend(name: string, value: string): void {
    const at = this.#ownHeaders.indexOf(name)
    if (at === -1) this.#ownHeaders.push(name, value)
    else this.#ownHeaders[at + 1] = value
  }

  /** The connection ends with this answer. */
  closeAfter(): void {
    this.#reply.closeAfter()
  }

  /** Calls `run` once the client has all of it, or is gone. */
  onClosed(run: () => void): void {
    this.#reply.onClosed(run)
  }

  /** Tells a client that asked first (`Expect: 100-continue`) to send its body. */
  inviteBody(): void {
    this.#reply.invite()
  }

  /** Sends a whole answer. */
  answer({ status, headers, body }: Answer): void {
    this.#status = status
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    if (!this.isHead) this.#bytes += bytes.length
    this.#reply.send(status, this.#head(headers), bytes)
  }

  /** Sends a model server's own error, in the dialect's shape where it has another: `error` tells what it said. */
  pass(dialect: DialectName, error: PunkuError, own: Answer & { readonly body: Buffer }): void {
    const isReadable = this.isHead || isErrorBody(dialect, own.body)
    this.answer(isReadable ? own : rewordedAnswer(dialect, error, this.#requestId, own))
  }

  /** Sends the head of an answer whose body comes in pieces. `stream`: it is a stream of frames. */
  begin(status: number, headers: readonly string[], pace: Pace, stream?: BegunStream): void {
    const head = this.#head(headers)
    if (stream !== undefined) head.push('cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no')
    this.#status = status
    this.#stream = stream
    this.#reply.onPace(
      () => pace.onSlow(),
      () => pace.onDrain(),
    )
    this.#reply.begin(status, head)
  }

  /** A piece of the body, which must not change any more. It leaves at the end of this turn. */
  write(bytes: Buffer): void {
    this.#bytes += bytes.length
    this.#reply.write(bytes)
  }

  /** The body is whole. */
  end(): void {
    this.#reply.end()
  }

  /**
   * Ends the reply with an error, in the form it still allows: a whole answer, the format's error inside a stream that
   * has begun, or else a cut connection, so that nothing broken ever looks complete.
   */
  refuse(dialect: DialectName, error: PunkuError): void {
    if (this.isClosed || error.code === 'client_closed') {
      this.#status = error.status
    } else if (!this.#reply.isBegun) {
      this.answer(errorAnswer(dialect, error, this.#requestId))
    } else if (this.#stream !== undefined && error.code !== 'client_stalled') {
      const { form } = this.#stream
      this.write(Buffer.from(form.renderError(error, this.#requestId, this.#stream.isBetweenFrames())))
      this.end()
    } else {
      this.#reply.destroy()
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
