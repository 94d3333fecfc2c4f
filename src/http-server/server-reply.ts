import type { Socket } from 'node:net'
import { hasNoBody } from '../http/message-syntax.ts'
import { renderHead } from './reply-head.ts'
import type { ServerRequest } from './server-request.ts'

/** What is no larger leaves in one buffer; larger pieces are gathered by the system instead of copied. */
const MAX_JOINED_BYTES = 65_536

const LINE_END = '\r\n'
const LAST_CHUNK = '0\r\n\r\n'
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')

/**
 * The reply to one request, written once: `send`, or `begin`, `write` … and `end`. What is written in one turn of the
 * event loop leaves at its end, in one piece, and of a body without a length as one chunk (RFC 9112 §7.1).
 */
export class ServerReply {
  readonly #request: ServerRequest
  #staysOpen: boolean
  /** The head, until it is sent. */
  #head: string | undefined
  #parts: Buffer[] = []
  #partBytes = 0
  #isBegun = false
  /** Whatever is written, its reader takes what comes behind the head for the next reply (RFC 9112 §6.3). */
  #isBodiless = false
  #isChunked = false
  #isEnded = false
  #isLastSent = false
  #isClosed = false
  #isFlushing = false
  #isSlow = false
  #isForeign = false
  #isInvited = false
  #closed: (() => void)[] = []
  #slow: (() => void) | undefined
  #drained: (() => void) | undefined

  constructor(request: ServerRequest) {
    this.#request = request
    this.#staysOpen = request.head.staysOpen && request.head.framing !== 'unclear'
  }

  /** Its head is decided: another cannot be sent any more. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  /** The client has all of it, or is gone. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Somebody else writes it. */
  get isForeign(): boolean {
    return this.#isForeign
  }

  /** The connection takes another request after it. */
  get staysOpen(): boolean {
    return this.#staysOpen
  }

  /** No body may follow its head. */
  get isHead(): boolean {
    return this.#request.method === 'HEAD'
  }

  /** The client is behind: what is written now would be held for it. */
  get isBehind(): boolean {
    return this.#isSlow
  }

  /** Whoever writes is told that the client takes bytes slower than they come, and then that it has caught up. */
  onPace(slow: () => void, drained: () => void): void {
    this.#slow = slow
    this.#drained = drained
  }

  /** Calls `run` once the client has all of it, or is gone. */
  onClosed(run: () => void): void {
    this.#closed.push(run)
  }

