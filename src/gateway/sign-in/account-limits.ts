import { PunkuError } from '../../core/error.ts'
import { formatDuration } from '../../core/units.ts'
import { networkOf } from '../../http/attempts.ts'
import type { Counts } from '../store/counts.ts'

/** Wrong passwords, or wrong codes, for one account, from wherever they come. */
const FAILURES = { max: 10, windowMs: 900_000 }

export interface AccountLimitsOptions {
  readonly counts: Pick<Counts, 'take' | 'giveBack'>
  /** Whether the person with that e-mail address came in from that network in the last weeks. */
  readonly isKnownNetwork: (email: string, network: string) => Promise<boolean>
  /** What stands for the browser of a request, where the account signed in in it in the last weeks. */
  readonly deviceOf: (email: string, headers: Headers) => string | undefined
}

/** Something that can be guessed, and who tries it. */
export interface AccountTry {
  readonly guessed: 'passwords' | 'second-factors'
  readonly email: string
  readonly address: string
  readonly headers: Headers
}

/**
 * Slows those who guess at one account from many places. Its owner is not kept out by them: a network from which they came
 * in, and a browser in which they signed in, have tries of their own for some weeks. An address that has no account is
 * counted alike, or one could tell.
 */
export class AccountLimits {
  readonly #options: AccountLimitsOptions

  constructor(options: AccountLimitsOptions) {
    this.#options = options
  }

  /**
   * Takes a try; what it gives back takes it back, when it did not fail.
   * @throws PunkuError `sign_in_limited`
   */
  async take({ guessed, email, address, headers }: AccountTry): Promise<() => Promise<void>> {
    const { counts, isKnownNetwork, deviceOf } = this.#options
    const account = email.toLowerCase()
    const network = networkOf(address)
    const device = deviceOf(account, headers)
    const places = [
      account,
      ...((await isKnownNetwork(account, network)) ? [`${account} ${network}`] : []),
      ...(device === undefined ? [] : [`${account} device ${device}`]),
    ]
    const waits: number[] = []
    for (const place of places) {
      const waitMs = await counts.take(guessed, place, FAILURES)
      if (waitMs === undefined) return () => counts.giveBack(guessed, place)
      waits.push(waitMs)
    }
    const retryAfterMs = Math.min(...waits)
    const what = guessed === 'passwords' ? 'passwords' : 'codes'
    throw new PunkuError(
      'sign_in_limited',
      `Too many ${what} were tried for this account. Try again in ${formatDuration(retryAfterMs)}, sign in another way, or from a browser or network where you signed in before.`,
      { retryAfterMs },
    )
  }
}
