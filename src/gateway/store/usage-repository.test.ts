import type { KyselyPlugin } from 'kysely'
import { expect, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { BLANK_REQUEST } from './request-columns.ts'
import { RequestRepository } from './request-repository.ts'
import type { NewRequestRow } from './schema.ts'
import { type CostOf, type SummedBy, UsageRepository } from './usage-repository.ts'

const NEW_YEAR = Date.UTC(2026, 0, 1)
const HOUR_MS = 3_600_000
const ALL = { orgId: 'default', seesUnnamed: true }
const free: CostOf = () => 0

function row(given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: 'req_1',
    at: NEW_YEAR,
    org_id: 'default',
    key_id: 'k1',
    upstream: 'ollama',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: 'llama3',
    model_used: 'llama3:latest',
    status: 200,
    sent_ms: 5,
    ttfb_ms: 12.5,
    duration_ms: 250.25,
    prompt_tokens: 10,
    completion_tokens: 20,
    cached_tokens: 5,
    ...given,
  }
}

describeDatabases((open) => {
  async function start(rows: readonly NewRequestRow[]) {
    const database = await open()
    await new RequestRepository(database).insertMany(rows)
    const usage = new UsageRepository(database)
    const counts = async (by: SummedBy, filter = {}) =>
      (await usage.sum(ALL, by, filter, free)).groups.map(({ group, requests }) => [group, requests])
    return { usage, counts }
  }

  test('usage by key sums what each used', async () => {
    const { usage } = await start([
      row({ ttfb_ms: 10 }),
      row({ ttfb_ms: 25, is_estimated: 1, cached_tokens: null, sent_ms: null }),
      row({ ttfb_ms: null, status: 502, error_code: 'upstream_refused', prompt_tokens: null, completion_tokens: null }),
      row({ key_id: 'gone', ttfb_ms: null, error_code: 'upstream_interrupted' }),
      row({ key_id: 'gone', status: 404, upstream: null, sent_ms: null }),
      row({ org_id: null, key_id: null, status: 401, error_code: 'key_unknown', upstream: null, sent_ms: null }),
    ])
    const sums = await usage.sum(ALL, 'key', {}, (_, { prompt, completion }) => prompt + completion)
    expect(sums.rest).toBeUndefined()
    expect(sums.groups).toEqual([
      {
        group: 'k1',
        requests: 3,
        errors: 1,
        promptTokens: 20,
        completionTokens: 40,
        cachedTokens: 10,
        estimated: 1,
        meanTtfbMs: 17.5,
        busyMs: 3 * 250.25 - 10,
        cost: 60,
      },
      expect.objectContaining({ group: 'gone', requests: 2, errors: 2, meanTtfbMs: 12.5, busyMs: 245.25 }),
      expect.objectContaining({ group: null, requests: 1, errors: 1, busyMs: 0, cost: 30 }),
    ])
  })

  test('each model has a cost of its own, whatever is summed by', async () => {
    const { usage } = await start([
      row({ model_used: 'a' }),
      row({ model_used: 'b' }),
      row({ model_used: null, model_asked: 'b', prompt_tokens: null, completion_tokens: null, cached_tokens: null }),
      row({ model_used: 'b', key_id: 'k2' }),
      row({ model_used: null, model_asked: null }),
    ])
    const priced: CostOf = (model, { prompt, completion, cached }) =>
      model === 'a' ? prompt + 1_000 * completion : cached
    const costs = async (by: SummedBy) =>
      Object.fromEntries((await usage.sum(ALL, by, {}, priced)).groups.map(({ group, cost }) => [group, cost]))
    expect(await costs('key')).toEqual({ k1: 20_010 + 5, k2: 5 })
    expect(await costs('model')).toEqual({ a: 20_010, b: 10, null: 0 })
    expect(await costs('day')).toEqual({ '2026-01-01': 20_020 })
  })

  test('where nothing has a price the models are not told apart, and the sums are the same', async () => {
    const database = await open()
    const rows = ['a', 'b', 'c'].flatMap((model_used) => [row({ model_used }), row({ model_used, session_id: 's' })])
    await new RequestRepository(database).insertMany(rows)
    let partCount = 0
    const counter: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        partCount += result.rows.length
        return result
      },
    }
    const usage = new UsageRepository({ ...database, db: database.db.withPlugin(counter) })
    const sums = await usage.sum(ALL, 'session', {}, undefined)
    expect(partCount).toBe(2)
    expect(sums).toEqual(await usage.sum(ALL, 'session', {}, free))
    expect(await usage.sum(ALL, 'model', {}, undefined)).toEqual(await usage.sum(ALL, 'model', {}, free))
  })

  test('usage by model goes by the model that answered, else the one asked for', async () => {
    const { counts } = await start([
      row(),
      row({ model_asked: 'LLAMA3' }),
      row({ model_asked: 'none:latest', model_used: null }),
      row({ model_asked: null, model_used: null }),
      row({ model_asked: null, model_used: null }),
      row({ model_asked: null, model_used: null }),
    ])
    expect(await counts('model')).toEqual([
      [null, 3],
      ['llama3:latest', 2],
      ['none:latest', 1],
    ])
  })

  test('usage by day and by hour parts them in UTC, newest first', async () => {
    const { counts } = await start([
      row({ at: NEW_YEAR - 1 }),
      row({ at: NEW_YEAR }),
      row({ at: NEW_YEAR + 24 * HOUR_MS - 1 }),
      row({ at: NEW_YEAR + HOUR_MS - 1 }),
    ])
    expect(await counts('day')).toEqual([
      ['2026-01-01', 3],
      ['2025-12-31', 1],
    ])
    expect(await counts('hour')).toEqual([
      ['2026-01-01T23:00Z', 1],
      ['2026-01-01T00:00Z', 2],
      ['2025-12-31T23:00Z', 1],
    ])
  })

  test.each<[SummedBy, Partial<NewRequestRow>]>([
    ['person', { person_id: 'ada' }],
    ['client', { client_name: 'ada' }],
    ['session', { session_id: 'ada' }],
    ['upstream', { upstream: 'ada' }],
  ])('usage by %s names each, or none', async (by, named) => {
    const blank = { upstream: null }
    const { counts } = await start([row({ ...blank, ...named }), row({ ...blank, ...named }), row(blank)])
    expect(await counts(by)).toEqual([
      ['ada', 2],
      [null, 1],
    ])
  })

  test('usage counts from `since`, up to `until` but not with it, and what the filter lets through', async () => {
    const { counts } = await start([
      ...[0, 1, 2, 3].map((offset) => row({ at: NEW_YEAR + offset })),
      row({ at: NEW_YEAR + 2, key_id: 'k2', status: 500 }),
    ])
    expect(await counts('key', { since: NEW_YEAR + 1, until: NEW_YEAR + 3 })).toEqual([
      ['k1', 2],
      ['k2', 1],
    ])
    expect(await counts('key', { since: NEW_YEAR + 9 })).toEqual([])
    expect(await counts('key', { outcome: 'error' })).toEqual([['k2', 1]])
    expect(await counts('day', { keyId: 'k1', since: NEW_YEAR + 2 })).toEqual([['2026-01-01', 2]])
  })

  test('usage holds what its scope does', async () => {
    const { usage } = await start([
      row({ person_id: 'ada' }),
      row(),
      row({ org_id: 'org_b', person_id: 'ada' }),
      row({ org_id: null, key_id: null }),
    ])
    const count = async (scope: typeof ALL | { orgId: string; personId?: string }) =>
      (await usage.sum(scope, 'day', {}, free)).groups[0]?.requests
    expect(await count(ALL)).toBe(3)
    expect(await count({ orgId: 'default' })).toBe(2)
    expect(await count({ orgId: 'default', personId: 'ada' })).toBe(1)
    expect(await count({ orgId: 'org_b' })).toBe(1)
    expect(await count({ orgId: 'org_c' })).toBeUndefined()
  })

  test('rows are summed once each, however many there are and whenever they came', async () => {
    // More than one step of SQLite's, with steps that begin and end within one millisecond.
    const times = [...new Array(4_500).fill(NEW_YEAR), ...Array.from({ length: 4_500 }, (_, at) => NEW_YEAR - at * 7)]
    const { usage } = await start(times.map((at) => row({ at, prompt_tokens: 1 })))
    const [sum] = (await usage.sum(ALL, 'key', {}, (_, { prompt }) => prompt)).groups
    expect(sum).toMatchObject({ requests: 9_000, promptTokens: 9_000, cost: 9_000, meanTtfbMs: 12.5 })
    const [part] = (await usage.sum(ALL, 'key', { since: NEW_YEAR - 700, until: NEW_YEAR }, free)).groups
    expect(part?.requests).toBe(100)
  })

  test('a step reads from its own bounds only, and each of its rows once', async () => {
    const statements: string[] = []
    const database = await open()
    const count = 20_500
    await new RequestRepository(database).insertMany(Array.from({ length: count }, (_, at) => row({ at })))
    const watcher: KyselyPlugin = {
      transformQuery({ node }) {
        statements.push(JSON.stringify(node))
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const usage = new UsageRepository({ ...database, db: database.db.withPlugin(watcher) })
    const [sum] = (await usage.sum(ALL, 'key', { since: 100, until: count - 100 }, free)).groups
    expect(sum?.requests).toBe(count - 200)
    const boundsOf = (operator: string) =>
      statements.map((statement) => statement.split(`"operator":"${operator}"`).length - 1)
    expect(boundsOf('>=')).toEqual(statements.map(() => 1))
    expect(boundsOf('<')).toEqual(statements.map(() => 1))
  })

  test('a sum asks nothing more once nobody wants it', async () => {
    const leaving = new AbortController()
    const stored = await open()
    await new RequestRepository(stored).insertMany(Array.from({ length: 11_000 }, (_, at) => row({ at })))
    const database = countQueries(stored, (statements) => {
      if (statements === 2) leaving.abort(new Error('left'))
    })
    const usage = new UsageRepository(database)
    // As many as all take on PostgreSQL, whose steps are larger.
    await usage.sum(ALL, 'key', {}, free, leaving.signal).catch((error: Error) => expect(error.message).toBe('left'))
    expect(database.takeCounts().statements).toBe(2)
    await expect(usage.sum(ALL, 'key', {}, free, leaving.signal)).rejects.toThrow('left')
    expect(database.takeCounts().statements).toBe(0)
  })

  test('usage never gives more than 1,000 groups: those with the most requests, and the sum of the rest', async () => {
    const { usage } = await start([
      ...Array.from({ length: 1_003 }, (_, index) => row({ model_used: `model ${String(index).padStart(4, '0')}` })),
      row({ model_used: 'model 1002', ttfb_ms: null }),
    ])
    const { groups, rest } = await usage.sum(ALL, 'model', {}, (_, { prompt }) => prompt)
    expect(groups).toHaveLength(1_000)
    expect(groups[0]).toMatchObject({ group: 'model 1002', requests: 2 })
    expect(rest).toEqual({
      ...{ groups: 3, requests: 3, errors: 0, promptTokens: 30, completionTokens: 60, cachedTokens: 15, estimated: 0 },
      ...{ meanTtfbMs: 12.5, busyMs: 3 * 245.25, cost: 30 },
    })
  })
})
