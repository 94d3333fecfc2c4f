import type { Socket } from 'node:net'

interface Reserved {
  readonly socket: Socket
  /** A request has come on it. */
  isAsked: boolean
}

/**
 * A few connections beyond a limit, taken so that whoever is turned away is told why. Where all its places are taken, the
 * one that has waited longest without asking gives way.
 */
export class ReservedConnections {
  readonly #places: number
  /** By their two ends: over TLS a request does not come on the socket that was accepted. The oldest first. */
  readonly #byEnds = new Map<string, Reserved>()

  constructor(places: number) {
    this.#places = places
  }

  get size(): number {
    return this.#byEnds.size
  }

  get isFull(): boolean {
    return this.#byEnds.size >= this.#places
  }

  /** Takes one until it closes. True: another gave way to it. */
  add(socket: Socket): boolean {
    const dropped = this.isFull ? this.#longestSilent() : undefined
    if (dropped !== undefined) {
      this.#byEnds.delete(endsOf(dropped.socket))
      dropped.socket.destroy()
    }
    const ends = endsOf(socket)
    this.#byEnds.set(ends, { socket, isAsked: false })
    socket.once('close', () => {
      if (this.#byEnds.get(ends)?.socket === socket) this.#byEnds.delete(ends)
    })
    return dropped !== undefined
  }

  /** A request has come. True: on one of these. */
  asked(socket: Socket): boolean {
    const reserved = this.#byEnds.size === 0 ? undefined : this.#byEnds.get(endsOf(socket))
    if (reserved !== undefined) reserved.isAsked = true
    return reserved !== undefined
  }

  #longestSilent(): Reserved | undefined {
    const [oldest] = this.#byEnds.values()
    return this.#byEnds.values().find(({ isAsked }) => !isAsked) ?? oldest
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}
