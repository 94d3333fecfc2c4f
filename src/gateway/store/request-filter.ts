import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely'
import type { Database } from './schema.ts'

/** The rows that somebody may see. */
export interface RequestScope {
  readonly orgId: string
  /** Only the rows of this person's keys. Default: everybody's, and those of the org's own keys. */
  readonly personId?: string | undefined
  /** Also the rows that are no org's: requests that were refused without a key. Default: no. */
  readonly seesUnnamed?: boolean
}

/** Which of those rows are wanted. What is absent filters nothing. */
export interface RequestFilter {
  readonly keyId?: string
  readonly personId?: string
  /** The model asked for or the one that answered. */
  readonly model?: string
  readonly upstream?: string
  readonly client?: string
  readonly session?: string
  readonly label?: string
  readonly outcome?: 'ok' | 'error'
  /** From this epoch millisecond on. */
  readonly since?: number | undefined
  /** Up to, not with, this epoch millisecond. */
  readonly until?: number | undefined
}

/** Whether a row tells of a failure: by its status, or of an answer that broke off. */
export const HAS_FAILED = sql<SqlBool>`(status >= 400 or error_code is not null)`

/** The condition for rows within a scope that a filter lets through. */
export function isWanted(
  rows: ExpressionBuilder<Database, 'requests'>,
  scope: RequestScope,
  filter: RequestFilter,
): ExpressionWrapper<Database, 'requests', SqlBool> {
  const conditions: ExpressionWrapper<Database, 'requests', SqlBool>[] = []
  const { keyId, personId, model, upstream, client, session, label, outcome, since, until } = filter
  if (keyId !== undefined) conditions.push(rows('key_id', '=', keyId))
  if (personId !== undefined) conditions.push(rows('person_id', '=', personId))
  if (model !== undefined) conditions.push(rows.or([rows('model_used', '=', model), rows('model_asked', '=', model)]))
  if (upstream !== undefined) conditions.push(rows('upstream', '=', upstream))
  if (client !== undefined) conditions.push(rows('client_name', '=', client))
  if (session !== undefined) conditions.push(rows('session_id', '=', session))
  if (label !== undefined) conditions.push(rows('session_label', '=', label))
  if (outcome === 'error') conditions.push(rows.and([HAS_FAILED]))
  if (outcome === 'ok') conditions.push(rows.not(HAS_FAILED))
  if (since !== undefined) conditions.push(rows('at', '>=', since))
  if (until !== undefined) conditions.push(rows('at', '<', until))
  if (scope.personId !== undefined) conditions.push(rows('person_id', '=', scope.personId))
  // At the end of the row, and so at the end here: SQLite reads a row as far as its conditions ask, one after the other.
  const isOfOrg = rows('org_id', '=', scope.orgId)
  conditions.push(scope.seesUnnamed ? rows.or([isOfOrg, rows('org_id', 'is', null)]) : isOfOrg)
  return rows.and(conditions)
}
