/** A text, or a number that may be missing. */
export type Cell = string | { readonly value: number | undefined; readonly digits: number }

/** A table in Markdown whose columns line up in plain text too; the first to the left, the others to the right. */
export function renderTable(head: readonly string[], body: readonly (readonly Cell[])[]): string[] {
  const rows = body.map((row) => row.map(renderCell))
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  const line = (row: readonly string[]) => `| ${row.map(cell).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(head), rule, ...rows.map(line)]
}

function renderCell(cell: Cell): string {
  if (typeof cell === 'string') return cell
  const { value, digits } = cell
  if (value === undefined) return '–'
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
