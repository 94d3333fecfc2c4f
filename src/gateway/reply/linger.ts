import type { IncomingMessage } from 'node:http'
import type { IdleWatch, Watched } from './idle-watch.ts'

/** How long a client may go on sending a body that was already answered. */
const LINGER_MS = 10_000

/** How much of such a body is read and thrown away. */
const LINGER_BYTES = 256 * 1_024 * 1_024

/**
 * A connection whose request was answered before its body was whole. Closing it at once would reset it and lose the
 * answer on its way; reading on for ever would be a gift to whoever sends. So: a bounded while, then it is destroyed.
 */
export class Linger implements Watched {
  dueAt = 0
  watchPlace = -1
  readonly #req: IncomingMessage
  readonly #watch: IdleWatch
  readonly #endsAt: number
  readonly #endsAtBytes: number

  constructor(req: IncomingMessage, watch: IdleWatch) {
    this.#req = req
    this.#watch = watch
    this.#endsAt = watch.now + LINGER_MS
    this.#endsAtBytes = req.socket.bytesRead + LINGER_BYTES
    watch.add(this)
    // A body that was refused half way is paused, and many clients read no answer before they have sent it all.
    req.resume()
    // Most such bodies are whole a moment later, and a flood of them must not wait here for the next tick.
    req.once('close', () => watch.remove(this))
  }

  onDue(now: number): void {
    const { complete, socket } = this.#req
    const isSpent = now >= this.#endsAt || socket.bytesRead >= this.#endsAtBytes
    if (!complete && !socket.destroyed && !isSpent) return
    this.#watch.remove(this)
    if (!complete) socket.destroy()
  }
}
