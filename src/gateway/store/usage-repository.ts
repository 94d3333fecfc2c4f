import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import { HAS_FAILED, isWanted, type RequestFilter, type RequestScope } from './request-filter.ts'
import { startOfStep } from './request-steps.ts'
import type { Database } from './schema.ts'

/** The most groups one answer holds. */
const MAX_ANSWER_GROUPS = 1_000
/** The most groups that are kept while summing: names come from clients, and nothing else bounds them. */
const MAX_GROUPS = 100_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** What requests are summed by. `model` is the one that answered, else the one asked for; days and hours are in UTC. */
export type SummedBy = 'day' | 'hour' | 'model' | 'key' | 'person' | 'client' | 'session' | 'upstream'

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
export interface UsageSum {
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

/** The sum of the requests of one group. */
export interface UsageGroup extends UsageSum {
  /**
   * An id or a name; the day as `YYYY-MM-DD`, the hour as `YYYY-MM-DDThh:00Z`; null for requests without what they are
   * summed by.
   */
  readonly group: string | null
}

/** What the groups that are not given come to. */
export interface UsageRest extends UsageSum {
  /** How many they are; of more than 100,000 in all at least as many. */
  readonly groups: number
}

/** Requests, summed. */
export interface UsageSums {
  readonly groups: readonly UsageGroup[]
  /** `undefined`: the groups are all there are. */
  readonly rest: UsageRest | undefined
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
type Sum = Summed & { cost: number }
type GroupSum = Sum & { readonly group: string | null }

/** Sums of the rows of exchanges. */
export class UsageRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /**
   * Sums, most requests first, or by day or hour, newest first; 1,000 groups at most, and the sum of the rest. Of more
   * than 100,000 groups those that were last used longest ago are in the rest, whatever they have. Rows are summed some
   * at a time, so that other work gets its turn.
   * @param costOf `undefined`: nothing costs anything, and the models need not be told apart
   * @param signal ends it between two of these, with the signal's reason
   */
  async sum(
    scope: RequestScope,
    by: SummedBy,
    filter: RequestFilter,
    costOf: CostOf | undefined,
    signal?: AbortSignal,
  ): Promise<UsageSums> {
    const groups = new Map<string | number | null, GroupSum>()
    const beyond: Sum = { ...NOTHING }
    let { until } = filter
    for (;;) {
      signal?.throwIfAborted()
      const from = await startOfStep({ db: this.#db, dialect: this.#dialect }, { since: filter.since, until })
      signal?.throwIfAborted()
      // The step's own bounds in place of the whole's: beside two lower ones a database may read from the wrong one, and
      // each step would read all that the later ones do.
      const step = { ...filter, since: from ?? filter.since, until }
      for (const part of await this.#sumStep(scope, by, step, costOf !== undefined)) {
        add(groupOf(groups, part, by) ?? beyond, part, costOf)
      }
      if (from === undefined) break
      until = from
    }
    const sorted = [...groups.values()].sort(by === 'day' || by === 'hour' ? laterFirst : moreFirst)
    const rest = sorted.splice(MAX_ANSWER_GROUPS)
    return {
      groups: sorted.map((sum) => ({ group: sum.group, ...usageOf(sum) })),
      rest: rest.length === 0 ? undefined : { groups: rest.length, ...usageOf(rest.reduce(plus, beyond)) },
    }
  }

  /** The sums of one step, apart by model too where models have prices. */
  async #sumStep(scope: RequestScope, by: SummedBy, step: RequestFilter, isByModel: boolean): Promise<Part[]> {
    const group: RawBuilder<string | number | null> = GROUPS[by]
    return await this.#db
      .selectFrom('requests')
      .select([
        group.as('group'),
        (isByModel ? MODEL : NO_MODEL).as('model'),
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
      .where((row) => isWanted(row, scope, step))
      // To sort by the same twice is a tenth of all.
      .groupBy(isByModel && by !== 'model' ? [group, MODEL] : [group])
      .execute()
  }
}

const MODEL = sql<string | null>`coalesce(model_used, model_asked)`
const NO_MODEL = sql<null>`null`
// The length is written into the text: bound as a parameter, SQLite would take it as a real number and not round down.
const GROUPS: Readonly<Record<SummedBy, RawBuilder<string | number | null>>> = {
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

/** The group a part belongs to; `undefined`: a new one would be one too many. */
function groupOf(groups: Map<string | number | null, GroupSum>, part: Part, by: SummedBy): GroupSum | undefined {
  let sum = groups.get(part.group)
  if (sum === undefined && groups.size < MAX_GROUPS) {
    sum = { ...NOTHING, group: typeof part.group === 'number' ? timeOf(part.group, by) : part.group }
    groups.set(part.group, sum)
  }
  return sum
}

function add(sum: Sum, part: Part, costOf: CostOf | undefined): void {
  for (const field of SUMMED) sum[field] += part[field]
  if (part.model === null || costOf === undefined) return
  const { promptTokens: prompt, completionTokens: completion, cachedTokens: cached } = part
  sum.cost += costOf(part.model, { prompt, completion, cached })
}

function plus(total: Sum, sum: Sum): Sum {
  for (const field of SUMMED) total[field] += sum[field]
  total.cost += sum.cost
  return total
}

function usageOf({ ttfbMs, firstBytes, ...sum }: Sum): UsageSum {
  const { requests, errors, promptTokens, completionTokens, cachedTokens, estimated, busyMs, cost } = sum
  const meanTtfbMs = firstBytes === 0 ? null : ttfbMs / firstBytes
  return { requests, errors, promptTokens, completionTokens, cachedTokens, estimated, busyMs, cost, meanTtfbMs }
}

function timeOf(number: number, by: SummedBy): string {
  if (by === 'day') return new Date(number * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
  return `${new Date(number * HOUR_MS).toISOString().slice(0, 'YYYY-MM-DDThh:mm'.length)}Z`
}

function moreFirst(left: GroupSum, right: GroupSum): number {
  return right.requests - left.requests || compareNames(left.group, right.group)
}

function laterFirst(left: GroupSum, right: GroupSum): number {
  return compareNames(right.group, left.group)
}

/** By code units, as neither database's own order is the other's; null comes last. */
function compareNames(left: string | null, right: string | null): number {
  if (left === right) return 0
  if (left === null || right === null) return left === null ? 1 : -1
  return left < right ? -1 : 1
}
