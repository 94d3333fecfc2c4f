import { type RawBuilder, type SqlBool, sql } from 'kysely'

/**
 * Whether a key or a tunnel of a query is revoked, or is not: those of these ids are, whatever is stored of them. For a
 * query of one table with the columns `id` and `revoked_at`.
 */
export function isRevokedAs(isRevoked: boolean, revokedHere: readonly string[] = []): RawBuilder<SqlBool> {
  const stored = isRevoked ? sql<SqlBool>`revoked_at is not null` : sql<SqlBool>`revoked_at is null`
  if (revokedHere.length === 0) return stored
  const ids = sql.join(revokedHere)
  return isRevoked ? sql<SqlBool>`(${stored} or id in (${ids}))` : sql<SqlBool>`(${stored} and id not in (${ids}))`
}
