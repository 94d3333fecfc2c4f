import { pipeline } from 'node:stream/promises'
import { styleText } from 'node:util'
import { escapeSteering, UNREADABLE, withoutSteering } from '../core/steering.ts'

type Style = Parameters<typeof styleText>[0]

/**
 * Writes one line to standard output, or a few; nothing in it steers the terminal. What may hold a stranger's text goes
 * through `visible` first, that it makes no line of its own.
 * @param style as which all of it shows
 */
export function print(line = '', style?: Style): void {
  const text = withoutSteering(line)
  process.stdout.write(`${style === undefined ? text : styled(style, text)}\n`)
}

/**
 * Writes a file as it comes, in pieces, to the byte; to a terminal as text that cannot steer it. Whoever reads it may stop
 * before its end.
 */
export async function printFile(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(process.stdout.isTTY ? shownPieces(pieces) : pieces, process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

/** Says something beside the output, on standard error: it is in no table and no document that is read by a program. */
export function remark(line: string): void {
  process.stderr.write(`${withoutSteering(line)}\n`)
}

/** Writes one JSON document to standard output. */
export function printJson(value: unknown): void {
  print(jsonOf(value, 2))
}

/** Writes one JSON document to standard output, on one line. */
export function printJsonLine(value: unknown): void {
  print(jsonOf(value))
}

/** The same value to whoever reads JSON, with what could steer a terminal written as JSON may write it. */
function jsonOf(value: unknown, indent?: number): string {
  return escapeSteering(JSON.stringify(value, undefined, indent))
}

/** Text in a style, where the terminal shows styles and NO_COLOR does not forbid it. */
function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** A column of a table: its title, and whether its cells stand at the right. */
export interface Column {
  readonly title: string
  readonly isNumber?: boolean
}

/** Text that cannot steer the terminal, on one line. */
export function visible(text: string): string {
  return withoutSteering(text).replaceAll('\n', UNREADABLE)
}

async function* shownPieces(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const piece of pieces) yield withoutSteering(decoder.decode(piece, { stream: true }))
}

/** Rows as aligned columns under their titles, with nothing in them that steers the terminal. Widths count characters as the terminal shows plain text. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]) =>
    columns
      .map(({ isNumber }, at) => {
        const cell = visible(cells[at] ?? '')
        const width = widths[at] ?? 0
        return isNumber ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...rows.map(line)]
}

/** Writes a table, or `empty` where there are no rows. */
export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[], empty: string): void {
  if (rows.length === 0) print(empty)
  else printTableLines(renderTable(columns, rows))
}

/** Writes a rendered table. */
export function printTableLines([titles, ...rows]: readonly string[]): void {
  print(titles, 'dim')
  for (const row of rows) print(row)
}

/** Named facts as lines, a name and its value on each, with nothing in them that steers the terminal. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[]): string[] {
  return facts.map(([name, value]) => `${name.padEnd(10)} ${visible(value)}`)
}

/** Says that a key or tunnel had ended before it was revoked once more. */
export function printRevokedAlready(
  name: string,
  { id, revokedAt }: { readonly id: string; readonly revokedAt: string | null },
): void {
  print(visible(`${name} (${id}) was revoked already, at ${localTime(revokedAt)}.`))
}

/** A time of the API in the reader's own zone: `2026-01-31 12:00:00`; `-` for none. */
export function localTime(iso: string | null): string {
  if (iso === null) return '-'
  const at = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}
