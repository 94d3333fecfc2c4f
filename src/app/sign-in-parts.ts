import type { LoadedConfig } from '../config/load.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { Mail } from '../people/mail.ts'
import { OrgAdmission } from '../people/org-admission.ts'
import { SignIn } from '../people/sign-in.ts'
import { signInSecret } from '../people/sign-in-secret.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
import { MemberRepository } from '../store/member-repository.ts'
import { OrgRepository } from '../store/org-repository.ts'
import { schemeOf } from './callers.ts'
import { ORIGIN_HEADER } from './site.ts'
import type { State } from './state.ts'

/** How people sign in. */
export interface SignInParts {
  readonly signIn: SignIn
  /** `undefined`: the gateway can send none. */
  readonly mail: Mail | undefined
}

/** Builds it; disposing `signIn` is the caller's. */
export function createSignIn({
  config,
  state,
  clock,
  log,
}: {
  readonly config: LoadedConfig
  readonly state: State
  readonly clock: Clock
  readonly log: Logger
}): SignInParts {
  const { database, pepper, audit } = state
  const mail = config.mail && new Mail({ ...config.mail, log })
  const localUrl = `${schemeOf(config)}://${config.listen[0] ?? 'localhost'}`
  const signIn = new SignIn({
    database,
    secret: signInSecret(pepper),
    settings: config.auth,
    originOf: (headers) => headers.get(ORIGIN_HEADER) ?? localUrl,
    publicUrl: config.gateway.publicUrl,
    localUrl: URL.canParse(localUrl) ? localUrl : 'http://localhost',
    mail,
    admission: new OrgAdmission({
      orgs: new OrgRepository(database),
      members: new MemberRepository(database),
      invitations: new InvitationRepository(database),
      audit,
      clock,
      log,
    }),
    audit,
    clock,
    log,
  })
  return { signIn, mail }
}
