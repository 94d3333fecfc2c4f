import { type Cell, renderTable } from './table.ts'

/** What one measure has found: a table, and how it stands against what is asked of it. */
export interface Finding {
  readonly title: string
  /** What was measured, for whoever reads the table: a sentence or two. */
  readonly how: string
  readonly columns: readonly string[]
  readonly rows: readonly FindingRow[]
  readonly bars: readonly Bar[]
}

export interface FindingRow {
  readonly title: string
  /** Behind the point. */
  readonly digits: number
  /** One for each column; `undefined` where it has no meaning, or nothing to measure it by is installed. */
  readonly values: readonly (number | undefined)[]
}

/** What a number should be. */
export interface Bar {
  readonly title: string
  readonly value: number | undefined
  readonly atMost?: number
  readonly atLeast?: number
  readonly digits: number
}

/** As Markdown. */
export function renderFinding({ title, how, columns, rows, bars }: Finding): readonly string[] {
  const body: readonly Cell[][] = rows.map((row) => [
    row.title,
    ...row.values.map((value) => ({ value, digits: row.digits })),
  ])
  return [`**${title}.** ${how}`, '', ...renderTable(['', ...columns], body), '', ...bars.map(renderBar)]
}

function renderBar({ title, value, atMost, atLeast, digits }: Bar): string {
  const asked = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  if (value === undefined) return `- ${title}: not measured here (${asked} is asked).`
  const isMet = atMost === undefined ? value >= (atLeast ?? 0) : value <= atMost
  return `- ${title}: ${value.toFixed(digits)} (${asked} is asked${isMet ? '' : ': missed'}).`
}
