import type { GenericEndpointContext } from '@better-auth/core'
import { passkey } from '@better-auth/passkey'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { APIError, isAPIError } from 'better-auth/api'
import { deviceAuthorization, twoFactor } from 'better-auth/plugins'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import { ADDRESS_HEADER, addressOf, COUNTED_HEADER } from './sign-in-context.ts'
import { AUTH_PATH, CLI_CLIENT_ID, ENDPOINTS, PASSWORD_LENGTH } from './sign-in-endpoints.ts'
import type { SignInHooks } from './sign-in-hooks.ts'
import type { SignInSettings } from './sign-in-settings.ts'

/** A change of password or passkeys needs a sign-in this recent, in seconds. */
const FRESH_S = 3_600
/** How often the last use of a session is written, in seconds. */
const USE_WRITTEN_S = 300
/** How long a link to set a new password is good for, in seconds. */
export const RESET_LINK_S = 3_600
const MAX_SOFTWARE_LENGTH = 256

/** Makes a password into what is stored, and compares. Both take the same time for every password. */
export interface PasswordHasher {
  hash(password: string): Promise<string>
  verify(options: { readonly hash: string; readonly password: string }): Promise<boolean>
}

export interface LibraryOptions {
  readonly database: Pick<OpenDatabase, 'db' | 'dialect'>
  /** What `signInSecret` gives. */
  readonly secret: Secret
  readonly settings: SignInSettings
  readonly hooks: SignInHooks
  readonly hasher: PasswordHasher
  /** Other origins of the gateway that its own pages may be at. */
  readonly ownOrigins: readonly string[]
  readonly log: Logger
}

/**
 * The library for sign-in, set up over our own tables for one origin of the gateway, `https://host` or `http://host`:
 * cookies, passkeys and what comes back from issuers all hang on it.
 */
export function createLibrary(options: LibraryOptions, origin: string) {
  return betterAuth({ ...libraryOptions(options, origin), plugins: pluginsOf(options) })
}

export type Library = ReturnType<typeof createLibrary>

