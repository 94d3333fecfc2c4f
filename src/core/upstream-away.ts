import { PunkuError } from './error.ts'

/**
 * Two retries, as the official SDKs make them, then span the 5 s within which an agent is back once its gateway listens
 * (docs/protocol.md §8).
 */
const RETRY_AFTER_MS = 3_000

/** The refusal of a request whose upstream may be back at any moment. Nothing of it was begun. @param message as of `PunkuError` */
export function upstreamAway(message: string): PunkuError {
  return new PunkuError('upstream_away', message, { retryAfterMs: RETRY_AFTER_MS })
}
