import type { NewRequestRow } from './schema.ts'
import { storableText } from './storable-text.ts'

/** A row with every column that an insert gives, kept complete by its type; never stored. */
export const BLANK_REQUEST: NewRequestRow = {
  id: '',
  at: 0,
  org_id: null,
  key_id: null,
  person_id: null,
  upstream: null,
  dialect: '',
  route: '',
  model_asked: null,
  model_used: null,
  status: 0,
  error_code: null,
  is_streamed: 0,
  sent_ms: null,
  load_ms: null,
  ttfb_ms: null,
  duration_ms: 0,
  prompt_tokens: null,
  completion_tokens: null,
  cached_tokens: null,
  is_estimated: 0,
  request_bytes: 0,
  response_bytes: 0,
  client_name: null,
  client_version: null,
  session_id: null,
}

/**
 * Its columns, in the order in which Kysely names them and seals cover them. With another order no seal that is stored
 * holds any more, and neither with a column more: one that is added later has to be left out of a seal where it is null.
 */
const COLUMNS = Object.keys(BLANK_REQUEST) as (keyof NewRequestRow)[]

/** The values of rows in the order of their columns, one row after the other, as both databases give them back. */
export function requestValues(rows: readonly NewRequestRow[]): unknown[] {
  const values: unknown[] = []
  for (const row of rows) {
    for (const column of COLUMNS) {
      const value = row[column]
      // A text that PostgreSQL refuses would take every row of its batch along: one caller's model name would cost all
      // others their record.
      values.push(typeof value === 'string' ? storableText(value) : value)
    }
  }
  return values
}

/** What a seal covers of a row that `requestValues` gave, as text: the row's place is the seal's to know. */
export function sealedText(values: readonly unknown[], row: number): string {
  return JSON.stringify(values.slice(row * COLUMNS.length, (row + 1) * COLUMNS.length))
}
