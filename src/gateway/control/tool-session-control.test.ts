import { expect, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { MANUAL_CLOCK_START } from '../../../test/support/clock.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { setOrgSettings } from '../../../test/support/people.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'
import type { NewRequestRow } from '../store/schema.ts'

const AT = MANUAL_CLOCK_START
const DAY_MS = 86_400_000
const ADA = personIn('default', 'member', 'ada')

function row(session_id: string, given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: 'req_1',
    at: AT,
    org_id: 'default',
    dialect: 'anthropic',
    route: 'POST /v1/messages',
    client_name: 'claude-cli',
    client_version: '2.1.332',
    model_used: 'qwen3',
    status: 200,
    is_streamed: 1,
    ttfb_ms: 100,
    duration_ms: 1_100,
    prompt_tokens: 1_000_000,
    completion_tokens: 50,
    cached_tokens: 250_000,
    tool_calls: '{"Read":2}',
    session_id,
    session_label: 'local',
    ...given,
  }
}

describeDatabases((open, isSqlite) => {
  test('sessions are listed with what they did, and shown by tool and model', async () => {
    const { call, requests, database } = await openTestControl(open)
    await setOrgSettings(database, 'default', {
      currency: 'EUR',
      prices: [{ models: 'qwen*', promptPerMillion: 2, completionPerMillion: 10, cachedPerMillion: 1 }],
    })
    const refused = { status: 429, error_code: 'rate_limited', tool_calls: null, prompt_tokens: null, is_streamed: 0 }
    await requests.insertMany([
      row('run_1'),
      row('run_2', { session_label: null }),
      row('run_1', { at: AT + 5_000, ...refused, completion_tokens: null, cached_tokens: null, model_used: null }),
    ])
    const measures = {
      requests: 2,
      turns: 1,
      errors: 1,
      promptTokens: 1_000_000,
      completionTokens: 50,
      cachedTokens: 250_000,
      toldPromptTokens: 1_000_000,
      cacheHitRate: 0.25,
      estimated: 0,
      streams: 1,
      ttfbMs: 100,
      meanTtfbMs: 100,
      streamTokens: 50,
      streamMs: 1_000,
      tokensPerSecond: 50,
      firstAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:06.100Z',
      wallMs: 6_100,
      cost: 1.7505,
    }
    const session = {
      id: 'run_1',
      label: 'local',
      seq: 3,
      ...measures,
      clients: ['claude-cli'],
      models: ['qwen3'],
      toolCalls: [{ name: 'Read', count: 2 }],
    }
    const list = await call('listToolSessions', '/tool-sessions')
    expect(list).toEqual({
      sessions: [session, expect.objectContaining({ id: 'run_2', label: null })],
      currency: 'EUR',
    })
    const shown = await call('showToolSession', '/tool-sessions/run_1')
    expect(shown).toMatchObject({ ...session, errorCodes: [{ code: 'rate_limited', count: 1 }], currency: 'EUR' })
    expect(shown.parts).toMatchObject([
      { clientName: 'claude-cli', clientVersion: '2.1.332', requests: 1 },
      { clientName: 'claude-cli', requests: 1 },
    ])
    expect(shown.parts.map(({ model }) => model).sort()).toEqual(['qwen3', null].sort())
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('a member sees their own, and the list is of 30 days or of as many as are asked for', async () => {
    const { as, call, refused, requests } = await openTestControl(open)
    await requests.insertMany([
      row('old', { at: AT - 40 * DAY_MS }),
      row('run_1', { person_id: 'ada' }),
      row('run_2'),
      row('run_1'),
    ])
    const ids = async (query: string) =>
      (await call('listToolSessions', `/tool-sessions${query}`)).sessions.map(({ id }) => id)
    expect(await ids('')).toEqual(['run_1', 'run_2'])
    expect(await ids(`?since=${new Date(AT - 50 * DAY_MS).toISOString()}`)).toEqual(['run_1', 'run_2', 'old'])
    expect(await ids('?before=4')).toEqual(['run_2'])
    expect(await ids('?label=local&limit=1')).toEqual(['run_1'])
    expect(await ids('?label=none')).toEqual([])
    expect(await refused('GET', '/tool-sessions?since=2020-01-01T00:00:00Z')).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
    expect(await refused('GET', '/tool-sessions/none')).toMatchObject({ status: 404, code: 'not_found' })
    const seen = as(ADA)
    expect((await seen.call('listToolSessions', '/tool-sessions')).sessions).toMatchObject([
      { id: 'run_1', requests: 1 },
    ])
    expect(await seen.call('showToolSession', '/tool-sessions/run_1')).toMatchObject({ requests: 1 })
    expect(await seen.refused('GET', '/tool-sessions/run_2')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
