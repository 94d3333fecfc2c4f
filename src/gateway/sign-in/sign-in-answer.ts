import { PunkuError } from '../../core/error.ts'
import type { Endpoint } from './sign-in-endpoints.ts'

/** How long the library keeps an account from giving codes after too many wrong ones, in milliseconds. */
const CODES_LOCKED_MS = 900_000

/** What the library's refusals mean to people. Those that are not here say it in the library's own words. */
const SENTENCES: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'The e-mail address or the password is wrong. Try again, or ask an admin for a new link.',
  INVALID_PASSWORD: 'The password is wrong.',
  INVALID_CODE: 'The code is wrong, or no longer good. Type the one that is shown now.',
  INVALID_BACKUP_CODE: 'This recovery code is wrong, or was used already.',
  INVALID_TWO_FACTOR_COOKIE: 'Too much time has passed, or too many codes were wrong. Begin again with your password.',
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: 'Too many codes were wrong. Begin again with your password.',
  INVALID_TOKEN: 'This link was used, has run out, or is not whole. Ask for a new one.',
  SESSION_NOT_FRESH: 'You signed in a while ago. Sign in again, and then make this change.',
  UNAUTHORIZED: 'Nobody is signed in here, or the session has ended. Sign in and try again.',
  CHALLENGE_NOT_FOUND: 'Too much time has passed. Try again.',
  PASSKEY_NOT_FOUND: 'This passkey belongs to no account here. Sign in another way.',
  AUTHENTICATION_FAILED: 'The passkey was not accepted. Try again, or sign in another way.',
  TOTP_ALREADY_ENABLED: 'A second factor is on already. Turn it off first.',
  FAILED_TO_UNLINK_LAST_ACCOUNT: 'This is the only way in to your account. Add another one first.',
  LAST_WAY_IN: 'This is the only way in to your account. Add another one first.',
}

const NOT_A_PASSKEY = 'The passkey was not accepted. Try again, or use another one.'

/** What of the library's answer leaves, for an answer that is no error. */
export async function successAnswer(endpoint: Endpoint, response: Response): Promise<Response> {
  const headers = headersOf(response)
  if (endpoint.path === '/callback/:id') {
    headers.set('location', plainLocation(response.headers.get('location') ?? '/ui/'))
    return new Response(null, { status: 302, headers })
  }
  const body: unknown = await response.json().catch(() => ({}))
  const answer = Array.isArray(body) ? body.map((entry) => pick(entry, endpoint.answers)) : pick(body, endpoint.answers)
  headers.set('content-type', 'application/json')
  return new Response(JSON.stringify(answer), { status: 200, headers })
}

/** Whether the library has refused a request for its limit of requests, and looked at nothing of it. */
export function isOverLimit({ status, headers }: Response): boolean {
  return status === 429 && headers.has('x-retry-after')
}

/** The library's refusal as an error of the table, or where OAuth says how it looks (RFC 8628 §3.5), as it says. */
export async function refusal(endpoint: Endpoint, response: Response): Promise<Response> {
  const body: unknown = await response.json().catch(() => ({}))
  const { code, message, error, error_description } = Object(body) as Readonly<Record<string, unknown>>
  if (isOAuth(endpoint) && typeof error === 'string') {
    const headers = headersOf(response)
    headers.set('content-type', 'application/json')
    return new Response(JSON.stringify({ error, error_description }), { status: response.status, headers })
  }
  // Of what is wrong with an answer that somebody made up the library says that it broke.
  if (code === 'FAILED_TO_VERIFY_REGISTRATION') throw new PunkuError('invalid_request', NOT_A_PASSKEY)
  const words = [SENTENCES[String(code)], message, error_description].find((text) => typeof text === 'string')
  throw errorOf(response, words ?? 'The request is not valid.')
}

/** Whether programs ask it that know OAuth and not our errors. */
export function isOAuth({ path }: Endpoint): boolean {
  return path === '/device/code' || path === '/device/token'
}

function errorOf(response: Response, words: unknown): PunkuError {
  const text = String(words)
  const { status } = response
  if (status === 429) {
    const waitS = Number(response.headers.get('x-retry-after'))
    const retryAfterMs = waitS > 0 ? waitS * 1_000 : CODES_LOCKED_MS
    return new PunkuError('sign_in_limited', 'Too many tries were made. Wait a while, and try again.', { retryAfterMs })
  }
  if (status === 401) return new PunkuError('not_signed_in', text)
  if (status === 403) return new PunkuError('not_allowed', text)
  if (status === 404) return new PunkuError('not_found', text)
  if (status === 409) return new PunkuError('already_exists', text)
  if (status < 500) return new PunkuError('invalid_request', text)
  return PunkuError.from(new Error(`the library for sign-in answered ${status}`))
}

/** Nothing of the library's own headers but its cookies. */
function headersOf(response: Response): Headers {
  const headers = new Headers({ 'cache-control': 'no-store' })
  for (const cookie of response.headers.getSetCookie()) headers.append('set-cookie', cookie)
  return headers
}

/** A page of our own, with one word for an error: what an issuer says in its own words could say anything. */
function plainLocation(location: string): string {
  const url = new URL(location, 'http://localhost')
  const error = url.searchParams.get('error')
  url.searchParams.delete('error_description')
  if (error !== null) url.searchParams.set('error', /^[a-z_]{1,64}$/.test(error) ? error : 'sign_in_failed')
  return url.pathname + url.search
}

function pick(value: unknown, fields: readonly string[]): Record<string, unknown> {
  const from = Object(value) as Readonly<Record<string, unknown>>
  return Object.fromEntries(fields.flatMap((field) => (from[field] === undefined ? [] : [[field, from[field]]])))
}
