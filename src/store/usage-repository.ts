import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import { HAS_FAILED, isWanted, type RequestFilter, type RequestScope } from './request-filter.ts'
import type { Database } from './schema.ts'

/** Rows summed by one query; on SQLite, in the gateway's own thread, that takes some 2 ms. */
const STEP_ROWS: Readonly<Record<OpenDatabase['dialect'], number>> = { sqlite: 500, postgres: 50_000 }
/** The most groups one answer holds. */
const MAX_ANSWER_GROUPS = 1_000
/** The most groups that are kept while summing: names come from clients, and nothing else bounds them. */
const MAX_GROUPS = 100_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** What requests are summed by. `model` is the one that answered, else the one asked for; days and hours are in UTC. */
export type UsageGrouping = 'day' | 'hour' | 'model' | 'key' | 'person' | 'client' | 'session' | 'upstream'

/** Tokens of one model. */
export interface TokenSum {
  /** With those from the cache. */
  readonly prompt: number
  readonly completion: number
  readonly cached: number
}

/** What tokens of a model cost. */
export type CostOf = (model: string, tokens: TokenSum) => number

/** The sum of some requests. */
export interface UsageGroup {
  /**
   * An id or a name; the day as `YYYY-MM-DD`, the hour as `YYYY-MM-DDThh:00Z`; null for requests without what they are
   * summed by.
   */
  readonly group: string | null
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
  /** From when they were sent to their upstreams until they ended, in milliseconds. */
  readonly busyMs: number
  readonly cost: number
}

const SUMMED = [
  'requests',
  'errors',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'estimated',
  'ttfbMs',
  'firstBytes',
  'busyMs',
] as const
type Summed = Record<(typeof SUMMED)[number], number>

/** The sums of some rows of a group. */
type Part = Summed & { readonly group: string | number | null; readonly model: string | null }
/** A group while it is summed. */
type Sum = Summed & { group: string | null; cost: number }

/** Times between which rows are summed in one go; `undefined`: no bound. */
interface Step {
  /** With it. */
  readonly from: number | undefined
  /** Not with it. */
  readonly before: number | undefined
}

/** Sums of the rows of exchanges. */
export class UsageRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /**
   * Sums, most requests first, or by day or hour, newest first; 1,000 groups at most. Of more than 100,000 groups those
   * that were last used longest ago are left out. Rows are summed some at a time, so that other work gets its turn.
   */
  async sum(scope: RequestScope, by: UsageGrouping, filter: RequestFilter, costOf: CostOf): Promise<UsageGroup[]> {
    const groups = new Map<string | number | null, Sum>()
    let before: number | undefined
    do {
      const from = await this.#startOfStep(filter, before)
      for (const part of await this.#sumStep(scope, by, filter, { from, before })) add(groups, part, by, costOf)
      before = from
      if (before !== undefined) await nextTurn()
    } while (before !== undefined)
    return [...groups.values()]
      .sort(by === 'day' || by === 'hour' ? laterFirst : moreFirst)
      .slice(0, MAX_ANSWER_GROUPS)
      .map(({ ttfbMs, firstBytes, ...sum }) => ({ ...sum, meanTtfbMs: firstBytes === 0 ? null : ttfbMs / firstBytes }))
  }

  /** When the next step back begins; `undefined` when no more rows are left than one step takes. */
  async #startOfStep(filter: RequestFilter, before: number | undefined): Promise<number | undefined> {
    const { since, until } = filter
    let select = this.#db.selectFrom('requests').select('at')
    if (since !== undefined) select = select.where('at', '>=', since)
    if (until !== undefined) select = select.where('at', '<', until)
    if (before !== undefined) select = select.where('at', '<', before)
    const step = STEP_ROWS[this.#dialect]
    const first = await select
      .orderBy('at', 'desc')
      .limit(1)
      .offset(step - 1)
      .executeTakeFirst()
    return first?.at
  }

  /** The sums of one step, apart by model too: models have prices. */
  async #sumStep(scope: RequestScope, by: UsageGrouping, filter: RequestFilter, step: Step): Promise<Part[]> {
    const { from, before } = step
    const group: RawBuilder<string | number | null> = GROUPS[by]
    let select = this.#db
      .selectFrom('requests')
      .select([
        group.as('group'),
        MODEL.as('model'),
        sql<number>`count(*)`.as('requests'),
        sql<number>`sum(case when ${HAS_FAILED} then 1 else 0 end)`.as('errors'),
        sql<number>`coalesce(sum(prompt_tokens), 0)`.as('promptTokens'),
        sql<number>`coalesce(sum(completion_tokens), 0)`.as('completionTokens'),
        sql<number>`coalesce(sum(cached_tokens), 0)`.as('cachedTokens'),
        sql<number>`sum(is_estimated)`.as('estimated'),
        sql<number>`coalesce(sum(ttfb_ms), 0)`.as('ttfbMs'),
        sql<number>`count(ttfb_ms)`.as('firstBytes'),
        // What was refused before an upstream was chosen kept no model busy.
        sql<number>`sum(case when upstream is null then 0 else duration_ms - coalesce(sent_ms, 0) end)`.as('busyMs'),
      ])
      .where((row) => isWanted(row, scope, filter))
      .groupBy([group, MODEL])
    if (from !== undefined) select = select.where('at', '>=', from)
    if (before !== undefined) select = select.where('at', '<', before)
    return await select.execute()
  }
}

const MODEL = sql<string | null>`coalesce(model_used, model_asked)`
// The length is written into the text: bound as a parameter, SQLite would take it as a real number and not round down.
const GROUPS: Readonly<Record<UsageGrouping, RawBuilder<string | number | null>>> = {
  day: sql`at / ${sql.lit(DAY_MS)}`,
  hour: sql`at / ${sql.lit(HOUR_MS)}`,
  model: MODEL,
  key: sql`key_id`,
  person: sql`person_id`,
  client: sql`client_name`,
  session: sql`session_id`,
  upstream: sql`upstream`,
}

const NOTHING = {
  ...(Object.fromEntries(SUMMED.map((field) => [field, 0])) as Summed),
  cost: 0,
}

function add(groups: Map<string | number | null, Sum>, part: Part, by: UsageGrouping, costOf: CostOf): void {
  let sum = groups.get(part.group)
  if (sum === undefined) {
    if (groups.size >= MAX_GROUPS) return
    sum = { ...NOTHING, group: typeof part.group === 'number' ? timeOf(part.group, by) : part.group }
    groups.set(part.group, sum)
  }
  for (const field of SUMMED) sum[field] += part[field]
  if (part.model === null) return
  const { promptTokens: prompt, completionTokens: completion, cachedTokens: cached } = part
  sum.cost += costOf(part.model, { prompt, completion, cached })
}

function timeOf(number: number, by: UsageGrouping): string {
  if (by === 'day') return new Date(number * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
  return `${new Date(number * HOUR_MS).toISOString().slice(0, 'YYYY-MM-DDThh:mm'.length)}Z`
}

function moreFirst(left: Sum, right: Sum): number {
  return right.requests - left.requests || compareNames(left.group, right.group)
}

function laterFirst(left: Sum, right: Sum): number {
  return compareNames(right.group, left.group)
}

/** By code units, as neither database's own order is the other's; null comes last. */
function compareNames(left: string | null, right: string | null): number {
  if (left === right) return 0
  if (left === null || right === null) return left === null ? 1 : -1
  return left < right ? -1 : 1
}
