import { type Kysely, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import { HAS_FAILED, isWanted, type RequestFilter, type RequestScope } from './request-filter.ts'
import { startOfStep } from './request-steps.ts'
import type { Database } from './schema.ts'
import { seqWindows } from './seq-windows.ts'
import { type SessionRows, SummedSession } from './summed-session.ts'
import type { CostOf } from './usage-repository.ts'

export interface ToolSessionQuery extends Omit<RequestFilter, 'session'> {
  /** Only sessions whose last request is before this one: the next page. */
  readonly beforeSeq?: number | undefined
  readonly limit: number
}

/** What tools did, each in a session: the rows that name one. Rows of different people may name the same. */
export class ToolSessionRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']
  readonly #turnRoutes: readonly string[]

  /** @param turnRoutes the routes on which a model is asked to write, as rows name them */
  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>, turnRoutes: readonly string[]) {
    this.#db = db
    this.#dialect = dialect
    this.#turnRoutes = turnRoutes
  }

  /**
   * Sessions, the one with the last request first. What goes on moves to the front: whoever reads page by page sees no
   * session twice, but may miss one that went on meanwhile.
   * @param costOf `undefined`: nothing costs anything
   * @param signal ends the search, with the signal's reason
   */
  async list(
    scope: RequestScope,
    query: ToolSessionQuery,
    costOf: CostOf | undefined,
    signal?: AbortSignal,
  ): Promise<readonly SummedSession[]> {
    const { beforeSeq, limit, ...filter } = query
    const { since, until } = filter
    const found: SummedSession[] = []
    const seen = new Set<string>()
    const windows = seqWindows(this.#db, 'requests', { order: 'desc', beforeSeq, since, until, signal })
    for await (const { from, to } of windows) {
      for (let last = to; last >= from; ) {
        const names = await this.#namesIn(scope, filter, { from, to: last, limit })
        for (const { id } of names) {
          if (seen.has(id)) continue
          seen.add(id)
          const session = await this.#sum(scope, { ...filter, session: id }, costOf, signal)
          // One that went on behind where this page begins stands on an earlier one.
          if (session === undefined || session.lastSeq >= (beforeSeq ?? Infinity)) continue
          found.push(session)
          if (found.length >= limit) return found
        }
        last = names.length < limit ? from - 1 : Math.min(...names.map(({ seq }) => seq)) - 1
      }
    }
    return found
  }

  /**
   * All that is kept of a session; `undefined`: the scope holds nothing of it.
   * @param signal ends it, with the signal's reason
   */
  async find(
    scope: RequestScope,
    session: string,
    costOf: CostOf | undefined,
    signal?: AbortSignal,
  ): Promise<SummedSession | undefined> {
    return await this.#sum(scope, { session }, costOf, signal)
  }

  /** The sessions that rows of a window name, the last first. */
  async #namesIn(
    scope: RequestScope,
    filter: RequestFilter,
    { from, to, limit }: { readonly from: number; readonly to: number; readonly limit: number },
  ): Promise<{ id: string; seq: number }[]> {
    // By no name that an index has: a database would go through all of the index to spare itself the sorting.
    const name = sql<string>`(session_id || '')`
    return await this.#db
      .selectFrom('requests')
      .select([name.as('id'), sql<number>`max(seq)`.as('seq')])
      .where('seq', '>=', from)
      .where('seq', '<=', to)
      .where(sql<boolean>`${name} is not null`)
      .where((row) => isWanted(row, scope, filter))
      .groupBy(name)
      .orderBy('seq', 'desc')
      .limit(limit)
      .execute()
  }

  /** Some rows at a time, newest first, so that other work gets its turn. */
  async #sum(
    scope: RequestScope,
    filter: RequestFilter & { readonly session: string },
    costOf: CostOf | undefined,
    signal?: AbortSignal,
  ): Promise<SummedSession | undefined> {
    const summed = new SummedSession(filter.session, costOf)
    for (let { until } = filter; ; ) {
      signal?.throwIfAborted()
      const from = await startOfStep(
        { db: this.#db, dialect: this.#dialect },
        { session: filter.session, since: filter.since, until },
      )
      signal?.throwIfAborted()
      for (const rows of await this.#sumStep(scope, { ...filter, since: from ?? filter.since, until })) summed.add(rows)
      if (from === undefined) return summed.isEmpty ? undefined : summed
      until = from
    }
  }

  /** Apart by tool, model, what was called and how it failed: there are few of each, and the rest is added up here. */
  async #sumStep(scope: RequestScope, filter: RequestFilter): Promise<SessionRows[]> {
    const isTurn = sql<boolean>`(not ${HAS_FAILED} and route in (${sql.join(this.#turnRoutes)}))`
    const isStream = sql<boolean>`(${isTurn} and is_streamed = 1 and ttfb_ms is not null and completion_tokens > 0)`
    const sumIf = (condition: typeof isTurn, value: ReturnType<typeof sql>) =>
      sql<number>`coalesce(sum(case when ${condition} then ${value} else 0 end), 0)`
    const groups = sql`client_name, client_version, coalesce(model_used, model_asked), tool_calls, status, error_code`
    return await this.#db
      .selectFrom('requests')
      .select([
        'client_name as client',
        'client_version as version',
        sql<string | null>`coalesce(model_used, model_asked)`.as('model'),
        'tool_calls as toolCalls',
        'status',
        'error_code as errorCode',
        sql<string | null>`max(session_label)`.as('label'),
        sql<number>`max(seq)`.as('lastSeq'),
        sql<number>`min(at)`.as('firstAt'),
        sql<number>`max(at + duration_ms)`.as('endedAt'),
        sql<number>`count(*)`.as('requests'),
        sumIf(isTurn, sql`1`).as('turns'),
        sumIf(HAS_FAILED as typeof isTurn, sql`1`).as('errors'),
        sql<number>`coalesce(sum(prompt_tokens), 0)`.as('promptTokens'),
        sql<number>`coalesce(sum(completion_tokens), 0)`.as('completionTokens'),
        sql<number>`coalesce(sum(cached_tokens), 0)`.as('cachedTokens'),
        sumIf(sql<boolean>`cached_tokens is not null`, sql`coalesce(prompt_tokens, 0)`).as('toldPromptTokens'),
        sql<number>`sum(is_estimated)`.as('estimated'),
        sumIf(isStream, sql`1`).as('streams'),
        sumIf(isStream, sql`ttfb_ms`).as('ttfbMs'),
        sumIf(isStream, sql`completion_tokens`).as('streamTokens'),
        sumIf(isStream, sql`duration_ms - ttfb_ms`).as('streamMs'),
      ])
      .where((row) => isWanted(row, scope, filter))
      .groupBy(groups)
      .execute()
  }
}
