import { Readable } from 'node:stream'

/**
 * A request body on its way from a stream of the tunnel to the model server. It holds what the other side had credit
 * for, and gives credit back only as the server's connection takes the bytes.
 */
export class BodyFeed extends Readable {
  readonly #onTaken: (bytes: number) => void
  readonly #waiting: Buffer[] = []
  #isEnded = false
  #isWanted = false

  /** @param onTaken called with the length of each chunk as it leaves for the model server, or is dropped */
  constructor(onTaken: (bytes: number) => void) {
    // No read-ahead: a chunk in a buffer of Node's own would count as taken.
    super({ highWaterMark: 0 })
    this.#onTaken = onTaken
  }

  /** The next piece of the body; after the feed was destroyed it must not be called. */
  add(chunk: Buffer): void {
    this.#waiting.push(chunk)
    if (this.#isWanted) this.#give()
  }

  /** The body is whole. */
  finish(): void {
    this.#isEnded = true
    if (this.#isWanted) this.#give()
  }

  override _read(): void {
    this.#isWanted = true
    this.#give()
  }

  /** What still waits is for nobody: its credit goes back, so that the other side can get to its end. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    for (const chunk of this.#waiting.splice(0)) this.#onTaken(chunk.length)
    callback(error)
  }

  #give(): void {
    const chunk = this.#waiting.shift()
    if (chunk !== undefined) {
      this.#isWanted = false
      this.push(chunk)
      this.#onTaken(chunk.length)
    } else if (this.#isEnded) {
      this.#isWanted = false
      this.push(null)
    }
  }
}
