import { z } from 'zod'

/** Where the library for sign-in is served. */
export const AUTH_PATH = '/control/auth'
/** The only program that may sign in by a code. */
export const CLI_CLIENT_ID = 'punku-cli'
/** The fewest and most characters of a password; longer ones would cost time to hash. */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const

/** Which ways to sign in there are at an address. */
export interface Ways {
  readonly password: boolean
  readonly passkeys: boolean
  readonly issuers: boolean
  readonly mail: boolean
}

/** Requests of one network to one endpoint. */
export interface EndpointLimit {
  readonly max: number
  readonly windowS: number
}

/** What is open of the library, and what passes through. */
export interface Endpoint {
  readonly method: 'GET' | 'POST'
  /** Under `AUTH_PATH`. */
  readonly path: string
  /** What the body may hold; anything else is refused, so that no field of the library's own is reached. Default: nothing. */
  readonly body?: z.ZodType<Readonly<Record<string, unknown>>>
  /** What is put into the body whoever asks. */
  readonly adds?: Readonly<Record<string, unknown>>
  /** What the query may hold; anything else is left out. Default: nothing. */
  readonly query?: readonly string[]
  /** The fields of the answer that leave. The library's own hold session tokens. */
  readonly answers: readonly string[]
  /** Default: always. */
  readonly needs?: keyof Ways
  readonly limit: EndpointLimit
}

const text = z.string().min(1).max(254)
const email = z.email().max(254)
// What was a password once has to be taken, or nobody could change it.
const password = z.string().min(1).max(PASSWORD_LENGTH.max)
const newPassword = z.string().min(PASSWORD_LENGTH.min).max(PASSWORD_LENGTH.max)
const nothing = z.strictObject({})
const userCode = z.strictObject({ userCode: z.string().regex(/^[A-Za-z0-9-]{1,32}$/) })
const credential = z.record(z.string(), z.unknown())

/** Pages of the dashboard, where a sign-in at an issuer may come back to: nothing that a browser reads as another host. */
const ownPage = z
  .string()
  .max(512)
  .regex(/^\/(?:ui|connect)(?:\/[\w-]+)*\/?(?:\?[\w=&.-]*)?$/, 'must be a page of the dashboard')
const atIssuer = (page: string, errorPage: string) =>
  z.strictObject({
    provider: z.string().regex(/^[a-z0-9-]{1,40}$/),
    callbackURL: ownPage.default(page),
    errorCallbackURL: ownPage.default(errorPage),
  })

const OFTEN: EndpointLimit = { max: 60, windowS: 60 }
/** Where something can be guessed. A window begins anew with each request that is let through. */
const SELDOM: EndpointLimit = { max: 10, windowS: 60 }

