import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { Secret } from '../core/secret.ts'
import { SOFTWARE } from '../core/version.ts'
import { askGateway } from '../http-client/ask-gateway.ts'
import type { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError, MAY_SPEAK_TLS, printable } from '../http-client/gateway-error.ts'
import { retryAfterMs } from '../http-client/retry-after.ts'
import { MAX_TOKEN_BYTES } from '../protocol/limits.ts'
import { CLIENT_ID, DEVICE_GRANT, TOKEN_ERRORS, type TokenErrorCode } from '../protocol/oauth.ts'

const TIMEOUT_MS = 15_000
/** The longest answer that is read; true ones have a few hundred bytes. */
const MAX_ANSWER_BYTES = 65_536
/** RFC 8628 §3.2, where an answer names none. */
const DEFAULT_INTERVAL_S = 5

/** The gateway's answer was one of the errors of OAuth 2.0. The message is the gateway's own, made printable. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  readonly code: TokenErrorCode

  constructor(code: TokenErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** How an agent introduces itself to whoever confirms its pairing. Absent texts are not sent. */
export interface PairingIntroduction {
  readonly label?: string
  readonly machine?: string
  readonly platform?: string
}

/** A pairing that waits to be confirmed. */
export interface DeviceAnswer {
  readonly deviceCode: Secret
  /** As people see it: `9KV-DU6`. */
  readonly userCode: string
  /** The page to open, and the same with the code filled in; `http` or `https`. */
  readonly verificationUrl: string
  readonly verificationUrlComplete: string
  readonly expiresInMs: number
  readonly intervalMs: number
}

export interface AccessToken {
  readonly token: Secret
  readonly expiresInMs: number
}

/** What a refresh token gives. */
export interface RefreshedCredential {
  readonly access: AccessToken
  /** `undefined`: a gateway of before 0.2 replaces none. */
  readonly refreshToken: Secret | undefined
}

/** What a pairing gives, once. */
export interface PairedCredential {
  readonly access: AccessToken
  readonly refreshToken: Secret
  readonly tunnel: { readonly id: string; readonly label: string }
}

export interface TokenClientOptions {
  readonly address: GatewayAddress
  readonly clock: Clock
  /** Until an answer is whole. Default 15 s. */
  readonly timeoutMs?: number
}

const seconds = z
  .number()
  .positive()
  .max(366 * 86_400)
const token = z
  .string()
  .regex(/^[\x21-\x7e]+$/)
  .max(MAX_TOKEN_BYTES)
/** It is shown, and opened in a browser. */
const pageUrl = z
  .string()
  .max(2_048)
  .refine((text) => /^https?:\/\/[\x21-\x7e]+$/.test(text) && URL.canParse(text))

// Fields that are not known are left aside, as RFC 6749 §5.1 asks.
const deviceAnswer = z.object({
  device_code: token,
  user_code: z.string().regex(/^[\w-]{1,32}$/),
  verification_uri: pageUrl,
  verification_uri_complete: pageUrl.optional(),
  expires_in: seconds,
  interval: seconds.max(300).optional(),
})
const accessAnswer = z.object({
  token_type: z.string().regex(/^bearer$/i),
  access_token: token,
  expires_in: seconds,
})
const refreshedAnswer = accessAnswer.extend({ refresh_token: token.optional() })
const pairedAnswer = accessAnswer.extend({
  refresh_token: token,
  tunnel_id: z.string().regex(/^[\w-]{1,64}$/),
  label: z.string().max(128),
})
const refusal = z.object({ error: z.string(), error_description: z.string().optional() })

/**
 * Asks a gateway for pairings and tokens (docs/protocol.md §9). Every method rejects with `TokenRefused` for an error of
 * OAuth's, and with `GatewayError` for everything else. Tokens go in bodies and nowhere else.
 */
export class TokenClient {
  readonly #options: TokenClientOptions

  constructor(options: TokenClientOptions) {
    this.#options = options
  }

