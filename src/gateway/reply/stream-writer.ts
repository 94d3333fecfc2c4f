import type { ServerResponse } from 'node:http'
import type { Clock } from '../../core/clock.ts'

const LINE_END = '\r\n'
const LAST_CHUNK = '0\r\n\r\n'

/**
 * Writes the body of a streamed response. Node frames a chunk in four pieces, which cost more than the token they
 * carry; here all bytes of one turn of the event loop leave as one buffer (RFC 9112 §7.1), at the end of that turn:
 * sent one by one in between, each would wake the client's processor anew. Made once the head is written.
 */
export class StreamWriter {
  readonly #res: ServerResponse
  /** False for a client of HTTP/1.0, whose body ends with the connection. */
  readonly #isChunked: boolean
  readonly #clock: Clock
  readonly #onSlow: () => void
  #held: Buffer[] = []

  /** `onSlow`: the client takes bytes slower than they come; called once until the response's next `drain`. */
  constructor(res: ServerResponse, clock: Clock, onSlow: () => void) {
    this.#res = res
    this.#clock = clock
    this.#isChunked = res.chunkedEncoding
    this.#onSlow = onSlow
    res.chunkedEncoding = false
  }

  /** Sends bytes, which must not change any more, at the end of this turn. */
  write(bytes: Buffer): void {
    if (bytes.length > 0 && this.#held.push(bytes) === 1) this.#clock.turn(this.#flush)
  }

  /** Sends what is held and ends the response. */
  end(): void {
    this.#flush()
    this.#res.end(this.#isChunked ? LAST_CHUNK : undefined, 'latin1')
  }

  readonly #flush = (): void => {
    const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held)
    this.#held = []
    if (bytes.length === 0 || this.#res.writableEnded || this.#res.destroyed) return
    const isFast = this.#res.write(this.#isChunked ? frame(bytes) : bytes)
    if (!isFast) this.#onSlow()
  }
}

function frame(bytes: Buffer): Buffer {
  const size = bytes.length.toString(16) + LINE_END
  const framed = Buffer.allocUnsafe(size.length + bytes.length + LINE_END.length)
  framed.write(size, 0, 'latin1')
  bytes.copy(framed, size.length)
  framed[framed.length - 2] = 0x0d
  framed[framed.length - 1] = 0x0a
  return framed
}