  /** The connection ends with this reply, unless it has been told that it stays. */
  closeAfter(): void {
    if (!this.#isBegun || this.#isForeign) this.#staysOpen = false
  }

  /** Tells the client to send its body (RFC 9110 §10.1.1). */
  invite(): void {
    if (this.#isBegun || this.#isClosed) return
    this.#isInvited = true
    this.#request.socket.write(CONTINUE)
  }

  /** Sends a whole reply. `headers`: name, value …; the length is added. `body` is left out where none may follow. */
  send(status: number, headers: readonly string[], body: Buffer | string): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    // RFC 9110 §8.6: none in a 204, and to HEAD or in a 304 none but that of a GET, which may not be known.
    const isTold = !hasNoBody(status) && !(this.isHead && bytes.length === 0)
    this.#begin(status, headers, isTold ? `content-length: ${bytes.length}\r\n` : '')
    if (!this.#isBodiless && bytes.length > 0) {
      this.#parts.push(bytes)
      this.#partBytes += bytes.length
    }
    this.end()
  }

  /**
   * Sends the head of a reply whose body comes in pieces.
   * @param bodyBytes how many bytes will be written, to the byte. Default: nobody knows
   */
  begin(status: number, headers: readonly string[], bodyBytes?: number): void {
    if (bodyBytes !== undefined) {
      this.#begin(status, headers, hasNoBody(status) ? '' : `content-length: ${bodyBytes}\r\n`)
      this.#flushLater()
      return
    }
    this.#isChunked = this.#request.version === '1.1'
    // RFC 9112 §6.3: to HTTP/1.0 a body without a length ends with the connection.
    if (!this.#isChunked) this.#staysOpen = false
    const isFramed = this.#isChunked && !hasNoBody(status)
    this.#begin(status, headers, isFramed ? 'transfer-encoding: chunked\r\n' : '')
    this.#flushLater()
  }

  /** A piece of the body, which must not change any more. */
  write(bytes: Buffer): void {
    if (bytes.length === 0 || this.#isBodiless || this.#isEnded || this.#isClosed) return
    this.#parts.push(bytes)
    this.#partBytes += bytes.length
    this.#flushLater()
  }

  /** The body is whole. */
  end(): void {
    if (this.#isEnded || this.#isClosed) return
    this.#isEnded = true
    // Whoever reads a stream has waited for it piece by piece, and waits for nothing any more.
    if (this.#head === undefined) this.flush()
    else this.#flushLater()
  }

  /** Cuts the connection, so that nothing broken looks complete. */
  destroy(): void {
    this.#request.connection.destroy()
  }

  /** Somebody else writes it, straight to the connection; `drained` is called whenever that has room again. */
  leaveTo(drained: () => void): void {
    this.#isForeign = true
    this.#isBegun = true
    this.#drained = drained
  }

  /** Whoever it was left to has written all of it. */
  endedElsewhere(): void {
    this.#sent()
  }

  /** For the connection: the system has room again. */
  drained(): void {
    if (!this.#isSlow && !this.#isForeign) return
    this.#isSlow = false
    if (!this.#isClosed) this.#drained?.()
  }

  /** For the connection: it is closed. Also the end of a reply that somebody else wrote. */
  gone(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#parts = []
    const closed = this.#closed
    this.#closed = []
    for (const run of closed) run()
  }

  /** For the turn's end. */
  flush(): void {
    this.#isFlushing = false
    if (this.#isClosed || this.#isLastSent) return
    const { socket } = this.#request
    const head = this.#head ?? ''
    this.#head = undefined
    const parts = this.#parts
    const bytes = this.#partBytes
    this.#parts = []
    this.#partBytes = 0
    const isFramed = this.#isChunked && !this.#isBodiless
    const before = isFramed && bytes > 0 ? head + bytes.toString(16) + LINE_END : head
    const after = isFramed ? (bytes > 0 ? LINE_END : '') + (this.#isEnded ? LAST_CHUNK : '') : ''
    this.#isLastSent = this.#isEnded
    // The end of a body that ends with its connection is nothing, behind all that still waits for the client.
    if (before.length + bytes + after.length === 0 && !this.#isEnded) return
    const sent = this.#isEnded ? this.#sent : undefined
    const isFast =
      bytes > MAX_JOINED_BYTES
        ? writeGathered(socket, before, parts, after, sent)
        : socket.write(joined(before, parts, bytes, after), sent)
    if (isFast || this.#isSlow) return
    this.#isSlow = true
    if (!this.#isEnded) this.#slow?.()
  }

  #begin(status: number, headers: readonly string[], framing: string): void {
    if (this.#isBegun) throw new TypeError('the reply has begun already')
    this.#isBegun = true
    this.#isBodiless = this.isHead || hasNoBody(status)
    if (this.#mayKeepItsBody()) this.#staysOpen = false
    this.#head = renderHead(status, headers) + framing + this.#request.connection.headEnd(this.#staysOpen)
  }

  /**
   * Whether the client asked first, was not told to go on, and so may send its body or not: what comes next could be either
   * that or another request, which two readers would see in two ways.
   */
  #mayKeepItsBody(): boolean {
    const { isComplete, headers } = this.#request
    return !isComplete && !this.#isInvited && headers.get('expect') !== undefined
  }

  #flushLater(): void {
    if (this.#isFlushing || this.#isClosed) return
    this.#isFlushing = true
    this.#request.connection.flushes.add(this)
  }

  readonly #sent = (error?: Error | null): void => {
    // A connection that broke under it closes, which is told by itself.
    if (error || this.#isClosed) return
    this.gone()
    this.#request.connection.replied(this.#request)
  }
}

function joined(before: string, parts: readonly Buffer[], bytes: number, after: string): Buffer {
  if (before === '' && after === '' && parts.length === 1) return parts[0] as Buffer
  const whole = Buffer.allocUnsafe(before.length + bytes + after.length)
  let at = whole.write(before, 0, 'latin1')
  for (const part of parts) at += part.copy(whole, at)
  if (after !== '') whole.write(after, at, 'latin1')
  return whole
}

function writeGathered(
  socket: Socket,
  before: string,
  parts: readonly Buffer[],
  after: string,
  sent: ((error?: Error | null) => void) | undefined,
): boolean {
  socket.cork()
  if (before !== '') socket.write(before, 'latin1')
  let isFast = true
  const last = after === '' ? parts.length - 1 : -1
  for (let at = 0; at < parts.length; at++) isFast = socket.write(parts[at] as Buffer, at === last ? sent : undefined)
  if (after !== '') isFast = socket.write(after, 'latin1', sent)
  socket.uncork()
  return isFast
}
