/** What a code means to a caller: its HTTP status and whether asking again may help. */
interface ErrorSpec {
  /**
   * The HTTP status when the response has not started. What lasts until somebody mends it is neither 5xx nor 429, which
   * tools repeat for minutes. 499 is for the log only: nobody is left to read it.
   */
  readonly status: number
  /** Sent as `x-should-retry`; both official SDKs obey it before their own rule. */
  readonly isRetryable: boolean
}

/**
 * Every error code there is. The same word stands in code, logs, metrics, request rows, the wire and `docs/errors.md`
 * (held by a test). A code is never reused for another meaning.
 */
export const ERRORS = {
  invalid_request: { status: 400, isRetryable: false },
  invalid_json: { status: 400, isRetryable: false },
  ambiguous_request: { status: 400, isRetryable: false },
  conflicting_credentials: { status: 400, isRetryable: false },
  key_missing: { status: 401, isRetryable: false },
  key_malformed: { status: 401, isRetryable: false },
  key_unknown: { status: 401, isRetryable: false },
  key_expired: { status: 401, isRetryable: false },
  key_revoked: { status: 401, isRetryable: false },
  network_not_allowed: { status: 403, isRetryable: false },
  route_not_allowed: { status: 403, isRetryable: false },
  model_not_allowed: { status: 403, isRetryable: false },
  cloud_not_allowed: { status: 403, isRetryable: false },
  field_not_allowed: { status: 403, isRetryable: false },
  host_not_allowed: { status: 403, isRetryable: false },
  origin_not_allowed: { status: 403, isRetryable: false },
  key_not_found: { status: 404, isRetryable: false },
  tunnel_not_found: { status: 404, isRetryable: false },
  tunnel_limit_reached: { status: 402, isRetryable: false },
  pairing_not_found: { status: 404, isRetryable: false },
  pairing_expired: { status: 410, isRetryable: false },
  pairing_limited: { status: 429, isRetryable: true },
  not_signed_in: { status: 401, isRetryable: false },
  not_allowed: { status: 403, isRetryable: false },
  not_found: { status: 404, isRetryable: false },
  already_exists: { status: 409, isRetryable: false },
  version_conflict: { status: 409, isRetryable: false },
  last_of_its_kind: { status: 409, isRetryable: false },
  limit_reached: { status: 409, isRetryable: false },
  sign_in_limited: { status: 429, isRetryable: true },
  issuer_unreachable: { status: 503, isRetryable: true },
  model_not_found: { status: 404, isRetryable: false },
  upstream_not_found: { status: 404, isRetryable: false },
  route_not_found: { status: 404, isRetryable: false },
  route_not_served: { status: 404, isRetryable: false },
  method_not_allowed: { status: 405, isRetryable: false },
  request_timeout: { status: 408, isRetryable: true },
  request_too_large: { status: 413, isRetryable: false },
  unsupported_encoding: { status: 415, isRetryable: false },
  headers_too_large: { status: 431, isRetryable: false },
  upgrade_refused: { status: 426, isRetryable: false },
  overloaded: { status: 503, isRetryable: true },
  shutting_down: { status: 503, isRetryable: true },
  upstream_refused: { status: 502, isRetryable: true },
  upstream_unreachable: { status: 502, isRetryable: true },
  upstream_away: { status: 503, isRetryable: true },
  upstream_reset: { status: 502, isRetryable: false },
  upstream_invalid: { status: 424, isRetryable: false },
  upstream_denied: { status: 424, isRetryable: false },
  agent_denied: { status: 403, isRetryable: false },
  agent_busy: { status: 503, isRetryable: true },
  upstream_rejected: { status: 400, isRetryable: false },
  upstream_busy: { status: 503, isRetryable: true },
  upstream_failed: { status: 502, isRetryable: false },
  upstream_interrupted: { status: 502, isRetryable: false },
  upstream_timeout: { status: 504, isRetryable: false },
  client_closed: { status: 499, isRetryable: false },
  client_stalled: { status: 499, isRetryable: false },
  gateway_not_running: { status: 503, isRetryable: true },
  store_unavailable: { status: 503, isRetryable: true },
  revoked_unstored: { status: 503, isRetryable: true },
  gateway_killed: { status: 500, isRetryable: false },
  internal: { status: 500, isRetryable: false },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

export interface PunkuErrorOptions {
  /** The thrown value behind this one; for the log, never for the caller. */
  readonly cause?: unknown
  /** How long the caller should wait before it asks again, in milliseconds. Sent as `retry-after`. */
  readonly retryAfterMs?: number
  /** The request field at fault (`model`, `options.num_ctx`); OpenAI's shape has a place for it. */
  readonly param?: string
  /** The methods that the path has, where the one that was asked for is none of them. Sent as `allow`. */
  readonly allowedMethods?: readonly string[]
  /**
   * What the model server said, bounded and cleaned: for whoever asked alone. It may repeat a prompt, so that it is neither
   * logged nor stored.
   */
  readonly said?: string | undefined
  /** Facts for the log only: addresses, how a connection failed. Never key material, and nothing a model server said. */
  /** The protocol that is spoken in place of the one that was asked for. Sent as `upgrade`. */
  readonly spokenProtocol?: string
  /** Facts for the log only: addresses, upstream text. Never key material. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>
}

/**
 * The one error class. `message` may be shown to anyone who can send a request: it says what happened, why, and what
 * to do next, and holds no address, no upstream text and nothing of a credential. What a model server said stands beside it.
 */
export class PunkuError extends Error {
  override readonly name = 'PunkuError'
  readonly code: ErrorCode
  readonly retryAfterMs: number | undefined
  readonly param: string | undefined
  readonly allowedMethods: readonly string[] | undefined
  readonly said: string | undefined
  readonly spokenProtocol: string | undefined
  readonly detail: Readonly<Record<string, string | number | boolean>>

  constructor(code: ErrorCode, message: string, options: PunkuErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.param = options.param
    this.allowedMethods = options.allowedMethods
    this.said = options.said
    this.spokenProtocol = options.spokenProtocol
    this.detail = options.detail ?? {}
  }

  /** What whoever asked is told: the message, and what the model server said. */
  get text(): string {
    return this.said === undefined ? this.message : `${this.message} It said: ${this.said}`
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get isRetryable(): boolean {
    return ERRORS[this.code].isRetryable
  }

  /** Any thrown value as a `PunkuError`: itself if it is one, else `internal` with the value as its cause. */
  static from(thrown: unknown): PunkuError {
    if (thrown instanceof PunkuError) return thrown
    return new PunkuError(
      'internal',
      'The gateway failed on this request. Its log has the cause under the request id.',
      {
        cause: thrown,
      },
    )
  }
}
