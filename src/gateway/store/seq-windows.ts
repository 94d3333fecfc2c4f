import { type Kysely, sql } from 'kysely'
import type { Database } from './schema.ts'

/** Rows that one query looks through at most, some 20 ms: so long other queries wait on SQLite, which has one reader. */
const WINDOW_ROWS = 50_000
/** Entries of the index of times that are read to find where rows stand, 20 ms; where there are more, all is looked through. */
const TIMED_ROWS = 200_000

type NumberedTable = 'requests' | 'audit'

/** Numbers of rows, both with. */
export interface SeqWindow {
  readonly from: number
  readonly to: number
}

export interface SeqWindowsOptions {
  readonly order: 'asc' | 'desc'
  /** Only rows after this one. */
  readonly afterSeq?: number | undefined
  /** Only rows before this one. */
  readonly beforeSeq?: number | undefined
  /** What stands between no rows from this epoch millisecond on may be left out. */
  readonly since?: number | undefined
  /** What stands between no rows before this epoch millisecond may be left out. */
  readonly until?: number | undefined
  /** Ends them between two windows, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The rows of a table in windows by number, without a gap: those that are there when the first is asked for. A query that
 * few rows answer looks through many, and between two windows other queries get their turn.
 */
export async function* seqWindows(
  db: Kysely<Database>,
  table: NumberedTable,
  options: SeqWindowsOptions,
): AsyncGenerator<SeqWindow> {
  const { order, afterSeq = 0, beforeSeq = Infinity, signal } = options
  signal?.throwIfAborted()
  const { oldest, newest } = (await endsOfTimes(db, table, options)) ?? (await endsOfAll(db, table))
  const first = Math.max(oldest ?? 0, afterSeq + 1)
  const last = Math.min(newest ?? 0, beforeSeq - 1)
  for (let done = 0; done <= last - first; done += WINDOW_ROWS) {
    signal?.throwIfAborted()
    if (order === 'asc') yield { from: first + done, to: Math.min(first + done + WINDOW_ROWS - 1, last) }
    else yield { from: Math.max(last - done - WINDOW_ROWS + 1, first), to: last - done }
  }
}

/** What each window holds, oldest first, in pages of so many rows at most. @param read the first rows of a window */
export async function* pagesOf<Row extends { readonly seq: number }>(
  windows: AsyncIterable<SeqWindow>,
  pageRows: number,
  read: (window: SeqWindow, limit: number) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for await (const { from, to } of windows) {
    for (let next = from; next <= to; ) {
      const page = await read({ from: next, to }, pageRows)
      const last = page.at(-1)
      if (last !== undefined) yield page
      next = last === undefined || page.length < pageRows ? to + 1 : last.seq + 1
    }
  }
}

interface Ends {
  readonly oldest: number | null
  readonly newest: number | null
}

async function endsOfAll(db: Kysely<Database>, table: NumberedTable): Promise<Ends> {
  return await db
    .selectNoFrom((from) => [
      from
        .selectFrom(table)
        .select(({ fn }) => fn.min('seq').as('seq'))
        .as('oldest'),
      from
        .selectFrom(table)
        .select(({ fn }) => fn.max('seq').as('seq'))
        .as('newest'),
    ])
    .executeTakeFirstOrThrow()
}

/**
 * The ends of what came between two times, by the index of times; `undefined` where no times are given, or it is much.
 * Numbers do not follow times: a row is numbered when its request ends.
 */
async function endsOfTimes(
  db: Kysely<Database>,
  table: NumberedTable,
  { since, until }: SeqWindowsOptions,
): Promise<Ends | undefined> {
  if (since === undefined && until === undefined) return undefined
  const { count, ...ends } = await db
    .selectFrom((from) => {
      let timed = from.selectFrom(table).select('seq')
      if (since !== undefined) timed = timed.where('at', '>=', since)
      if (until !== undefined) timed = timed.where('at', '<', until)
      return timed.limit(TIMED_ROWS + 1).as('timed')
    })
    .select([
      sql<number | null>`min(seq)`.as('oldest'),
      sql<number | null>`max(seq)`.as('newest'),
      sql<number>`count(*)`.as('count'),
    ])
    .executeTakeFirstOrThrow()
  return count > TIMED_ROWS ? undefined : ends
}

/** The first rows of the windows, at most `wanted`. */
export async function firstOf<Row>(
  windows: AsyncIterable<SeqWindow>,
  wanted: number,
  read: (window: SeqWindow, limit: number) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const found: Row[] = []
  for await (const window of windows) {
    for (const row of await read(window, wanted - found.length)) found.push(row)
    if (found.length >= wanted) break
  }
  return found
}
