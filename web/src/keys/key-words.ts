import type { StoredSettingsBody } from '../../../src/contract/gateway.ts'
import type { KeyBody } from '../../../src/contract/keys.ts'
import type { Tone } from '../parts/state-pill.tsx'

export const DAY_MS = 86_400_000
/** A key that ends within this time says so in its pill. */
const SOON_MS = 7 * DAY_MS

/** The state of a key, as its pill has it. @param nowMs epoch milliseconds */
export function keyState(
  { state, expiresAt }: KeyBody,
  nowMs: number,
): { readonly tone: Tone; readonly words: string } {
  if (state === 'revoked') return { tone: 'bad', words: 'Revoked' }
  if (state === 'expired') return { tone: 'idle', words: 'Expired' }
  const isSoon = expiresAt !== null && Date.parse(expiresAt) - nowMs < SOON_MS
  return isSoon ? { tone: 'warn', words: 'Ends soon' } : { tone: 'good', words: 'Active' }
}

/** The org's rules for members' own keys, as sentences. @param who whom they are told to or of */
export function ruleSentences(
  { memberKeys }: Pick<StoredSettingsBody, 'memberKeys'>,
  who: 'You' | 'Each member' = 'You',
): string[] {
  const { max, models, maxLifeMs, allowsCloud, allowsManage } = memberKeys
  if (max === 0) return ['In this org members make no keys of their own: an admin makes them.']
  const sentences = [
    `${who} may have ${max === 1 ? 'one key' : `up to ${max} keys`} at a time.`,
    models.includes('*') ? 'They may use all models.' : `They may use models named ${models.join(', ')}.`,
    maxLifeMs === null ? 'They may live for ever.' : `They live for ${daysWords(maxLifeMs)} at most.`,
  ]
  if (!allowsCloud) sentences.push('Cloud models are left out.')
  if (!allowsManage) sentences.push('They cannot pull or delete models.')
  return sentences
}

/** A span in whole days where it is one, else in hours. */
export function daysWords(ms: number): string {
  const days = ms / DAY_MS
  if (days >= 1) {
    const rounded = Math.round(days)
    return rounded === 1 ? '1 day' : `${rounded} days`
  }
  const hours = Math.max(1, Math.round(ms / 3_600_000))
  return hours === 1 ? '1 hour' : `${hours} hours`
}