function libraryOptions(options: LibraryOptions, origin: string) {
  const { database, secret, settings, hooks, hasher, ownOrigins, log } = options
  const isSecure = origin.startsWith('https://')
  return {
    appName: 'Punku',
    baseURL: origin,
    basePath: AUTH_PATH,
    // The list stands before what the environment may say.
    secrets: [{ version: 1, value: secret.reveal() }],
    secret: secret.reveal(),
    trustedOrigins: [...ownOrigins],
    telemetry: { enabled: false },
    logger: {
      // At `warn` it writes some lines to standard error by itself.
      level: 'info',
      // Words only: what is thrown may hold what somebody sent.
      log: (level, message, ...details) => {
        const causes = details.flatMap((detail) => (detail instanceof Error ? [detail.message] : []))
        log[level === 'error' ? 'warn' : 'debug']({ message, causes }, 'sign-in.library')
      },
    },
    database: { db: database.db, type: database.dialect },
    user: { modelName: 'people', validateUserInfo: hooks.validatePerson },
    session: {
      modelName: 'sessions',
      expiresIn: Math.round(settings.sessionLifeMs / 1_000),
      updateAge: USE_WRITTEN_S,
      freshAge: FRESH_S,
      cookieCache: { enabled: false },
    },
    account: {
      modelName: 'accounts',
      updateAccountOnSignIn: false,
      // What issuers may do is decided in `validateUserInfo`, for each.
      accountLinking: {
        enabled: true,
        trustedProviders: settings.issuers.map(({ id }) => id),
        allowDifferentEmails: true,
        requireLocalEmailVerified: true,
      },
    },
    verification: { modelName: 'verifications', storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_LENGTH.min,
      maxPasswordLength: PASSWORD_LENGTH.max,
      password: hasher,
      resetPasswordTokenExpiresIn: RESET_LINK_S,
      revokeSessionsOnPasswordReset: true,
      onPasswordReset: hooks.passwordWasReset,
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      modelName: 'sign_in_rates',
      customRules: Object.fromEntries(
        ENDPOINTS.map(({ path, limit: { windowS: window, max } }) => [
          path.replace(':id', '*'),
          async ({ headers }: Request) => (headers.has(COUNTED_HEADER) ? false : { window, max }),
        ]),
      ),
    },
    onAPIError: {
      errorURL: '/ui/sign-in',
      onError: (error) => {
        // A refusal is an answer.
        if (isAPIError(error) && error.statusCode < 500) return
        log.error({ reason: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' }, 'sign-in.failed')
      },
    },
    databaseHooks: {
      user: { create: { after: hooks.personWasAdmitted } },
      session: {
        create: {
          before: async (session, context) => ({
            data: {
              ipAddress: addressOf(context?.headers) ?? session.ipAddress ?? '',
              userAgent: (session.userAgent ?? '').slice(0, MAX_SOFTWARE_LENGTH),
            },
          }),
          after: hooks.sessionHasBegun,
        },
        update: { after: hooks.sessionWasUsed },
        delete: { after: hooks.sessionHasEnded },
      },
      // We act at no issuer in anybody's name: what would let us is not kept.
      account: { create: { before: withoutTokens }, update: { before: withoutTokens } },
    },
    advanced: {
      // `__Host-` cookies cannot be set by another host. Plain HTTP has no such guard; there other ports see them, so
      // they go to as few paths as they may.
      cookiePrefix: isSecure ? '__Host-punku' : 'punku',
      useSecureCookies: false,
      defaultCookieAttributes: {
        httpOnly: true,
        sameSite: 'lax',
        secure: isSecure,
        path: isSecure ? '/' : '/control',
      },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      // Both are left out by default where the library thinks that it is tested.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      database: { validateSchema: false },
    },
  } satisfies BetterAuthOptions
}

function pluginsOf({ settings, hooks }: LibraryOptions) {
  return [
    twoFactor({
      issuer: 'Punku',
      // It would lock the owner out too: `AccountLimits` counts.
      accountLockout: { enabled: false },
      schema: { twoFactor: { modelName: 'two_factors' } },
    }),
    passkey({
      rpName: 'Punku',
      // A passkey stands for both factors, so whoever uses it has to show that it is them.
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      registration: {
        async afterVerification({ ctx, verification: { registrationInfo } }) {
          requirePerson(registrationInfo?.userVerified)
          await requireNewPasskey(ctx, registrationInfo?.credential.id)
        },
      },
      authentication: {
        afterVerification: ({ verification }) => requirePerson(verification.authenticationInfo.userVerified),
      },
      advanced: { webAuthnChallengeCookie: 'passkey' },
      schema: { passkey: { modelName: 'passkeys' } },
    }),
    deviceAuthorization({
      expiresIn: '10m',
      interval: '5s',
      verificationUri: '/ui/device',
      validateClient: (id) => id === CLI_CLIENT_ID,
      schema: { deviceCode: { modelName: 'login_codes' } },
    }),
    // Last: what it sees of a sign-in is what the others have left of it.
    hooks.plugin(settings),
  ]
}

async function withoutTokens() {
  return {
    data: {
      accessToken: null,
      refreshToken: null,
      idToken: null,
      accessTokenExpiresAt: null,
      refreshTokenExpiresAt: null,
    },
  }
}

/**
 * One passkey signs in to one account (WebAuthn Level 3 §7.1, step 26). Nothing proves that whoever adds one has its key:
 * somebody else's would lead its owner into an account of whoever added it, or nowhere.
 */
async function requireNewPasskey({ context }: GenericEndpointContext, credentialId: string | undefined): Promise<void> {
  const where = [{ field: 'credentialID', value: credentialId ?? '' }]
  if ((await context.adapter.findOne({ model: 'passkey', where })) === null) return
  throw new APIError('CONFLICT', {
    code: 'PASSKEY_TAKEN',
    message: 'This passkey was added to an account here before. Use another one.',
  })
}

function requirePerson(isVerified: boolean | undefined): void {
  if (isVerified === true) return
  throw new APIError('BAD_REQUEST', {
    code: 'PERSON_NOT_VERIFIED',
    message: 'The passkey did not check who uses it. Set it up with a PIN, a fingerprint or a face.',
  })
}
