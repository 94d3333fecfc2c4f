import type { Secret } from '../../core/secret.ts'
import type { OrgRole } from '../store/schema.ts'

/** How people may sign in, as configured. */
export interface SignInSettings {
  /** Whether they may with a password. */
  readonly password: boolean
  /** How long a session lives that is not used, in milliseconds. */
  readonly sessionLifeMs: number
  readonly issuers: readonly IssuerSettings[]
}

/** Whoever else may say who somebody is (OpenID Connect). */
export interface IssuerSettings {
  /** In paths and in the database: lower case letters, digits and dashes. */
  readonly id: string
  /** On the button people press. */
  readonly label: string
  /** Its URL, letter for letter as it names itself. */
  readonly issuer: string
  readonly clientId: string
  /** `undefined`: a public client, held by PKCE alone. */
  readonly clientSecret: Secret | undefined
  /** Asked for besides `openid`. */
  readonly scopes: readonly string[]
  /** Whether a verified e-mail address is enough to be taken for the person who has an account with it already. */
  readonly linksAccounts: boolean
  /** Who gets an account by signing in. Default: nobody who was not invited. */
  readonly admits?: AdmissionRule | undefined
}

/** Whom an issuer lets in without an invitation. */
export interface AdmissionRule {
  /** Of verified e-mail addresses, in lower case. */
  readonly domains: readonly string[]
  /** The slug or id of the org they join. */
  readonly org: string
  readonly role: OrgRole
}

/** Somebody who has no account yet and whom an issuer vouches for. */
export interface Vouched {
  readonly issuerId: string
  /** Verified by the issuer, in lower case. */
  readonly email: string
  readonly name: string
}
