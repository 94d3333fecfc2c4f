import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { formatDuration } from '../core/units.ts'
import { Attempts, networkOf } from '../http/attempts.ts'

/** Wrong passwords for one account, from wherever they come. */
const MAX_FAILURES = 10
const FAILURES_COUNTED_MS = 900_000

export interface AccountLimitsOptions {
  readonly clock: Clock
  /** Whether the person with that e-mail address is signed in from that network. */
  readonly isHome: (email: string, network: string) => Promise<boolean>
}

/**
 * Slows those who guess at one account from many places. Its owner is not kept out by them: the networks where they are
 * signed in have tries of their own. An address that has no account is counted alike, or one could tell.
 */
export class AccountLimits {
  readonly #isHome: AccountLimitsOptions['isHome']
  readonly #failures: Attempts

  constructor({ clock, isHome }: AccountLimitsOptions) {
    this.#isHome = isHome
    this.#failures = new Attempts({ clock, max: MAX_FAILURES, windowMs: FAILURES_COUNTED_MS })
  }

  /**
   * Takes a try; what it gives back takes it back, when it did not fail.
   * @throws PunkuError `sign_in_limited`
   */
  async take(email: string, address: string): Promise<() => void> {
    const account = email.toLowerCase()
    const network = networkOf(address)
    const waitMs = this.#failures.take(account)
    if (waitMs === undefined) return () => this.#failures.giveBack(account)
    const ownAccount = `${account} ${network}`
    const ownWaitMs = (await this.#isHome(account, network)) ? this.#failures.take(ownAccount) : waitMs
    if (ownWaitMs === undefined) return () => this.#failures.giveBack(ownAccount)
    throw new PunkuError(
      'sign_in_limited',
      `Too many passwords were tried for this account. Try again in ${formatDuration(ownWaitMs)}, or sign in another way.`,
      { retryAfterMs: ownWaitMs },
    )
  }
}
