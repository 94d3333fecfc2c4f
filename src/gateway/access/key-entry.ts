import type { PunkuError } from '../../core/error.ts'
import type { KeyRow, KeySecretRow } from '../store/schema.ts'
import { type Key, keyFromRow } from './key.ts'
import { keyExpired, keyRevoked } from './key-refusals.ts'

/** How long the hash of a secret is. */
export const SECRET_HASH_BYTES = 32

/** What opens a key. */
export interface KeySecret {
  readonly hash: Buffer
  /** Epoch milliseconds; `Infinity`: the current one. */
  readonly expiresAt: number
}

/** A key as it is held in memory. */
export interface KeyEntry {
  readonly key: Key
  readonly secrets: readonly KeySecret[]
  /** From when on nobody can use it, epoch milliseconds; `-Infinity`: it was revoked. */
  readonly endsAt: number
  /** Another entry holds the key by now, or none. */
  isStale: boolean
}

/** The entry of a key with what opens it. */
export function keyEntry(key: Key, secrets: readonly KeySecret[]): KeyEntry {
  const lastSecretEndsAt = Math.max(...secrets.map(({ expiresAt }) => expiresAt))
  const endsAt = key.revokedAt === undefined ? Math.min(key.expiresAt ?? Infinity, lastSecretEndsAt) : -Infinity
  return { key, secrets, endsAt, isStale: false }
}

/** The same of rows. Throws `TypeError` when the key's terms cannot be read. */
export function keyEntryFromRows(row: KeyRow, secretRows: readonly KeySecretRow[]): KeyEntry {
  const secrets = secretRows
    .map(({ hash, expires_at }) => ({ hash: Buffer.from(hash, 'hex'), expiresAt: expires_at ?? Infinity }))
    .filter(({ hash }) => hash.length === SECRET_HASH_BYTES)
  return keyEntry(keyFromRow(row), secrets)
}

/** Why nobody can use a key that has ended: its time is over, or it or all that opened it was revoked. */
export function endOf({ key, endsAt }: KeyEntry): PunkuError {
  return key.expiresAt === endsAt ? keyExpired() : keyRevoked()
}
