import { networkOf } from '../../http/attempts.ts'
import type { Counts } from '../store/counts.ts'
import type { Mail } from './mail.ts'
import type { SignInAccounts } from './sign-in-accounts.ts'

/** Mails that one account is sent, and one network has sent, in a quarter of an hour. */
const MAILS = { max: 3, windowMs: 900_000 }

export interface ResetMailsOptions {
  readonly accounts: Pick<SignInAccounts, 'findByEmail'>
  /** Makes what sets a new password, once, and records that somebody at that address has asked for it. */
  readonly issueToken: (personId: string, address: string) => Promise<string>
  readonly mail: Pick<Mail, 'send'>
  /** Where the gateway is reached from elsewhere. */
  readonly publicUrl: string
  readonly counts: Pick<Counts, 'take'>
}

/** Mails with a link for a new password, for those who ask. */
export class ResetMails {
  readonly #options: ResetMailsOptions

  constructor(options: ResetMailsOptions) {
    this.#options = options
  }

  /** Sends one where there is an account and there were not too many. Whoever waits for it learns by the time. */
  async request(email: string, address: string): Promise<void> {
    const { accounts, issueToken, mail, publicUrl, counts } = this.#options
    for (const name of [email.toLowerCase(), networkOf(address)]) {
      if ((await counts.take('reset-mails', name, MAILS)) !== undefined) return
    }
    const person = await accounts.findByEmail(email)
    if (person === undefined) return
    const token = await issueToken(person.id, address)
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
