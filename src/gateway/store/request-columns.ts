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
  left_out: null,
  translated: null,
  session_label: null,
  tool_calls: null,
}

/**
 * Its columns, in the order in which Kysely names them and seals cover them. With another order no seal that is stored
 * holds any more. What is added stands at the end, and is left out of a seal where it is null, as the last ones are.
 */
const COLUMNS = Object.keys(BLANK_REQUEST) as (keyof NewRequestRow)[]

/** How many columns a seal covers always; those behind them came later. */
const SEALED_ALWAYS = COLUMNS.indexOf('left_out')

/** The values of rows in the order of their columns, one row after the other, as both databases give them back. */
export function requestValues(rows: readonly NewRequestRow[]): unknown[] {
  const values: unknown[] = []
  for (const row of rows) {
    for (const column of COLUMNS) {
      const value = row[column] ?? null
      // A text that PostgreSQL refuses would take every row of its batch along: one caller's model name would cost all
      // others their record.
      values.push(typeof value === 'string' ? storableText(value) : value)
    }
  }
  return values
}

/** The columns of one row among the values of many. */
export const REQUEST_COLUMNS: number = COLUMNS.length

/** When each row began, among the values of many. */
export function* timesOf(values: readonly unknown[]): Generator<number> {
  for (let index = COLUMNS.indexOf('at'); index < values.length; index += COLUMNS.length) yield values[index] as number
}

/** Rows as text, the values of each in a line of their own: what a seal covers of them, and what another thread is sent. */
export function requestLines(rows: readonly NewRequestRow[]): string {
  const lines = rows.map((row) => {
    const line = JSON.stringify(sealedValues(row))
    // What is not storable is written as an escape: one look at the line spares one at each of its texts.
    return `${line.includes('\\u') ? JSON.stringify(sealedOf(requestValues([row]))) : line}\n`
  })
  // Joined, and not added up: a text of many parts would be put together by whoever reads it.
  return lines.join('')
}

/** The values that `requestLines` was made of, one row after the other. */
export function lineValues(lines: string): unknown[] {
  // A line ends nowhere else: JSON writes a line feed inside a text as an escape.
  const rows = JSON.parse(`[${lines.trimEnd().replaceAll(']\n[', '],[')}]`) as unknown[][]
  return rows.flatMap((row) =>
    row.length === COLUMNS.length ? row : [...row, ...new Array(COLUMNS.length - row.length).fill(null)],
  )
}

/** The values of a row as they are. */
function sealedValues(row: NewRequestRow): unknown[] {
  const values: unknown[] = new Array(COLUMNS.length)
  for (let at = 0; at < COLUMNS.length; at++) values[at] = row[COLUMNS[at] as keyof NewRequestRow] ?? null
  return sealedOf(values)
}

/** Cuts off the columns at the end that came later and are null. */
function sealedOf(values: unknown[]): unknown[] {
  while (values.length > SEALED_ALWAYS && values[values.length - 1] === null) values.pop()
  return values
}
