import type { Clock } from '../core/clock.ts'
import { Attempts, networkOf } from '../http/attempts.ts'
import type { Mail } from './mail.ts'
import type { SignInAccounts } from './sign-in-accounts.ts'

/** Mails that one account is sent, and one network has sent, in a quarter of an hour. */
const MAX_MAILS = 3
const MAILS_COUNTED_MS = 900_000

export interface ResetMailsOptions {
  readonly accounts: Pick<SignInAccounts, 'findByEmail' | 'issueResetToken'>
  readonly mail: Pick<Mail, 'send'>
  /** Where the gateway is reached from elsewhere. */
  readonly publicUrl: string
  readonly clock: Clock
}

/** Mails with a link for a new password, for those who ask. */
export class ResetMails {
  readonly #options: ResetMailsOptions
  readonly #sent: Attempts

  constructor(options: ResetMailsOptions) {
    this.#options = options
    this.#sent = new Attempts({ clock: options.clock, max: MAX_MAILS, windowMs: MAILS_COUNTED_MS })
  }

  /** Sends one where there is an account and there were not too many. Whoever waits for it learns by the time. */
  async request(email: string, address: string): Promise<void> {
    const { accounts, mail, publicUrl } = this.#options
    const counted = [email.toLowerCase(), networkOf(address)]
    if (counted.some((name) => this.#sent.take(name) !== undefined)) return
    const person = await accounts.findByEmail(email)
    if (person === undefined) return
    const { token } = await accounts.issueResetToken(person.id)
    await mail.send({
      to: email,
      subject: 'A new password for Punku',
      text: textOf(publicUrl, resetUrl(publicUrl, token)),
    })
  }
}

/** The page that sets a new password. The token is in the fragment, which browsers send nowhere. */
export function resetUrl(base: string, token: string): string {
  return new URL(`/ui/reset#${token}`, base).href
}

function textOf(publicUrl: string, link: string): string {
  return [
    `Somebody asked for a new password for your account at ${publicUrl}.`,
    'If it was you, set one within an hour:',
    '',
    link,
    '',
    'If it was not, there is nothing to do: your password is as it was.',
    '',
  ].join('\n')
}
