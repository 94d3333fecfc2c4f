import type { Duplex } from 'node:stream'
import type { Clock } from '../../core/clock.ts'

/** How long a connection is kept, when the gateway stops, for a request that is on its way. */
const LAST_REQUEST_MS = 500

/** How long a client has to read the end of its connection. */
export const LAST_READ_MS = 500

/**
 * The connections on which requests come. A client that sends while its connection is being closed learns neither
 * whether it was heard nor why it was not, so they are closed in an order: see `end`.
 */
export class Connections {
  readonly #clock: Clock
  readonly #open = new Set<Duplex>()
  /** What else comes on these is nobody's. */
  readonly #ending = new WeakSet<Duplex>()
  #whenNone: (() => void) | undefined

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock
  }

  add(connection: Duplex): void {
    this.#open.add(connection)
    connection.once('close', () => this.#remove(connection))
  }

  /** It has switched protocols: somebody else ends it. */
  handedOver(connection: Duplex): void {
    this.#remove(connection)
  }

  /** It has had its last answer. */
  ends(connection: Duplex): void {
    this.#ending.add(connection)
  }

  isEnding(connection: Duplex): boolean {
    return this.#ending.has(connection)
  }

  /**
   * Ends them once nobody has been answered on them for half a second, in which a request that was on its way can be
   * told so. Then those that are not busy are closed on this side alone, and read on: one that is closed under a client
   * that still sends is reset. Resolves when none is left, a second from now at the latest.
   */
  async end(isBusy: (connection: Duplex) => boolean): Promise<void> {
    await this.#noneWithin(LAST_REQUEST_MS)
    for (const connection of this.#open) {
      if (isBusy(connection)) continue
      this.ends(connection)
      connection.end()
    }
    await this.#noneWithin(LAST_READ_MS)
  }

  #remove(connection: Duplex): void {
    this.#open.delete(connection)
    if (this.#open.size === 0) this.#whenNone?.()
  }

  async #noneWithin(ms: number): Promise<void> {
    if (this.#open.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenNone = resolve
    using _limit = this.#clock.after(ms, resolve)
    await promise
  }
}
