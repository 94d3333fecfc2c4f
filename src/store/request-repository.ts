import { setImmediate as nextTurn } from 'node:timers/promises'
import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, NewRequestRow, RequestRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** Rows in one insert; below both databases' limits on parameters, above which more gain nothing. */
const MAX_INSERT_ROWS = 64
/** The most rows or groups one answer holds. Model names come from clients, so nothing else bounds the groups. */
const MAX_ANSWER_ROWS = 1_000
const DAY_MS = 86_400_000

export interface RequestQuery {
  /** Only rows after this one, oldest first: to follow. Without it, newest first. */
  readonly afterSeq?: number
  /** Only rows before this one: the next page. */
  readonly beforeSeq?: number
  /** At most this many, and never over 1,000. */
  readonly limit: number
  readonly keyId?: string
  /** Only requests that arrived at this epoch millisecond or later. */
  readonly since?: number
}

export interface UsageQuery {
  /** `model` is the one that answered, else the one asked for. */
  readonly by: 'key' | 'model' | 'day'
  /** From this epoch millisecond on. */
  readonly since?: number
  /** Up to, not with, this epoch millisecond. */
  readonly until?: number
}

/** The sum of some requests. */
export interface UsageGroup {
  /** The key's id, the model, or the UTC day as `YYYY-MM-DD`; null for requests without a key or a model. */
  readonly group: string | null
  /** By key: its name, while the key is stored. Else null. */
  readonly keyName: string | null
  readonly requests: number
  /** Those that failed, by status or in mid-stream. */
  readonly errors: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  /** How many of the requests had their tokens estimated. */
  readonly estimated: number
  /** Mean time to first byte over the requests that had one, in milliseconds. */
  readonly meanTtfbMs: number | null
}

/** A row with every column that an insert gives, kept complete by its type; never stored. */
const BLANK: NewRequestRow = {
  id: '',
  at: 0,
  key_id: null,
  upstream: null,
  dialect: '',
  route: '',
  model_asked: null,
  model_used: null,
  status: 0,
  error_code: null,
  is_streamed: 0,
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
const COLUMNS = Object.keys(BLANK) as (keyof NewRequestRow)[]

/** One row of metadata for each exchange. */
export class RequestRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']
  readonly #inserts = new Map<number, CompiledQuery>()

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /**
   * Stores rows in their order, all or none. Token and byte counts have to be whole numbers. Give it all that wait: a
   * row costs half as much among a thousand as among sixty, and other work gets its turn in between.
   */
  async insertMany(rows: readonly NewRequestRow[]): Promise<void> {
    if (rows.length === 0) return
    await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'requests')
      for (let start = 0; start < rows.length; ) {
        // Powers of two: any number of rows goes in few inserts of seven different texts, each compiled once.
        const size = Math.min(MAX_INSERT_ROWS, 2 ** Math.floor(Math.log2(rows.length - start)))
        await transaction.executeQuery({ ...this.#insertOf(size), parameters: parametersOf(rows, start, size) })
        start += size
        // SQLite works in this very thread; a stream must not wait for the whole batch.
        if (start < rows.length) await nextTurn()
      }
    })
  }

  /** Rows, newest first, or oldest first when following with `afterSeq`. */
  async list(query: RequestQuery): Promise<RequestRow[]> {
    let select = this.#db
      .selectFrom('requests')
      .selectAll()
      .orderBy('seq', query.afterSeq === undefined ? 'desc' : 'asc')
      .limit(Math.min(query.limit, MAX_ANSWER_ROWS))
    if (query.afterSeq !== undefined) select = select.where('seq', '>', query.afterSeq)
    if (query.beforeSeq !== undefined) select = select.where('seq', '<', query.beforeSeq)
    if (query.keyId !== undefined) select = select.where('key_id', '=', query.keyId)
    if (query.since !== undefined) select = select.where('at', '>=', query.since)
    return await select.execute()
  }

  /** Sums by key or model, most requests first, or by day, newest first; 1,000 groups at most. */
  async usage({ by, since, until }: UsageQuery): Promise<UsageGroup[]> {
    const group: RawBuilder<string | number | null> = GROUPS[by]
    let select = this.#db
      .selectFrom('requests')
      .select([
        group.as('group'),
        (by === 'key' ? KEY_NAME : NO_NAME).as('keyName'),
        sql<number>`count(*)`.as('requests'),
        sql<number>`sum(case when status >= 400 or error_code is not null then 1 else 0 end)`.as('errors'),
        sql<number>`coalesce(sum(prompt_tokens), 0)`.as('promptTokens'),
        sql<number>`coalesce(sum(completion_tokens), 0)`.as('completionTokens'),
        sql<number>`coalesce(sum(cached_tokens), 0)`.as('cachedTokens'),
        sql<number>`sum(is_estimated)`.as('estimated'),
        sql<number | null>`avg(ttfb_ms)`.as('meanTtfbMs'),
      ])
      .groupBy(group)
      .orderBy(by === 'day' ? group : sql`count(*)`, 'desc')
      .orderBy(group)
      .limit(MAX_ANSWER_ROWS)
    if (since !== undefined) select = select.where('at', '>=', since)
    if (until !== undefined) select = select.where('at', '<', until)
    const rows = await select.execute()
    return rows.map((row) => ({ ...row, group: typeof row.group === 'number' ? dayOf(row.group) : row.group }))
  }

  /** Deletes the rows of exchanges that began before `at`; how many. */
  async deleteBefore(at: number): Promise<number> {
    const { numDeletedRows } = await this.#db.deleteFrom('requests').where('at', '<', at).executeTakeFirstOrThrow()
    return Number(numDeletedRows)
  }

  #insertOf(size: number): CompiledQuery {
    let insert = this.#inserts.get(size)
    if (insert === undefined) {
      insert = this.#db.insertInto('requests').values(new Array<NewRequestRow>(size).fill(BLANK)).compile()
      this.#inserts.set(size, insert)
    }
    return insert
  }
}

const GROUPS = {
  key: sql<string | null>`key_id`,
  model: sql<string | null>`coalesce(model_used, model_asked)`,
  // The day is written into the text: bound as a parameter, SQLite would take it as a real number and not round down.
  day: sql<number>`at / ${sql.lit(DAY_MS)}`,
}
const KEY_NAME = sql<string | null>`(select name from keys where keys.id = requests.key_id)`
const NO_NAME = sql<string | null>`null`

function dayOf(daysSinceEpoch: number): string {
  return new Date(daysSinceEpoch * DAY_MS).toISOString().slice(0, 10)
}

/** The values of `size` rows from `start`, in the order in which Kysely names the columns. */
function parametersOf(rows: readonly NewRequestRow[], start: number, size: number): unknown[] {
  const parameters: unknown[] = []
  for (let index = start; index < start + size; index++) {
    const row = rows[index] as NewRequestRow
    for (const column of COLUMNS) {
      const value = row[column]
      // PostgreSQL refuses a text with NUL, and with it every row of the batch: one caller's model name would cost
      // all others their record.
      parameters.push(typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value)
    }
  }
  return parameters
}
