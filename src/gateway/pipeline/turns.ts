import type { Duplex } from 'node:stream'

/**
 * Whose turn it is on each connection. A client may send requests ahead; they are answered one after the other, since
 * each would otherwise be work that nobody reads.
 */
export class Turns<Request> {
  readonly #queues = new WeakMap<Duplex, Request[]>()

  /** How many are on the connection once this one has come: 1 means that it is its turn. */
  enter(connection: Duplex, request: Request): number {
    const queue = this.#queues.get(connection)
    if (queue !== undefined) return queue.push(request)
    this.#queues.set(connection, [request])
    return 1
  }

  /** The request is over; whose turn it is then, if it was this one's. One that is not there changes nothing. */
  leave(connection: Duplex, request: Request): Request | undefined {
    const queue = this.#queues.get(connection)
    const place = queue?.indexOf(request) ?? -1
    if (queue === undefined || place === -1) return undefined
    queue.splice(place, 1)
    return place === 0 ? queue[0] : undefined
  }

  /** Whose turn it is; `undefined`: nobody's. */
  current(connection: Duplex): Request | undefined {
    return this.#queues.get(connection)?.[0]
  }

  /** Who came last of those that are there; `undefined`: nobody is. */
  last(connection: Duplex): Request | undefined {
    return this.#queues.get(connection)?.at(-1)
  }
}
