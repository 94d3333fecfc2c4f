import { PunkuError } from '../../core/error.ts'
import type { KeyRow } from '../store/schema.ts'
import { parseTerms } from './key-grant.ts'
import { type GrantedTerms, NO_TERMS } from './key-terms.ts'

/**
 * A key and its terms, what it may do, as they stood when it was read. Nothing of its secret. Times are epoch
 * milliseconds.
 */
export interface Key extends GrantedTerms {
  /** The public id inside `pk_<id>_<secret>`. */
  readonly id: string
  readonly orgId: string
  /** Whose it is; `undefined`: the org's own. */
  readonly personId: string | undefined
  /** Who made it, in words. */
  readonly createdBy: string
  /** Grows with each change that people make to it. */
  readonly version: number
  readonly name: string
  readonly createdAt: number
  /** `undefined`: never. */
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  /** Written now and then: up to half a minute late. */
  readonly lastUsedAt: number | undefined
}

/** The key that a row holds. Throws `TypeError` when its terms cannot be read: then it grants nothing. */
export function keyFromRow(row: KeyRow): Key {
  return keyWith(parseTerms(row.terms), row)
}

/** The same for whoever looks after keys: one whose terms cannot be read is there all the same, and grants nothing. */
export function shownKeyFromRow(row: KeyRow): Key {
  try {
    return keyFromRow(row)
  } catch {
    return keyWith(NO_TERMS, row)
  }
}

/** The same for a change of it. Throws `invalid_request` when its terms cannot be read: they may hold a limit. */
export function changeableKeyFromRow(row: KeyRow): Key {
  try {
    return keyFromRow(row)
  } catch (cause) {
    const message =
      'This version of Punku cannot read what the key may do, so the key opens nothing here. Run the version that made it, or revoke it and make another.'
    throw new PunkuError('invalid_request', message, { cause })
  }
}

function keyWith(terms: GrantedTerms, row: KeyRow): Key {
  return {
    id: row.id,
    orgId: row.org_id,
    personId: row.person_id ?? undefined,
    createdBy: row.created_by,
    version: row.version,
    name: row.name,
    ...terms,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  }
}
