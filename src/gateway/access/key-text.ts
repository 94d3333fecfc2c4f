import { createHmac } from 'node:crypto'
import { randomId } from '../../core/id.ts'
import type { Secret } from '../../core/secret.ts'

const ID_LENGTH = 10
/** 52 characters of 5 bits: more than SHA-256 could keep apart. */
const SECRET_LENGTH = 52
const KEY_TEXT = new RegExp(`^pk_([0-9a-hjkmnp-tv-z]{${ID_LENGTH}})_([0-9a-hjkmnp-tv-z]{${SECRET_LENGTH}})$`)

/** The length of every key's text. */
export const KEY_LENGTH = 'pk_'.length + ID_LENGTH + '_'.length + SECRET_LENGTH

/** The two halves of a key's text, `pk_<id>_<secret>`. */
export interface KeyText {
  /** Public: it may stand in lists, logs and rows. */
  readonly id: string
  readonly secret: string
}

/** The public id of a new key. */
export function newKeyId(): string {
  return randomId(ID_LENGTH)
}

/** A new secret of 260 random bits. */
export function newKeySecret(): string {
  return randomId(SECRET_LENGTH)
}

/** What the holder of a key presents. */
export function renderKey({ id, secret }: KeyText): string {
  return `pk_${id}_${secret}`
}

/** Reads a key's text; `undefined` for anything that cannot be one. Letter case counts. */
export function parseKey(text: string): KeyText | undefined {
  const match = KEY_TEXT.exec(text)
  return match === null ? undefined : { id: match[1] as string, secret: match[2] as string }
}

/** Whether a text was meant as a key of this gateway, whatever became of it. */
export function isMeantAsKey(text: string): boolean {
  return /pk_/i.test(text)
}

/**
 * What is stored of a secret: HMAC-SHA-256 under the gateway's pepper, 32 bytes. A secret has 260 random bits, so no
 * slow hash is needed; without the pepper a stolen table does not even serve to check a guess.
 */
export function hashSecret(pepper: Secret, secret: string): Buffer {
  return createHmac('sha256', pepper.reveal()).update(secret).digest()
}
