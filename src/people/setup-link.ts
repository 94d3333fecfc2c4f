import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { HashedTokens } from '../core/hashed-tokens.ts'
import { formatDuration } from '../core/units.ts'
import { Attempts, networkOf } from '../http/attempts.ts'

const LIFE_MS = 86_400_000
/** Unused links at a time; a new one beyond it ends the oldest. */
const MAX_LINKS = 8
/** Wrong tokens taken from one network. */
const MAX_FAILURES = 10
const FAILURES_COUNTED_MS = 600_000

/**
 * Links by which the first person of a gateway comes in: whoever can read its terminal, once, within a day. They are in
 * memory only, as hashes; a restart ends them all.
 */
export class SetupLinks {
  readonly #tokens: HashedTokens
  readonly #failures: Attempts

  constructor({ clock }: { readonly clock: Clock }) {
    this.#tokens = new HashedTokens({ clock, lifeMs: LIFE_MS, max: MAX_LINKS })
    this.#failures = new Attempts({ clock, max: MAX_FAILURES, windowMs: FAILURES_COUNTED_MS })
  }

  /**
   * A link below `base`, the gateway's own URL. It holds a credential: print it, never log it. The token is in the
   * fragment, which browsers send nowhere: no server and no proxy on the way sees it.
   */
  issue(base: string): string {
    return new URL(`/ui/setup#${this.#tokens.issue()}`, base).href
  }

  /**
   * Whether the token was good; it no longer is.
   * @throws PunkuError `sign_in_limited` after too many wrong ones from this address
   */
  take(token: string, address: string): boolean {
    const network = networkOf(address)
    const retryAfterMs = this.#failures.take(network)
    if (retryAfterMs !== undefined) {
      const wait = formatDuration(retryAfterMs)
      throw new PunkuError('sign_in_limited', `Too many links were tried from this address. Try again in ${wait}.`, {
        retryAfterMs,
      })
    }
    if (!this.#tokens.take(token)) return false
    this.#failures.giveBack(network)
    return true
  }
}
