import type { OpenChange } from '../store/store.ts'
import type { AdmissionRule, IssuerSettings, Vouched } from './sign-in-settings.ts'

/** What becomes of those whom issuers vouch for and who have no account yet: whoever keeps the invitations knows. */
export interface OidcAdmission {
  /** Whether an open invitation names this address. */
  isInvited(vouched: Vouched): Promise<boolean>
  /**
   * Puts somebody who gets an account where they belong, by the rule and by the invitations for the address: as a part of
   * the change that makes the account.
   */
  welcome(change: OpenChange, newcomer: VouchedPerson, rule: AdmissionRule | undefined): Promise<void>
}

/** Somebody whom an issuer vouches for, with the account they get. */
export interface VouchedPerson extends Vouched {
  readonly personId: string
}

/** The rule of the issuer that lets somebody in; `undefined`: none does. */
export function ruleFor({ email }: Vouched, issuer: IssuerSettings): AdmissionRule | undefined {
  const domain = email.slice(email.lastIndexOf('@') + 1)
  return issuer.admits?.domains.includes(domain) === true ? issuer.admits : undefined
}