  /** Asks for a code that a person then confirms. */
  async startPairing(introduction: PairingIntroduction, signal?: AbortSignal): Promise<DeviceAnswer> {
    const fields = { ...introduction, software: SOFTWARE }
    const answer = await this.#post('/tunnel/device', fields, deviceAnswer, signal)
    return {
      deviceCode: new Secret(answer.device_code),
      userCode: answer.user_code,
      verificationUrl: answer.verification_uri,
      verificationUrlComplete: answer.verification_uri_complete ?? answer.verification_uri,
      expiresInMs: answer.expires_in * 1_000,
      intervalMs: (answer.interval ?? DEFAULT_INTERVAL_S) * 1_000,
    }
  }

  /** Exchanges a confirmed device code, or a one-time token. It works once. */
  async redeem(deviceCode: Secret, signal?: AbortSignal): Promise<PairedCredential> {
    const fields = { grant_type: DEVICE_GRANT, device_code: deviceCode.reveal() }
    const answer = await this.#post('/tunnel/token', fields, pairedAnswer, signal)
    return {
      access: accessTokenOf(answer),
      refreshToken: new Secret(answer.refresh_token),
      tunnel: { id: answer.tunnel_id, label: printable(answer.label) },
    }
  }

  /** A new access token, and the refresh token that takes the place of the one it was asked with. */
  async refresh(refreshToken: Secret, signal?: AbortSignal): Promise<RefreshedCredential> {
    const fields = { grant_type: 'refresh_token', refresh_token: refreshToken.reveal(), keeps_new: 'true' }
    const answer = await this.#post('/tunnel/token', fields, refreshedAnswer, signal)
    const next = answer.refresh_token
    return { access: accessTokenOf(answer), refreshToken: next === undefined ? undefined : new Secret(next) }
  }

  async #post<Answer extends z.ZodType>(
    path: string,
    fields: Readonly<Record<string, string | undefined>>,
    schema: Answer,
    signal: AbortSignal | undefined,
  ): Promise<z.output<Answer>> {
    const form = new URLSearchParams({ client_id: CLIENT_ID })
    for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== '') form.set(name, value)
    const { status, retryAfter, text } = await post(this.#options, path, form.toString(), signal)
    const json = parse(text)
    if (status === 200) {
      const answer = schema.safeParse(json)
      if (answer.success) return answer.data
      throw new GatewayError(
        'invalid',
        'What answers there is no gateway of a version that this agent knows. Check that this machine is online and not before a sign-in page of its network.',
      )
    }
    const refused = refusal.safeParse(json)
    const isPlain = this.#options.address.url.startsWith('http:')
    if (!refused.success) throw rejected(status, retryAfter, status === 400 && isPlain ? MAY_SPEAK_TLS : '')
    const { error, error_description: description = '' } = refused.data
    const code = TOKEN_ERRORS.find((one) => one === error)
    // Only the statuses of RFC 6749 §5.2: whatever else stands on the way must not end a pairing.
    if (code === undefined || (status !== 400 && status !== 401))
      throw rejected(status, retryAfter, description === '' ? '' : ` It says: ${printable(description)}`)
    throw new TokenRefused(code, printable(description))
  }
}

function accessTokenOf(answer: z.output<typeof accessAnswer>): AccessToken {
  return { token: new Secret(answer.access_token), expiresInMs: answer.expires_in * 1_000 }
}

/** Sends a form and reads the answer, in the time allowed. Rejects with `GatewayError`. */
async function post(
  { address, clock, timeoutMs = TIMEOUT_MS }: TokenClientOptions,
  path: string,
  form: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly retryAfter: string | undefined; readonly text: string }> {
  const answer = await askGateway(address, path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form,
    timeoutMs,
    limits: 'whole',
    clock,
    signal,
  })
  const { status, retryAfter } = answer
  return { status, retryAfter, text: await answer.text(MAX_ANSWER_BYTES) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function rejected(status: number, retryAfter: string | undefined, more: string): GatewayError {
  const isAway = status >= 500 || status === 429
  const what = isAway
    ? `The gateway, or what stands before it, is not ready (status ${status}).`
    : `The gateway refused with status ${status}. Check its address, and the versions of both.`
  return new GatewayError('rejected', what + more, { status, retryAfterMs: retryAfterMs(retryAfter) })
}
