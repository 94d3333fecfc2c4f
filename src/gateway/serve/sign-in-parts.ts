import type { LoadedConfig } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { Mail } from '../sign-in/mail.ts'
import { OrgAdmission } from '../sign-in/org-admission.ts'
import { SignIn } from '../sign-in/sign-in.ts'
import type { PasswordHasher } from '../sign-in/sign-in-library.ts'
import { signInSecret } from '../sign-in/sign-in-secret.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
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
  linkUrl,
  clock,
  log,
  hasher,
}: {
  readonly config: LoadedConfig
  readonly state: State
  /** Where links lead that are made at the gateway's machine. */
  readonly linkUrl: () => string
  readonly clock: Clock
  readonly log: Logger
  readonly hasher: PasswordHasher | undefined
}): SignInParts {
  const { database, store, counts, pepper, unstored } = state
  const mail = config.mail && new Mail({ ...config.mail, log })
  const localUrl = `${schemeOf(config)}://${config.listen[0] ?? 'localhost'}`
  const signIn = new SignIn({
    database,
    store,
    counts,
    unstored,
    secret: signInSecret(pepper),
    settings: config.auth,
    originOf: (headers) => headers.get(ORIGIN_HEADER) ?? localUrl,
    publicUrl: config.gateway.publicUrl,
    localUrl: URL.canParse(localUrl) ? localUrl : 'http://localhost',
    linkUrl,
    mail,
    admission: new OrgAdmission({
      invitations: new InvitationRepository(database),
      clock,
      log,
    }),
    clock,
    log,
    ...(hasher && { hasher }),
  })
  return { signIn, mail }
}
