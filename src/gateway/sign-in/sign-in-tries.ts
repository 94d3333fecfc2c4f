import { PunkuError } from '../../core/error.ts'
import type { Counts } from '../store/counts.ts'
import type { AccountLimits } from './account-limits.ts'
import type { Endpoint } from './sign-in-endpoints.ts'

/** A code of an authenticator is good for 30 seconds, and for those before and after; and once. */
const CODE_USES = { max: 1, windowMs: 90_000 }
/** A sign-in at an issuer is over after ten minutes; and it comes back once. */
const STATE_USES = { max: 1, windowMs: 1_200_000 }

/** Whose second factor a request is about. */
export interface CodeOwner {
  readonly personId: string
  readonly email: string
}

export interface SignInTriesOptions {
  readonly limits: Pick<AccountLimits, 'take'>
  readonly counts: Pick<Counts, 'take' | 'giveBack'>
  /** The address of the account whose session a request is of. */
  readonly signedInAs: (headers: Headers) => Promise<string | undefined>
  readonly codeOwner: (headers: Headers) => Promise<CodeOwner | undefined>
  /** That a code came a second time. */
  readonly codeWasUsed: (owner: CodeOwner, address: string) => Promise<void>
}

/** What of a request can be guessed, once it is let through; one of the two is called when it was answered. */
export interface TakenTry {
  /** It was right, and does not count. */
  succeeded(): Promise<void>
  /** It counts. A code that was not taken may come again: that it was right is nothing its owner should pay for. */
  refused(): Promise<void>
  /** Nothing was compared: it does not count, and what was tried may come again. */
  untried(): Promise<void>
}

/** Counts passwords and codes that are tried, each against the account it is for, and takes a code once. */
export class SignInTries {
  readonly #options: SignInTriesOptions

  constructor(options: SignInTriesOptions) {
    this.#options = options
  }

  /**
   * @param headers those of the request, without the cookie of a session that has ended
   * @throws PunkuError `sign_in_limited`, and `not_signed_in` for a code that was used
   */
  async take(
    { path }: Endpoint,
    body: Readonly<Record<string, unknown>>,
    { headers, address }: { readonly headers: Headers; readonly address: string },
  ): Promise<TakenTry> {
    if (path === '/two-factor/verify-totp' || path === '/two-factor/verify-backup-code') {
      const owner = await this.#options.codeOwner(headers)
      return owner === undefined
        ? NO_TRY
        : await this.#takeCode(owner, path, String(body['code']), { headers, address })
    }
    const isAsked = body['password'] !== undefined || body['currentPassword'] !== undefined
    const email = path === '/sign-in/email' ? body['email'] : isAsked && (await this.#options.signedInAs(headers))
    if (typeof email !== 'string') return NO_TRY
    const giveBack = await this.#options.limits.take({ guessed: 'passwords', email, address, headers })
    return { succeeded: giveBack, refused: async () => {}, untried: giveBack }
  }

  async #takeCode(
    owner: CodeOwner,
    path: string,
    code: string,
    from: { readonly headers: Headers; readonly address: string },
  ): Promise<TakenTry> {
    const { limits, counts, codeWasUsed } = this.#options
    const giveBack = await limits.take({ guessed: 'second-factors', email: owner.email, ...from })
    // The library uses up recovery codes.
    if (path !== '/two-factor/verify-totp') return { succeeded: giveBack, refused: async () => {}, untried: giveBack }
    // RFC 6238 §5.2, the first one too: whoever looked over the shoulder comes too late.
    const used = `${owner.personId} ${code}`
    if ((await counts.take('used-codes', used, CODE_USES)) !== undefined) {
      await codeWasUsed(owner, from.address)
      throw new PunkuError('not_signed_in', 'This code was used already. Wait for the next one.')
    }
    const refused = () => counts.giveBack('used-codes', used)
    return { succeeded: giveBack, refused, untried: async () => void (await Promise.all([giveBack(), refused()])) }
  }
}

const NO_TRY: TakenTry = { succeeded: async () => {}, refused: async () => {}, untried: async () => {} }

/** Uses what stands for the state of a sign-in at an issuer; whether nobody has before. */
export async function isFirstUse(counts: Pick<Counts, 'take'>, codeVerifier: string): Promise<boolean> {
  return (await counts.take('used-codes', codeVerifier, STATE_USES)) === undefined
}
