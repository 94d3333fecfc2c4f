import { PunkuError } from '../../core/error.ts'
import { formatDuration } from '../../core/units.ts'
import { type Attempts, networkOf } from '../../http/attempts.ts'

/** Takes one attempt of the network that an address belongs to. Throws `pairing_limited` when it has none left. */
export function requireAttempt(attempts: Attempts, address: string): void {
  const retryAfterMs = attempts.take(networkOf(address))
  if (retryAfterMs === undefined) return
  const wait = formatDuration(retryAfterMs)
  throw new PunkuError('pairing_limited', `Too many attempts came from this address. Try again in ${wait}.`, {
    retryAfterMs,
  })
}
