import type { SettingsBody } from '../../../src/contract/gateway.ts'

type Price = SettingsBody['prices'][number]

/** A price as it is typed. */
export interface PriceRow {
  /** Tells rows apart while they move; it is not stored. */
  readonly id: number
  readonly models: string
  readonly prompt: number | ''
  readonly completion: number | ''
  /** Empty: as the prompt. */
  readonly cached: number | ''
}

/** Prices as rows to type in. */
export function rowsOf(prices: readonly Price[]): PriceRow[] {
  return prices.map(({ models, promptPerMillion, completionPerMillion, cachedPerMillion }, id) => ({
    id,
    models,
    prompt: promptPerMillion,
    completion: completionPerMillion,
    cached: cachedPerMillion ?? '',
  }))
}

/** Rows as the API takes them. A price that is not typed is 0. */
export function pricesOf(rows: readonly PriceRow[]): Price[] {
  return rows.map(({ models, prompt, completion, cached }) => ({
    models: models.trim(),
    promptPerMillion: prompt === '' ? 0 : prompt,
    completionPerMillion: completion === '' ? 0 : completion,
    ...(cached === '' ? {} : { cachedPerMillion: cached }),
  }))
}

/** With one more row: for all models where none is, else for some, before the last that may be for all. */
export function withRow(rows: readonly PriceRow[]): PriceRow[] {
  const row = { id: Math.max(-1, ...rows.map(({ id }) => id)) + 1, prompt: '', completion: '', cached: '' } as const
  if (rows.length === 0) return [{ ...row, models: '*' }]
  const at = rows.at(-1)?.models === '*' ? rows.length - 1 : rows.length
  return rows.toSpliced(at, 0, { ...row, models: '' })
}

/** With a row one place further up. The first that matches counts, so that places matter. */
export function movedUp(rows: readonly PriceRow[], at: number): PriceRow[] {
  const row = rows[at]
  return row === undefined || at === 0 ? [...rows] : rows.toSpliced(at, 1).toSpliced(at - 1, 0, row)
}
