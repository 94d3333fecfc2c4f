import { z } from 'zod'
import { ConfigError } from '../config/config-error.ts'
import { CONTROL_HEADER } from '../contract/control-header.ts'
import type { Clock } from '../core/clock.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { PunkuError } from '../core/error.ts'
import { parseJson } from '../core/parse-json.ts'
import { Secret } from '../core/secret.ts'
import { askGateway } from '../http-client/ask-gateway.ts'
import type { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError } from '../http-client/gateway-error.ts'
import { DEVICE_GRANT } from '../protocol/oauth.ts'
import { loginAddress } from './login-address.ts'
import type { Login } from './logins.ts'

/** What a command line calls itself when it asks to be signed in. */
const CLIENT_ID = 'punku-cli'
const TIMEOUT_MS = 30_000
/** True answers have a few hundred bytes. */
const MAX_ANSWER_BYTES = 65_536
/** RFC 8628 §3.5: how much longer one waits after `slow_down`. */
const SLOW_DOWN_MS = 5_000

const token = z
  .string()
  .regex(/^[\x21-\x7e]+$/)
  .max(4_096)
/** It is shown, and opened in a browser. */
const pageUrl = z
  .string()
  .max(2_048)
  .refine((text) => /^https?:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text))
const seconds = z.number().positive().max(86_400)

// Fields that are not known are left aside, as RFC 6749 §5.1 asks.
const codeAnswer = z.object({
  device_code: token,
  user_code: z.string().regex(/^[\w-]{1,32}$/),
  verification_uri: pageUrl,
  verification_uri_complete: pageUrl,
  expires_in: seconds,
  interval: seconds,
})
const tokenAnswer = z.object({ access_token: token })
const refusal = z.object({ error: z.string() })
const problem = z.object({ code: z.string() })

/** A code that a person confirms in a browser where they are signed in. */
export interface LoginCode {
  readonly userCode: string
  readonly verificationUrlComplete: string
  readonly expiresInMs: number
}

export interface LoginOptions {
  /** The gateway: scheme, authority and base path, without a trailing slash. */
  readonly url: string
  /** Further authorities to trust for its certificate, an absolute path; `undefined`: none. */
  readonly caFile: string | undefined
  readonly clock: Clock
  /** Told once, as soon as there is a code. */
  readonly onCode: (code: LoginCode) => void
}

/**
 * Signs this machine in at a gateway by device code (RFC 8628): resolves with the token once a person has confirmed it.
 * @throws ConfigError, or PunkuError `invalid_request`, for a file with authorities that cannot be used, CommandFailure when the gateway cannot be reached, or the code was refused or has expired.
 */
export async function logIn(options: LoginOptions): Promise<Secret> {
  try {
    return await askForToken(options)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new CommandFailure(thrown.code === 'rejected' ? 'ended' : 'away', thrown.message, { cause: thrown })
  }
}

async function askForToken({ url, caFile, clock, onCode }: LoginOptions): Promise<Secret> {
  const address = loginAddress({ url, caFile })
  const code = codeAnswer.safeParse(await post(address, '/control/auth/device/code', { client_id: CLIENT_ID }))
  if (!code.success) throw noGateway(url)
  const { device_code, user_code, verification_uri_complete, expires_in, interval } = code.data
  const endsAt = clock.elapsed() + expires_in * 1_000
  onCode({ userCode: user_code, verificationUrlComplete: verification_uri_complete, expiresInMs: expires_in * 1_000 })
  const question = { grant_type: DEVICE_GRANT, device_code, client_id: CLIENT_ID }
  let waitMs = interval * 1_000
  while (clock.elapsed() < endsAt) {
    await new Promise<void>((resolve) => {
      clock.after(waitMs, resolve)
    })
    const answer = await post(address, '/control/auth/device/token', question)
    const granted = tokenAnswer.safeParse(answer)
    if (granted.success) return new Secret(granted.data.access_token)
    const refused = refusal.safeParse(answer)
    const error = refused.success ? refused.data.error : ''
    if (error === 'slow_down') waitMs += SLOW_DOWN_MS
    else if (error !== 'authorization_pending') throw ended(error)
  }
  throw ended('expired_token')
}

/**
 * What became of a session: it has ended for good; it has, and the gateway could not store that yet; or the gateway could
 * not be told.
 */
export type LoggedOut = 'stored' | 'unstored' | 'untold'

/** Ends a session. Where its file with authorities is gone, the gateway cannot be told. */
export async function logOut({ url, token, caFile }: Pick<Login, 'url' | 'token' | 'caFile'>): Promise<LoggedOut> {
  try {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token.reveal()}` }
    using answer = await askGateway(loginAddress({ url, caFile }), '/control/auth/sign-out', {
      method: 'POST',
      headers,
      body: '{}',
      timeoutMs: TIMEOUT_MS,
      limits: 'whole',
    })
    // Any page is answered with 200.
    if (!answer.has(CONTROL_HEADER)) return 'untold'
    if (answer.status >= 200 && answer.status < 300) return 'stored'
    const refused = problem.safeParse(parseJson(await answer.text(MAX_ANSWER_BYTES)))
    return refused.success && refused.data.code === 'revoked_unstored' ? 'unstored' : 'untold'
  } catch (error) {
    if (error instanceof GatewayError || error instanceof ConfigError || error instanceof PunkuError) return 'untold'
    throw error
  }
}

function noGateway(url: string): GatewayError {
  return new GatewayError(
    'invalid',
    `${url} answered, but it is no gateway that people can sign in at. Check the address: it is that of the dashboard, without /ui.`,
  )
}

function ended(error: string): GatewayError {
  if (error === 'access_denied') return new GatewayError('rejected', 'The code was refused in the browser.')
  if (error === 'expired_token') {
    return new GatewayError('rejected', 'The code was not confirmed in time. Sign in again.')
  }
  return new GatewayError('rejected', 'The gateway did not sign this machine in. Sign in again.')
}

async function post(address: GatewayAddress, path: string, fields: Readonly<Record<string, string>>): Promise<unknown> {
  using answer = await askGateway(address, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
    timeoutMs: TIMEOUT_MS,
    limits: 'whole',
  })
  const { status } = answer
  // A refusal of the code is an answer; whatever stands in front of a gateway may fail otherwise.
  if (status >= 500 || status === 429) {
    throw new GatewayError('rejected', `The gateway is not ready (status ${status}). Try again.`, { status })
  }
  return parseJson(await answer.text(MAX_ANSWER_BYTES))
}
