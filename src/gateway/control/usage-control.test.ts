import { describe, expect, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { MANUAL_CLOCK_START } from '../../../test/support/clock.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { addPerson, setOrgSettings } from '../../../test/support/people.ts'
import { renderCsv } from '../../core/csv.ts'
import type { OrgActor } from '../orgs/actor.ts'
import type { Price } from '../orgs/org-settings.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { costAt } from './usage-cost.ts'

const DAY_MS = 86_400_000
const AT = MANUAL_CLOCK_START
const ADA = personIn('default', 'member', 'ada')
const BOSS = personIn('default', 'admin', 'boss')

function row(given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: 'req_1',
    at: AT,
    org_id: 'default',
    upstream: 'ollama',
    model_used: 'llama3:latest',
    status: 200,
    sent_ms: 50,
    ttfb_ms: 12.5,
    duration_ms: 250,
    prompt_tokens: 10,
    completion_tokens: 20,
    ...given,
  }
}

describeDatabases((open, isSqlite) => {
  async function start() {
    const control = await openTestControl(open)
    const set = (settings: object) => setOrgSettings(control.database, 'default', settings)
    return { ...control, set }
  }

  test('is summed by key, by model and by day, within times', async () => {
    const { call, requests } = await start()
    const { id } = await call('createKey', '/keys', { name: 'alice' })
    await requests.insertMany([
      row({ key_id: id }),
      row({ at: AT + DAY_MS, key_id: id, model_used: 'qwen3:8b', cached_tokens: 4, is_estimated: 1 }),
      row({ at: AT + DAY_MS, status: 401, upstream: null, model_used: null, prompt_tokens: null, ttfb_ms: null }),
    ])
    expect(await call('usage', '/usage')).toEqual({
      groups: [
        {
          group: id,
          name: 'alice',
          requests: 2,
          errors: 0,
          promptTokens: 20,
          completionTokens: 40,
          cachedTokens: 4,
          estimated: 1,
          meanTtfbMs: 12.5,
          busyMs: 400,
          cost: 0,
        },
        expect.objectContaining({ group: null, name: null, requests: 1, errors: 1, meanTtfbMs: null, busyMs: 0 }),
      ],
      rest: null,
      currency: 'USD',
    })
    const groupsBy = async (query: string) =>
      (await call('usage', `/usage?${query}`)).groups.map(({ group, requests }) => [group, requests])
    expect((await groupsBy('by=model')).sort()).toEqual([
      [null, 1],
      ['llama3:latest', 1],
      ['qwen3:8b', 1],
    ])
    expect(await groupsBy('by=day')).toEqual([
      ['2026-01-02', 2],
      ['2026-01-01', 1],
    ])
    expect(await groupsBy('by=day&since=2026-01-02T00:00:00Z')).toEqual([['2026-01-02', 2]])
    expect(await groupsBy('by=day&until=2026-01-02T00:00:00Z')).toEqual([['2026-01-01', 1]])
    expect(await groupsBy('by=hour&key=alice')).toEqual([
      ['2026-01-02T00:00Z', 1],
      ['2026-01-01T00:00Z', 1],
    ])
    expect(await groupsBy('outcome=error')).toEqual([[null, 1]])
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('costs what the org has set, and people are named', async () => {
    const { call, requests, set, database } = await start()
    await addPerson(database, 'ada@example.org', 'Ada')
    await set({ currency: 'EUR', prices: [{ models: 'llama*', promptPerMillion: 1, completionPerMillion: 10 }] })
    await requests.insertMany([
      row({ person_id: 'ada', prompt_tokens: 1_000_000, completion_tokens: 500_000 }),
      row({ person_id: 'ada', model_used: 'qwen3' }),
      row({ person_id: 'gone' }),
    ])
    const { groups, currency } = await call('usage', '/usage?by=person')
    expect(currency).toBe('EUR')
    expect(groups).toMatchObject([
      { group: 'ada', name: 'Ada', requests: 2, cost: 6 },
      { group: 'gone', name: null, cost: 0.00021 },
    ])
  })

  test('a member sums their own requests alone, an org its own', async () => {
    const { as, requests } = await start()
    await requests.insertMany([
      row({ person_id: 'ada' }),
      row({ person_id: 'eve' }),
      row(),
      row({ org_id: 'org_b', person_id: 'ada' }),
      row({ org_id: null }),
    ])
    const count = async (actor: OrgActor, query = '') =>
      (await as(actor).call('usage', `/usage?by=day${query}`)).groups[0]?.requests
    expect(await count(ADA)).toBe(1)
    expect(await count(ADA, '&person=eve')).toBeUndefined()
    expect(await count(BOSS)).toBe(3)
    const csv = await (await as(ADA).send('GET', '/usage.csv?by=person')).text()
    expect(csv.trim().split('\r\n')).toHaveLength(2)
  })

  test('of more groups than an answer holds, the rest is one more sum', async () => {
    const { call, as, requests } = await start()
    await requests.insertMany(Array.from({ length: 1_002 }, (_, at) => row({ session_id: `s${at}` })))
    const { groups, rest } = await call('usage', '/usage?by=session')
    expect([groups.length, rest]).toEqual([
      1_000,
      expect.objectContaining({ groups: 2, requests: 2, promptTokens: 20 }),
    ])
    const csv = await (await as(BOSS).send('GET', '/usage.csv?by=session')).text()
    expect(csv.trim().split('\r\n').at(-1)).toBe(',2 more,2,0,20,40,0,0,12.5,400,0,USD')
  })

  test('is a file for a spreadsheet, which runs nothing in it', async () => {
    const { as, requests } = await start()
    await requests.insertMany([
      row({ client_name: '=HYPERLINK("http://evil.example","x")' }),
      row({ client_name: 'a,"b"\nc' }),
      row({ client_name: null, ttfb_ms: null }),
    ])
    const response = await as(BOSS).send('GET', '/usage.csv?by=client')
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="usage-by-client.csv"')
    const columns =
      'requests,errors,promptTokens,completionTokens,cachedTokens,estimated,meanTtfbMs,busyMs,cost,currency'
    expect(await response.text()).toBe(
      [
        `client,name,${columns}`,
        `"'=HYPERLINK(""http://evil.example"",""x"")",,1,0,10,20,0,0,12.5,200,0,USD`,
        `"a,""b""\nc",,1,0,10,20,0,0,12.5,200,0,USD`,
        `,,1,0,10,20,0,0,,200,0,USD`,
        '',
      ].join('\r\n'),
    )
  })
})

describe('a cell', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['a=1', 'a=1'],
    ["'", "'"],
    ['', ''],
    ['ä "q"', '"ä ""q"""'],
  ])('of %j is written as %j', (value, cell) => {
    expect(renderCsv([[value]])).toBe(`${cell}\r\n`)
  })

  test('of a number or nothing is written as it is', () => {
    expect(renderCsv([[-1.5, null, 0]])).toBe('-1.5,,0\r\n')
  })
})

describe('a cost', () => {
  const prices: Price[] = [
    { models: 'llama3:8b', promptPerMillion: 1, completionPerMillion: 2, cachedPerMillion: 0.1 },
    { models: 'llama*', promptPerMillion: 100, completionPerMillion: 200 },
    { models: '\u0000', promptPerMillion: 9, completionPerMillion: 9 },
  ]
  const million = { prompt: 1_000_000, completion: 1_000_000, cached: 0 }

  test.each([
    ['llama3:8b', million, 3],
    ['LLAMA3:8B', million, 3],
    ['llama3', million, 300],
    ['qwen3', million, 0],
    ['\u0000', million, 0],
    ['llama3:8b', { ...million, cached: 500_000 }, 2.55],
    ['llama3', { ...million, cached: 500_000 }, 300],
    ['llama3:8b', { prompt: 0, completion: 0, cached: 1_000_000 }, 0.1],
  ])('of %s for %j is %d', (model, tokens, cost) => {
    expect(costAt(prices)(model, tokens)).toBeCloseTo(cost, 9)
  })
})
