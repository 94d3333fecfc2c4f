/** The bounds of pairing. Times are milliseconds. */
export interface PairingLimits {
  /** How long a code waits to be confirmed. Default: 10 minutes. */
  readonly codeMs: number
  /** How long a confirmed code waits for its agent at least, however late it was confirmed. Default: 1 minute. */
  readonly redeemMs: number
  /** How long an agent has to wait between two questions. Default: 5 s. */
  readonly intervalMs: number
  /** How much longer it has to wait each time it came too soon: RFC 8628 §3.5. Default: 5 s. */
  readonly slowDownMs: number
  /** The longest it has to wait. From there on, coming too soon costs no write to the database. Default: 1 minute. */
  readonly maxIntervalMs: number
  /** How long a code that has ended is kept, so that its agent is told why. Default: 10 minutes. */
  readonly keptMs: number
  /** Codes that may wait at a time; more push out those of whoever has the most. Default: 1,000. */
  readonly pending: number
  /** Codes that may wait at a time from one address. Default: 10. */
  readonly pendingPerAddress: number
  /** Codes that may wait at a time from one /24 of IPv4 or /48 of IPv6. Default: 50. */
  readonly pendingPerPrefix: number
  /** Wrong codes that one address may try within `wrongCodesMs`. Default: 10. */
  readonly wrongCodes: number
  /** Default: 10 minutes. */
  readonly wrongCodesMs: number
  /** Confirmations of one code that may fail, before it is worth nothing. Default: 5. */
  readonly failedApprovals: number
  /** How long a refresh token lives after it was last used. Default: 365 days. */
  readonly refreshTokenMs: number
}

export const DEFAULT_PAIRING_LIMITS: PairingLimits = {
  codeMs: 600_000,
  redeemMs: 60_000,
  intervalMs: 5_000,
  slowDownMs: 5_000,
  maxIntervalMs: 60_000,
  keptMs: 600_000,
  pending: 1_000,
  pendingPerAddress: 10,
  pendingPerPrefix: 50,
  wrongCodes: 10,
  wrongCodesMs: 600_000,
  failedApprovals: 5,
  refreshTokenMs: 365 * 86_400_000,
}