/** Every endpoint there is. What is not in this list does not exist, whatever the library has. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/sign-in/email',
    body: z.strictObject({ email, password }),
    adds: { rememberMe: true },
    answers: ['twoFactorRedirect', 'twoFactorMethods'],
    needs: 'password',
    limit: SELDOM,
  },
  { method: 'POST', path: '/sign-out', body: nothing, answers: ['success'], limit: OFTEN },
  {
    method: 'POST',
    path: '/sign-in/social',
    body: atIssuer('/ui/', '/ui/sign-in'),
    answers: ['url'],
    needs: 'issuers',
    limit: OFTEN,
  },
  {
    method: 'POST',
    path: '/link-social',
    body: atIssuer('/ui/account', '/ui/account'),
    answers: ['url'],
    needs: 'issuers',
    limit: OFTEN,
  },
  {
    method: 'GET',
    path: '/callback/:id',
    query: ['code', 'state', 'error', 'iss'],
    answers: [],
    needs: 'issuers',
    limit: OFTEN,
  },
  {
    method: 'POST',
    path: '/two-factor/enable',
    body: z.strictObject({ password }),
    adds: { method: 'totp' },
    answers: ['totpURI', 'backupCodes'],
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/two-factor/disable',
    body: z.strictObject({ password }),
    answers: ['status'],
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/two-factor/verify-totp',
    body: z.strictObject({ code: z.string().regex(/^\d{6}$/) }),
    answers: [],
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/two-factor/verify-backup-code',
    body: z.strictObject({ code: z.string().regex(/^[A-Za-z0-9]{5}-[A-Za-z0-9]{5}$/) }),
    answers: [],
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/two-factor/generate-backup-codes',
    body: z.strictObject({ password }),
    answers: ['backupCodes'],
    limit: SELDOM,
  },
  {
    method: 'GET',
    path: '/passkey/generate-register-options',
    answers: [
      'rp',
      'user',
      'challenge',
      'pubKeyCredParams',
      'timeout',
      'excludeCredentials',
      'authenticatorSelection',
      'attestation',
      'extensions',
      'hints',
    ],
    needs: 'passkeys',
    limit: OFTEN,
  },
  {
    method: 'POST',
    path: '/passkey/verify-registration',
    body: z.strictObject({ response: credential, name: text.max(100).optional() }),
    answers: ['id', 'name'],
    needs: 'passkeys',
    limit: SELDOM,
  },
  {
    method: 'GET',
    path: '/passkey/generate-authenticate-options',
    answers: ['rpId', 'challenge', 'timeout', 'allowCredentials', 'userVerification', 'extensions', 'hints'],
    needs: 'passkeys',
    limit: OFTEN,
  },
  {
    method: 'POST',
    path: '/passkey/verify-authentication',
    body: z.strictObject({ response: credential }),
    answers: [],
    needs: 'passkeys',
    limit: SELDOM,
  },
  {
    method: 'GET',
    path: '/passkey/list-user-passkeys',
    answers: ['id', 'name', 'createdAt', 'deviceType', 'backedUp', 'aaguid'],
    limit: OFTEN,
  },
  {
    method: 'POST',
    path: '/passkey/delete-passkey',
    body: z.strictObject({ id: text }),
    answers: ['status'],
    limit: OFTEN,
  },
  {
    method: 'POST',
    path: '/change-password',
    body: z.strictObject({ currentPassword: password, newPassword }),
    adds: { revokeOtherSessions: true },
    answers: [],
    needs: 'password',
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/reset-password',
    body: z.strictObject({ token: text, newPassword }),
    answers: ['status'],
    needs: 'password',
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/request-password-reset',
    body: z.strictObject({ email }),
    answers: ['status'],
    needs: 'mail',
    limit: SELDOM,
  },
  // Fields that are not known are left aside at the next two, as RFC 6749 §3.1 asks.
  {
    method: 'POST',
    path: '/device/code',
    body: z.object({ client_id: text }),
    answers: ['device_code', 'user_code', 'verification_uri', 'verification_uri_complete', 'expires_in', 'interval'],
    limit: SELDOM,
  },
  {
    method: 'POST',
    path: '/device/token',
    body: z.object({ grant_type: text, device_code: text, client_id: text }),
    answers: ['access_token', 'token_type', 'expires_in'],
    limit: OFTEN,
  },
  {
    method: 'GET',
    path: '/device',
    query: ['user_code'],
    answers: ['user_code', 'status', 'client_id'],
    limit: SELDOM,
  },
  { method: 'POST', path: '/device/approve', body: userCode, answers: ['success'], limit: SELDOM },
  { method: 'POST', path: '/device/deny', body: userCode, answers: ['success'], limit: SELDOM },
  { method: 'GET', path: '/list-accounts', answers: ['id', 'providerId', 'createdAt'], limit: OFTEN },
  {
    method: 'POST',
    path: '/unlink-account',
    body: z.strictObject({ accountId: text }),
    answers: ['status'],
    limit: SELDOM,
  },
]

/** The one endpoint of a method and a whole path; `undefined`: there is none. */
export function endpointOf(method: string, pathname: string): Endpoint | undefined {
  if (!pathname.startsWith(`${AUTH_PATH}/`)) return undefined
  const path = pathname.slice(AUTH_PATH.length).replace(/^\/callback\/[a-z0-9-]{1,40}$/, '/callback/:id')
  return ENDPOINTS.find((endpoint) => endpoint.method === method && endpoint.path === path)
}
