import { hkdfSync } from 'node:crypto'
import type { Secret } from './secret.ts'

const KEY_BYTES = 32

/**
 * A key of 32 bytes for one purpose (HKDF-SHA-256, RFC 5869). Keys of different labels tell nothing of each other, nor of
 * the secret they are made from.
 */
export function derivedKey(secret: Secret, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret.reveal(), '', label, KEY_BYTES))
}
