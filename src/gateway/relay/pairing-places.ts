import { PunkuError } from '../../core/error.ts'
import { formatDuration } from '../../core/units.ts'
import { prefixOf } from '../../http/attempts.ts'
import type { PairingWriter, WaitingNetwork } from '../store/pairing-writer.ts'
import type { PairingLimits } from './pairing-limits.ts'

export interface PairingPlacesOptions {
  readonly limits: Pick<PairingLimits, 'pending' | 'pendingPerAddress' | 'pendingPerPrefix'>
  /** Called when all places are taken. `prefix`: who has the most. */
  readonly onFull: (prefix: string) => void
}

/** Those of one prefix together. */
interface Holder {
  readonly prefix: string
  readonly networks: readonly string[]
  readonly count: number
}

/**
 * Who may wait to be paired. One address has few places, and so has what an attacker rents in one piece, a /24 of IPv4 or a
 * /48 of IPv6. When all are taken, the code that has waited longest of whoever has the most gives way: nobody can keep the
 * agents of all orgs out.
 */
export class PairingPlaces {
  readonly #options: PairingPlacesOptions

  constructor(options: PairingPlacesOptions) {
    this.#options = options
  }

  /**
   * Makes a place for one more code from the network.
   * @throws PunkuError `pairing_limited` where it has its share, or nobody has more than it
   */
  async make(pairings: PairingWriter, network: string, at: number): Promise<void> {
    const { limits, onFull } = this.#options
    const waiting = await pairings.waiting()
    const ofNetwork = waiting.filter((one) => one.network === network)
    if (sumOf(ofNetwork) >= limits.pendingPerAddress) throw tooManyWait(ofNetwork, at)
    const prefix = prefixOf(network)
    const ofPrefix = waiting.filter((one) => prefixOf(one.network) === prefix)
    if (sumOf(ofPrefix) >= limits.pendingPerPrefix) throw tooManyWait(ofPrefix, at)
    if (sumOf(waiting) < limits.pending) return
    const largest = largestOf(waiting)
    if (largest === undefined || largest.count <= sumOf(ofPrefix)) throw tooManyWait(waiting, at)
    onFull(largest.prefix)
    await pairings.deleteFirst(largest.networks)
  }
}

function largestOf(waiting: readonly WaitingNetwork[]): Holder | undefined {
  const byPrefix = Map.groupBy(waiting, ({ network }) => prefixOf(network))
  let largest: Holder | undefined
  for (const [prefix, members] of byPrefix) {
    const count = sumOf(members)
    if (count > (largest?.count ?? 0)) largest = { prefix, networks: members.map(({ network }) => network), count }
  }
  return largest
}

function sumOf(waiting: readonly WaitingNetwork[]): number {
  return waiting.reduce((sum, { count }) => sum + count, 0)
}

/** Of those who wait, the next place is free when the first ends. */
function tooManyWait(waiting: readonly WaitingNetwork[], at: number): PunkuError {
  const waitMs = Math.min(...waiting.map(({ firstEndsAt }) => firstEndsAt)) - at
  return new PunkuError(
    'pairing_limited',
    `Too many agents wait to be paired. Confirm or refuse those, or try again in ${formatDuration(waitMs)}.`,
    { retryAfterMs: waitMs },
  )
}
