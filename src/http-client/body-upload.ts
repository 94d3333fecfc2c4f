import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { UpstreamFailure } from '../core/upstream-failure.ts'
import type { StreamedBody } from './outgoing-request.ts'

export interface BodyUploadOptions {
  readonly body: StreamedBody
  readonly socket: Socket
  readonly clock: Pick<Clock, 'turn'>
  /** The body ended early, ran over its length or failed itself. Called once at most; the request can't be saved. */
  readonly onFailed: (error: Error) => void
}

/** Writes one streamed request body to a socket, no faster than the socket takes it. */
export class BodyUpload {
  readonly #body: StreamedBody
  readonly #socket: Socket
  readonly #clock: Pick<Clock, 'turn'>
  readonly #onFailed: (error: Error) => void
  #sentBytes = 0
  #isCorked = false
  #state: 'sending' | 'done' | 'stopped' = 'sending'

  constructor(options: BodyUploadOptions) {
    this.#body = options.body
    this.#socket = options.socket
    this.#clock = options.clock
    this.#onFailed = options.onFailed
  }

  /** Every byte has been given to the socket. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  start(): void {
    const { source } = this.#body
    if (source.destroyed || source.readableEnded) {
      this.#fail(source.errored ?? new UpstreamFailure('aborted', 'the request body was already at its end'))
      return
    }
    source.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
  }

  /** The socket has room again. */
  resume(): void {
    if (this.#state === 'sending') this.#body.source.resume()
  }

  /** Reads no more of the body. A body that is the caller's is left as it is, for the caller to end. */
  stop(): void {
    const { source, isOwned } = this.#body
    source.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    // The listener for errors stays: one that comes late is nobody's any more and must not end the process.
    if (this.#state !== 'sending') return
    this.#state = 'stopped'
    if (isOwned) source.destroy()
    else source.pause()
  }

  readonly #onData = (piece: Buffer | string): void => {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece
    // An empty chunk would be the end of a chunked body.
    if (chunk.length === 0) return
    this.#sentBytes += chunk.length
    const { length, source } = this.#body
    if (length !== undefined && this.#sentBytes > length) {
      this.#fail(new UpstreamFailure('aborted', 'the request body is longer than its Content-Length'))
      return
    }
    this.#cork()
    if (!(length === undefined ? this.#writeChunk(chunk) : this.#socket.write(chunk))) source.pause()
  }

  readonly #onEnd = (): void => {
    const { length } = this.#body
    if (length !== undefined && this.#sentBytes !== length) {
      this.#fail(new UpstreamFailure('aborted', 'the request body is shorter than its Content-Length'))
      return
    }
    if (length === undefined) this.#socket.write('0\r\n\r\n', 'latin1')
    this.#state = 'done'
    this.stop()
  }

  readonly #onClose = (): void => this.#fail(new UpstreamFailure('aborted', 'the request body ended early'))

  readonly #onError = (error: Error): void => this.#fail(error)

  /** What comes in one turn of the loop leaves in one write (decision 0010). */
  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#socket.cork()
    this.#clock.turn(() => {
      this.#isCorked = false
      this.#socket.uncork()
    })
  }

  #writeChunk(chunk: Buffer): boolean {
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
    this.#socket.write(chunk)
    return this.#socket.write('\r\n', 'latin1')
  }

  #fail(error: Error): void {
    if (this.#state !== 'sending') return
    this.stop()
    this.#onFailed(error)
  }
}
