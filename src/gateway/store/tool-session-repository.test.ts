import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { planQueries } from '../../../test/support/query-plans.ts'
import { ratesOf } from '../../core/session-sums.ts'
import { BLANK_REQUEST } from './request-columns.ts'
import { RequestRepository } from './request-repository.ts'
import type { NewRequestRow } from './schema.ts'
import { ToolSessionRepository } from './tool-session-repository.ts'

const NEW_YEAR = Date.UTC(2026, 0, 1)
const ALL = { orgId: 'default', seesUnnamed: true }
const CHAT = 'POST /v1/chat/completions'

function row(session_id: string | null, given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: 'req_1',
    at: NEW_YEAR,
    org_id: 'default',
    dialect: 'openai',
    route: CHAT,
    model_used: 'qwen3',
    status: 200,
    is_streamed: 1,
    ttfb_ms: 100,
    duration_ms: 600.5,
    prompt_tokens: 10,
    completion_tokens: 20,
    session_id,
    ...given,
  }
}

const idsOf = (sessions: readonly { readonly id: string }[]) => sessions.map(({ id }) => id)

describeDatabases((open, isSqlite) => {
  async function start(rows: readonly NewRequestRow[]) {
    const database = await open()
    await new RequestRepository(database).insertMany(rows)
    return { database, sessions: new ToolSessionRepository(database, [CHAT]) }
  }

  test('a session is summed as its rows say, by tool and model', async () => {
    const claude = { client_name: 'claude-cli', client_version: '2.1' }
    const { sessions } = await start([
      row('s', { ...claude, cached_tokens: 4, tool_calls: '{"Read":2,"Task":1}', session_label: 'a' }),
      row('s', { ...claude, cached_tokens: 0, tool_calls: '{"Read":2,"Task":1}', at: NEW_YEAR + 1_000 }),
      row('s', { ...claude, tool_calls: '{"Bash":1}', is_streamed: 0, session_label: 'b' }),
      row('s', {
        ...claude,
        status: 502,
        error_code: 'upstream_refused',
        prompt_tokens: null,
        completion_tokens: null,
      }),
      row('s', { ...claude, status: 404, ttfb_ms: null }),
      row('s', { ...claude, error_code: 'upstream_interrupted', is_estimated: 1 }),
      row('s', {
        route: 'GET /v1/models',
        is_streamed: 0,
        prompt_tokens: null,
        completion_tokens: null,
        at: NEW_YEAR - 5,
      }),
      row('s', { ...claude, model_used: null, model_asked: 'small' }),
      row('other', { tool_calls: '{"Read":9}' }),
      row(null, { tool_calls: '{"Read":9}' }),
    ])
    const session = await sessions.find(ALL, 's', (model) => (model === 'small' ? 1 : 10))
    expect(session).toMatchObject({ id: 's', label: 'b', lastSeq: 8 })
    const whole = session?.whole
    expect(whole).toMatchObject({ firstAt: NEW_YEAR - 5, endedAt: NEW_YEAR + 1_600.5 })
    expect(Object.fromEntries(whole?.toolCalls ?? [])).toEqual({ Read: 4, Task: 2, Bash: 1 })
    expect(Object.fromEntries(session?.errors ?? [])).toEqual({ upstream_refused: 1, 404: 1, upstream_interrupted: 1 })
    const sums = {
      requests: 8,
      turns: 4,
      errors: 3,
      promptTokens: 60,
      completionTokens: 120,
      cachedTokens: 4,
      toldPromptTokens: 20,
      estimated: 1,
      streams: 3,
      ttfbMs: 300,
      streamTokens: 60,
      streamMs: 1_501.5,
    }
    expect(whole?.sums).toMatchObject(sums)
    expect(whole && ratesOf(whole.sums)).toEqual({
      cacheHitRate: 0.2,
      meanTtfbMs: 100,
      tokensPerSecond: expect.closeTo(60 / 1.5015, 9),
    })
    expect(session?.parts.map(({ client, version, model, sums }) => [client, version, model, sums.requests])).toEqual([
      ['claude-cli', '2.1', 'qwen3', 6],
      expect.arrayContaining([1]),
      expect.arrayContaining([1]),
    ])
    expect(session?.parts.find(({ model }) => model === 'small')?.sums.cost).toBe(1)
    expect(await sessions.find(ALL, 'none', undefined)).toBeUndefined()
  })

  test('the list is by the last request, in pages on which none stands twice', async () => {
    const { sessions } = await start([row('a'), row('b'), row(null), row('c'), row('a'), row('d'), row('b')])
    expect(idsOf(await sessions.list(ALL, { limit: 9 }, undefined))).toEqual(['b', 'd', 'a', 'c'])
    const first = await sessions.list(ALL, { limit: 2 }, undefined)
    expect(idsOf(first)).toEqual(['b', 'd'])
    const next = await sessions.list(ALL, { limit: 2, beforeSeq: first.at(-1)?.lastSeq }, undefined)
    expect(idsOf(next)).toEqual(['a', 'c'])
    expect(await sessions.list(ALL, { limit: 2, beforeSeq: next.at(-1)?.lastSeq }, undefined)).toEqual([])
  })

  test('somebody sees but what they may, and what they ask for', async () => {
    const { sessions } = await start([
      row('a', { person_id: 'ada', session_label: 'one' }),
      row('b', { person_id: 'eve', at: NEW_YEAR + 9 }),
      row('a', { person_id: 'eve' }),
      row('c', { org_id: 'org_b', session_label: 'one' }),
    ])
    const ada = { orgId: 'default', personId: 'ada' }
    const [own] = await sessions.list(ada, { limit: 9 }, undefined)
    expect([own?.id, own?.whole.sums.requests]).toEqual(['a', 1])
    expect(await sessions.find(ada, 'b', undefined)).toBeUndefined()
    expect(await sessions.find(ALL, 'c', undefined)).toBeUndefined()
    const ids = async (filter: object) => idsOf(await sessions.list(ALL, { limit: 9, ...filter }, undefined))
    expect(await ids({})).toEqual(['a', 'b'])
    expect(await ids({ label: 'one' })).toEqual(['a'])
    expect(await ids({ since: NEW_YEAR + 1 })).toEqual(['b'])
    expect(await ids({ until: NEW_YEAR + 1 })).toEqual(['a'])
    expect(await ids({ client: 'none' })).toEqual([])
  })

  test('names that clients make up fill no memory', async () => {
    const { sessions } = await start(
      Array.from({ length: 300 }, (_, at) =>
        row('s', { client_version: `v${at}`, client_name: 'x', tool_calls: `{"tool_${at}":1}` }),
      ),
    )
    const session = await sessions.find(ALL, 's', undefined)
    expect(session?.parts).toHaveLength(100)
    expect(session?.whole.sums.requests).toBe(300)
    expect([...(session?.whole.toolCalls.values() ?? [])].reduce((sum, count) => sum + count)).toBe(300)
    expect(session?.whole.toolCalls.size).toBeLessThanOrEqual(201)
  })

  test('a session of more rows than one step takes is summed whole', async () => {
    const { sessions } = await start(
      Array.from({ length: 10_100 }, (_, at) => row('s', { at: NEW_YEAR + Math.floor(at / 2) })),
    )
    expect((await sessions.find(ALL, 's', undefined))?.whole.sums).toMatchObject({ requests: 10_100, turns: 10_100 })
  })

  if (!isSqlite) return

  test('a session is read by its index, and the list by windows alone', async () => {
    const { database } = await start([row('a'), row('b')])
    const planned = planQueries(database)
    const sessions = new ToolSessionRepository(planned, [CHAT])
    await sessions.list(ALL, { limit: 9, since: NEW_YEAR - 1, until: NEW_YEAR + 1 }, undefined)
    await sessions.find(ALL, 'a', undefined)
    const plans = (await planned.takePlans()).map(({ statement, steps }) => ({ statement, steps: steps.join('; ') }))
    const ofSession = plans.filter(({ statement }) => statement.includes('"session_id" = ?'))
    expect(ofSession.length).toBeGreaterThan(2)
    for (const { steps } of ofSession) expect(steps).toMatch(/USING (COVERING )?INDEX requests_session \(session_id=\?/)
    const ofNames = plans.filter(({ statement }) => statement.includes('max(seq)') && statement.includes("|| ''"))
    expect(ofNames).toHaveLength(1)
    expect(ofNames[0]?.steps).toContain('USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)')
  })
})
