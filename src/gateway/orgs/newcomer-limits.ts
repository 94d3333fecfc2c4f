import { PunkuError } from '../../core/error.ts'
import { formatDuration } from '../../core/units.ts'
import type { Counts } from '../store/counts.ts'
import type { Invitation } from './invitation.ts'

const DAY_MS = 86_400_000
/** Addresses that had an account already, tried with one invitation, and with all of one org. */
const OF_INVITATION = { max: 5, windowMs: DAY_MS }
const OF_ORG = { max: 100, windowMs: DAY_MS }

/**
 * Slows those who would learn by invitations which addresses have accounts: an address that has none becomes an account and
 * uses the link up, one that has is refused. Counted for all gateways together, from wherever the tries come.
 */
export class NewcomerLimits {
  readonly #counts: Pick<Counts, 'take' | 'giveBack'>

  constructor(counts: Pick<Counts, 'take' | 'giveBack'>) {
    this.#counts = counts
  }

  /**
   * Takes a try; what it gives back takes it back, where an account was made.
   * @throws PunkuError `sign_in_limited`
   */
  async take({ id, orgId }: Pick<Invitation, 'id' | 'orgId'>): Promise<() => Promise<void>> {
    const giveBack = await this.#takeOne(`invitation ${id}`, OF_INVITATION)
    try {
      const giveBackOfOrg = await this.#takeOne(`org ${orgId}`, OF_ORG)
      return async () => {
        await giveBack()
        await giveBackOfOrg()
      }
    } catch (error) {
      await giveBack()
      throw error
    }
  }

  async #takeOne(key: string, limit: typeof OF_ORG): Promise<() => Promise<void>> {
    const retryAfterMs = await this.#counts.take('newcomers', key, limit)
    if (retryAfterMs === undefined) return () => this.#counts.giveBack('newcomers', key)
    throw new PunkuError(
      'sign_in_limited',
      `Too many e-mail addresses that have an account were tried with this link, or with those of its org. Sign in with your account and open the link again, or try again in ${formatDuration(retryAfterMs)}.`,
      { retryAfterMs },
    )
  }
}
