import type { AdmissionRule, IssuerSettings, Vouched } from './sign-in-settings.ts'

/** What becomes of those whom issuers vouch for and who have no account yet: whoever keeps the invitations knows. */
export interface Admission {
  /** Whether an open invitation names this address. */
  isInvited(vouched: Vouched): Promise<boolean>
  /** Puts somebody who has just got an account where they belong: by the rule, and by the invitations for the address. */
  welcome(personId: string, vouched: Vouched, rule: AdmissionRule | undefined): Promise<void>
}

/** The rule of the issuer that lets somebody in; `undefined`: none does. */
export function ruleFor({ email }: Vouched, issuer: IssuerSettings): AdmissionRule | undefined {
  const domain = email.slice(email.lastIndexOf('@') + 1)
  return issuer.admits?.domains.includes(domain) === true ? issuer.admits : undefined
}
