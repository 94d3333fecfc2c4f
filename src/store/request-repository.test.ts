import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { KeyRepository } from './key-repository.ts'
import { RequestRepository } from './request-repository.ts'
import type { NewRequestRow } from './schema.ts'

const NEW_YEAR = Date.UTC(2026, 0, 1)

function row(given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    id: 'req_1',
    at: NEW_YEAR,
    key_id: 'k1',
    upstream: 'ollama',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: 'llama3',
    model_used: 'llama3:latest',
    status: 200,
    error_code: null,
    is_streamed: 1,
    ttfb_ms: 12.5,
    duration_ms: 250.25,
    prompt_tokens: 10,
    completion_tokens: 20,
    cached_tokens: 5,
    is_estimated: 0,
    request_bytes: 400,
    response_bytes: 5_000_000_000,
    client_name: 'openai-node',
    client_version: '7.55.0',
    session_id: null,
    ...given,
  }
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => row({ id: `req_${index}` }))
const idsOf = (list: readonly { id: string }[]) => list.map(({ id }) => id)

describeDatabases((open) => {
  test('a row comes back as it was stored, numbered', async () => {
    const requests = new RequestRepository(await open())
    const nothingKnown = row({
      id: 'req_2',
      key_id: null,
      upstream: null,
      model_asked: null,
      model_used: null,
      error_code: 'key_missing',
      ttfb_ms: null,
      prompt_tokens: null,
      completion_tokens: null,
      cached_tokens: null,
      client_name: null,
      client_version: null,
      session_id: 'ünï',
    })
    await requests.insertMany([row(), nothingKnown])
    expect(await requests.list({ limit: 10 })).toEqual([
      { seq: 2, ...nothingKnown },
      { seq: 1, ...row() },
    ])
  })

  test.each([0, 1, 2, 63, 64, 65, 127, 200])('%i rows are stored in their order', async (count) => {
    const requests = new RequestRepository(await open())
    await requests.insertMany(rows(count))
    expect(idsOf(await requests.list({ afterSeq: 0, limit: 1_000 }))).toEqual(idsOf(rows(count)))
  })

  test('a batch with a row that cannot be stored leaves none of itself', async () => {
    const requests = new RequestRepository(await open())
    const broken = { ...row(), route: null } as unknown as NewRequestRow
    await expect(requests.insertMany([...rows(70), broken])).rejects.toThrow(/route/)
    expect(await requests.list({ limit: 10 })).toEqual([])
    await requests.insertMany(rows(1))
    expect(await requests.list({ limit: 10 })).toHaveLength(1)
  })

  test('a NUL or half a character in a text costs no other row its place', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([row({ model_asked: 'a\0b\0' }), row({ client_name: 'x\ud800' })])
    const [half, nul] = await requests.list({ limit: 10 })
    expect(nul?.model_asked).toBe('a\ufffdb\ufffd')
    expect(half?.client_name).toBe('x\ufffd')
  })

  test('values are data, whatever they look like', async () => {
    const requests = new RequestRepository(await open())
    const name = `'); drop table requests; -- $1 ?`
    await requests.insertMany([row({ client_name: name })])
    expect((await requests.list({ limit: 1 }))[0]?.client_name).toBe(name)
  })

  test('a list is cut by its filters', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([
      row({ id: 'a', at: NEW_YEAR }),
      row({ id: 'b', at: NEW_YEAR + 1, key_id: 'k2' }),
      row({ id: 'c', at: NEW_YEAR + 2 }),
      row({ id: 'd', at: NEW_YEAR + 3, key_id: null }),
    ])
    expect(idsOf(await requests.list({ limit: 10 }))).toEqual(['d', 'c', 'b', 'a'])
    expect(idsOf(await requests.list({ limit: 2 }))).toEqual(['d', 'c'])
    expect(idsOf(await requests.list({ limit: 2, beforeSeq: 3 }))).toEqual(['b', 'a'])
    expect(idsOf(await requests.list({ limit: 2, afterSeq: 1 }))).toEqual(['b', 'c'])
    expect(idsOf(await requests.list({ limit: 10, keyId: 'k1' }))).toEqual(['c', 'a'])
    expect(idsOf(await requests.list({ limit: 10, since: NEW_YEAR + 2 }))).toEqual(['d', 'c'])
  })

  test('a list is never longer than 1,000 rows', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany(rows(1_001))
    expect(await requests.list({ limit: 5_000 })).toHaveLength(1_000)
  })

  test('one who follows misses no row of many writers', async () => {
    const requests = new RequestRepository(await open())
    const seen: string[] = []
    let afterSeq = 0
    const follow = async () => {
      for (const { seq, id } of await requests.list({ afterSeq, limit: 1_000 })) {
        seen.push(id)
        afterSeq = seq
      }
    }
    let isWriting = true
    const writing = Promise.all(
      Array.from({ length: 16 }, (_, batch) =>
        requests.insertMany(Array.from({ length: 70 }, (_, index) => row({ id: `${batch}.${index}` }))),
      ),
    ).finally(() => {
      isWriting = false
    })
    while (isWriting) await follow()
    await writing
    await follow()
    await follow()
    expect([seen.length, new Set(seen).size]).toEqual([16 * 70, 16 * 70])
  })

  test('usage by key sums what each used, with the names of the keys that are stored', async () => {
    const database = await open()
    const scopes = { models: '["*"]', routes: '[]', networks: '[]', allows_cloud: 0, allows_metrics: 0 }
    const key = { id: 'k1', name: 'ada', ...scopes, created_at: NEW_YEAR, expires_at: null }
    await new KeyRepository(database).insert(key, 'hash')
    const requests = new RequestRepository(database)
    await requests.insertMany([
      row({ ttfb_ms: 10 }),
      row({ ttfb_ms: 25, is_estimated: 1, cached_tokens: null }),
      row({ ttfb_ms: null, status: 502, error_code: 'upstream_refused', prompt_tokens: null, completion_tokens: null }),
      row({ key_id: 'gone', ttfb_ms: null, error_code: 'upstream_interrupted' }),
      row({ key_id: 'gone', status: 404 }),
      row({ key_id: null, status: 401, error_code: 'key_unknown' }),
    ])
    expect(await requests.usage({ by: 'key' })).toEqual([
      {
        group: 'k1',
        keyName: 'ada',
        requests: 3,
        errors: 1,
        promptTokens: 20,
        completionTokens: 40,
        cachedTokens: 10,
        estimated: 1,
        meanTtfbMs: 17.5,
      },
      expect.objectContaining({ group: 'gone', keyName: null, requests: 2, errors: 2, meanTtfbMs: 12.5 }),
      expect.objectContaining({ group: null, keyName: null, requests: 1, errors: 1 }),
    ])
  })

  test('usage by model goes by the model that answered, else the one asked for', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([
      row(),
      row({ model_asked: 'LLAMA3' }),
      row({ model_asked: 'none:latest', model_used: null }),
      row({ model_asked: null, model_used: null }),
      row({ model_asked: null, model_used: null }),
      row({ model_asked: null, model_used: null }),
    ])
    const groups = await requests.usage({ by: 'model' })
    expect(groups.map(({ group, requests }) => [group, requests])).toEqual([
      [null, 3],
      ['llama3:latest', 2],
      ['none:latest', 1],
    ])
  })

  test('usage by day parts days at midnight UTC, newest first', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([row({ at: NEW_YEAR - 1 }), row({ at: NEW_YEAR }), row({ at: NEW_YEAR + 86_399_999 })])
    const groups = await requests.usage({ by: 'day' })
    expect(groups.map(({ group, requests }) => [group, requests])).toEqual([
      ['2026-01-01', 2],
      ['2025-12-31', 1],
    ])
  })

  test('usage counts from `since`, and up to `until` but not with it', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([0, 1, 2, 3].map((offset) => row({ at: NEW_YEAR + offset })))
    const [group] = await requests.usage({ by: 'key', since: NEW_YEAR + 1, until: NEW_YEAR + 3 })
    expect(group?.requests).toBe(2)
    expect(await requests.usage({ by: 'key', since: NEW_YEAR + 9 })).toEqual([])
  })

  test('usage never gives more than 1,000 groups', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany(Array.from({ length: 1_001 }, (_, index) => row({ model_used: `model ${index}` })))
    expect(await requests.usage({ by: 'model' })).toHaveLength(1_000)
  })
})
