import { randomBytes, timingSafeEqual } from 'node:crypto'
import { randomId } from './id.ts'
import { Secret } from './secret.ts'

const ID_LENGTH = 10
/** 52 characters of 5 bits: more than SHA-256 could keep apart. */
const SECRET_LENGTH = 52
const SYMBOL = '[0-9a-hjkmnp-tv-z]'
const TOKEN_TEXT = new RegExp(`^(p[dtri])_(${SYMBOL}{${ID_LENGTH}})_${SYMBOL}{${SECRET_LENGTH}}$`)
const HASH_BYTES = 32
/** Stands in for the hash of a token that is not stored. */
const NOBODY = randomBytes(HASH_BYTES)

/**
 * A token's kind is the prefix of its text. Of tunnels, `pd`: a device code. `pt`: a one-time token. `pr`: a refresh
 * token. Of people, `pi`: an invitation.
 */
export type TokenKind = 'pd' | 'pt' | 'pr' | 'pi'

/** A token's text, `<kind>_<id>_<secret>`, with what may be known of it. */
export interface TokenText {
  /** Public: it may stand in logs and rows. */
  readonly id: string
  readonly text: Secret
}

/** A new token of 260 random bits. */
export function newToken(kind: TokenKind): TokenText {
  const id = randomId(ID_LENGTH)
  return { id, text: new Secret(`${kind}_${id}_${randomId(SECRET_LENGTH)}`) }
}

/** The public id of a token of one of the kinds; `undefined` for any text that cannot be one. Letter case counts. */
export function tokenId(text: string, kinds: readonly TokenKind[]): string | undefined {
  const match = TOKEN_TEXT.exec(text)
  return kinds.some((kind) => kind === match?.[1]) ? match?.[2] : undefined
}

/** Whether a presented token's hash is the stored one (hex). Takes as long when none is stored. */
export function isSameHash(presented: Buffer, stored: string | undefined): boolean {
  const hash = Buffer.from(stored ?? '', 'hex')
  return timingSafeEqual(presented, hash.length === HASH_BYTES ? hash : NOBODY)
}
