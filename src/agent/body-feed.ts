import { Readable } from 'node:stream'
import { HeldData } from '../tunnel/http/held-data.ts'

/**
 * A request body on its way from a stream of the tunnel to the model server. It holds what the other side had credit
 * for, and gives credit back only as the server's connection takes the bytes.
 */
export class BodyFeed extends Readable {
  readonly #onTaken: (bytes: number) => void
  readonly #held = new HeldData()
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
    if (this.#isWanted) this.#pass(chunk)
    else this.#held.add(chunk)
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
    for (let chunk = this.#held.take(); chunk !== undefined; chunk = this.#held.take()) this.#onTaken(chunk.length)
    callback(error)
  }

  #give(): void {
    const chunk = this.#held.take()
    if (chunk !== undefined) {
      this.#pass(chunk)
    } else if (this.#isEnded) {
      this.#isWanted = false
      this.push(null)
    }
  }

  #pass(chunk: Buffer): void {
    this.#isWanted = false
    this.push(chunk)
    this.#onTaken(chunk.length)
  }
}
