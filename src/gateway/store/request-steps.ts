import type { OpenDatabase } from './database.ts'

/** Rows summed by one query; on SQLite, which has one reader for all, that takes some 10 ms. */
const STEP_ROWS: Readonly<Record<OpenDatabase['dialect'], number>> = { sqlite: 5_000, postgres: 50_000 }

/** Which request rows are summed, in times of their beginning. */
export interface SummedSpan {
  /** Only those of this session. Default: all. */
  readonly session?: string
  readonly since: number | undefined
  /** Rows before this time. */
  readonly until: number | undefined
}

/**
 * When the last step of a span begins: what is summed by one query goes from there. `undefined` when no more of its rows are left
 * than one step takes.
 */
export async function startOfStep(
  { db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>,
  { session, since, until }: SummedSpan,
): Promise<number | undefined> {
  let select = db.selectFrom('requests').select('at')
  if (session !== undefined) select = select.where('session_id', '=', session)
  if (since !== undefined) select = select.where('at', '>=', since)
  if (until !== undefined) select = select.where('at', '<', until)
  const first = await select
    .orderBy('at', 'desc')
    .limit(1)
    .offset(STEP_ROWS[dialect] - 1)
    .executeTakeFirst()
  return first?.at
}
