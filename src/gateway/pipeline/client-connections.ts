import type { BlockList, Socket } from 'node:net'
import { PunkuError } from '../../core/error.ts'
import { networkOf } from '../../http/attempts.ts'
import { clientAddress, isInNetworks } from '../../http/client-address.ts'
import { ReservedConnections } from './reserved-connections.ts'

/** Connections beyond the limit that are taken for health and the control surface. */
export const RESERVED_CONNECTIONS = 16
/** Connections beyond the share of an address that are taken from it, so that it is told. */
export const RESERVED_OF_ADDRESS = 4

/** Why a client is turned away: all connections are taken, or those of its address or of its key's org. */
export type FullReason = 'gateway' | 'address' | 'org'

export interface ClientConnectionsOptions {
  /** Connections at once, over all listeners. */
  readonly limit: number
  /** Of those, the ones of one address. */
  readonly addressLimit: number
  /** Of those, the ones on which requests of one org are under way. */
  readonly orgLimit: number
  /** Proxies, behind whose address many clients are; `undefined`: none. */
  readonly trustedProxies: BlockList | undefined
  /** Called for each client that was turned away. `who`: the address or org whose share is taken. */
  readonly onRefused: (reason: FullReason, who: string | undefined) => void
}

/** Connections on which requests of one org are under way. */
interface OrgCount {
  value: number
}

/** One of them. Disposed of once. */
class OrgPlace implements Disposable {
  readonly #count: OrgCount

  constructor(count: OrgCount) {
    this.#count = count
    count.value++
  }

  [Symbol.dispose](): void {
    this.#count.value--
  }
}

/** The holder of a connection that comes through a trusted proxy. */
const NOBODY = Symbol('nobody')

/** An address, and what it has. */
class Holder {
  readonly reserve = new ReservedConnections(RESERVED_OF_ADDRESS)
  count = 0
}

/**
 * The connections of clients. Beyond the limit a few more are taken: on those the gateway's own routes are served and all
 * else is refused with a reason, one answer each; whoever connects and says nothing cannot keep health from being asked. It is
 * the same, with fewer, for an address that has its share: others do not notice.
 */
export class ClientConnections {
  readonly #options: ClientConnectionsOptions
  readonly #reserve = new ReservedConnections(RESERVED_CONNECTIONS)
  readonly #holders = new Map<string, Holder>()
  /** Of each connection on which requests come, so that not each of them has to look for it. */
  readonly #holderOfSocket = new WeakMap<Socket, Holder | typeof NOBODY>()
  /** Kept while the gateway runs: there are as many as orgs, and each request takes one. */
  readonly #ofOrgs = new Map<string, OrgCount>()
  #ordinaryCount = 0
  #refusedCount = 0
  #isHeld = false

  constructor(options: ClientConnectionsOptions) {
    this.#options = options
  }

  get limit(): number {
    return this.#options.limit
  }

  /** Those that stand, the reserve's among them. */
  get openCount(): number {
    return this.#ordinaryCount + this.#reserve.size
  }

  /** Clients that were turned away, since the start. */
  get refusedCount(): number {
    return this.#refusedCount
  }

  /** While held it takes none but for the reserve: for when there are fewer files to open than was thought. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
  }

  /** Counts a connection that was accepted, until it closes. */
  add(socket: Socket): void {
    if (socket.remotePort === undefined) {
      // It is gone already.
      socket.destroy()
      return
    }
    const network = this.#networkOf(socket)
    const holder = network === undefined ? undefined : this.#holderOf(network)
    const hasItsShare = holder !== undefined && holder.count >= this.#options.addressLimit
    // One more of an address that has its share takes the place of another of the same address.
    const takesPlace = hasItsShare && holder.reserve.isFull
    const isOrdinary = takesPlace || !(this.#isHeld || this.#ordinaryCount >= this.#options.limit)
    const isHeld = isOrdinary && !hasItsShare
    if (isOrdinary) this.#ordinaryCount++
    else if (this.#reserve.add(socket)) this.#countRefused('gateway', undefined)
    if (isOrdinary && hasItsShare && holder.reserve.add(socket)) this.#countRefused('address', network)
    if (isHeld && holder !== undefined) holder.count++
    // One listener: there are as many of each as connections.
    socket.once('close', () => {
      if (isOrdinary) this.#ordinaryCount--
      if (holder === undefined || network === undefined) return
      if (isHeld) holder.count--
      this.#forgetIdle(network, holder)
    })
  }

  /** A request has come. Gives why all but the gateway's own routes are refused on it; its connection ends with the answer. */
  fullFor(socket: Socket): FullReason | undefined {
    if (this.#reserve.asked(socket)) return 'gateway'
    let holder = this.#holderOfSocket.get(socket)
    if (holder === undefined) {
      // Over TLS this is not the socket that was accepted: it is known by its address again.
      const network = this.#networkOf(socket)
      holder = (network === undefined ? undefined : this.#holders.get(network)) ?? NOBODY
      this.#holderOfSocket.set(socket, holder)
    }
    return holder !== NOBODY && holder.reserve.asked(socket) ? 'address' : undefined
  }

  /**
   * A request of an org is under way on a connection, until what this gives is disposed.
   * @throws PunkuError `overloaded` where the org has its share
   */
  enter(orgId: string): Disposable {
    let count = this.#ofOrgs.get(orgId)
    if (count === undefined) {
      count = { value: 0 }
      this.#ofOrgs.set(orgId, count)
    }
    if (count.value >= this.#options.orgLimit) throw this.refusal('org', orgId)
    return new OrgPlace(count)
  }

  /** A client is turned away; with what it is told. */
  refusal(reason: FullReason, who?: string): PunkuError {
    this.#countRefused(reason, who)
    return new PunkuError('overloaded', REFUSALS[reason], { retryAfterMs: 2_000 })
  }

  /** As `refusal`, for a connection on which `fullFor` gave a reason. */
  refusalOn(socket: Socket, reason: FullReason): PunkuError {
    return this.refusal(reason, reason === 'address' ? this.#networkOf(socket) : undefined)
  }

  /** Whose share a connection is of; `undefined`: of nobody's, it comes through a trusted proxy. */
  #networkOf({ remoteAddress = '' }: Socket): string | undefined {
    const { trustedProxies } = this.#options
    const address = clientAddress(remoteAddress, undefined, undefined)
    return trustedProxies !== undefined && isInNetworks(trustedProxies, address) ? undefined : networkOf(address)
  }

  #holderOf(network: string): Holder {
    let holder = this.#holders.get(network)
    if (holder === undefined) {
      holder = new Holder()
      this.#holders.set(network, holder)
    }
    return holder
  }

  #forgetIdle(network: string, holder: Holder): void {
    const isIdle = holder.count === 0 && holder.reserve.size === 0
    if (isIdle && this.#holders.get(network) === holder) this.#holders.delete(network)
  }

  #countRefused(reason: FullReason, who: string | undefined): void {
    this.#refusedCount++
    this.#options.onRefused(reason, who)
  }
}

const REFUSALS: Readonly<Record<FullReason, string>> = {
  gateway: 'The gateway has as many connections as it may. Ask again in a few seconds; its owner can raise the limit.',
  address:
    'Your address has as many connections to the gateway as one address may. Close some, or ask again in a few seconds; its owner can raise limits.connectionsPerAddress.',
  org: 'As many requests of your org are under way as may be at a time. Ask again in a few seconds; its owner can raise limits.connectionsPerOrg.',
}
