import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import type { OpenDatabase } from './database.ts'
import type { RequestFilter, RequestScope } from './request-filter.ts'
import { type RequestQuery, RequestRepository } from './request-repository.ts'
import type { NewRequestRow } from './schema.ts'

const NEW_YEAR = Date.UTC(2026, 0, 1)
const ALL = { orgId: 'default', seesUnnamed: true }

function row(given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    id: 'req_1',
    at: NEW_YEAR,
    org_id: 'default',
    key_id: 'k1',
    person_id: null,
    upstream: 'ollama',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: 'llama3',
    model_used: 'llama3:latest',
    status: 200,
    error_code: null,
    is_streamed: 1,
    sent_ms: 2.5,
    load_ms: null,
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
    left_out: null,
    translated: null,
    session_label: null,
    tool_calls: null,
    ...given,
  }
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => row({ id: `req_${index}` }))
const idsOf = (list: readonly { id: string }[]) => list.map(({ id }) => id)

/** Makes the next row's number greater than this, as if many had been removed. */
async function skipNumbers({ db, dialect }: OpenDatabase, to: number): Promise<void> {
  if (dialect === 'sqlite') await sql`update sqlite_sequence set seq = ${to} where name = 'requests'`.execute(db)
  else await sql`alter table requests alter column seq restart with ${sql.lit(to + 1)}`.execute(db)
}

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
      left_out: 'keep_alive web_search',
      translated: 'openai-chat',
    })
    await requests.insertMany([row(), nothingKnown])
    expect(await requests.list(ALL, { limit: 10 })).toEqual([
      { seq: 2, ...nothingKnown },
      { seq: 1, ...row() },
    ])
  })

  test.each([0, 1, 2, 63, 64, 65, 127, 200])('%i rows are stored in their order', async (count) => {
    const requests = new RequestRepository(await open())
    await requests.insertMany(rows(count))
    expect(idsOf(await requests.list(ALL, { afterSeq: 0, limit: 1_000 }))).toEqual(idsOf(rows(count)))
  })

  test('a batch with a row that cannot be stored leaves none of itself', async () => {
    const requests = new RequestRepository(await open())
    const broken = { ...row(), route: null } as unknown as NewRequestRow
    await expect(requests.insertMany([...rows(70), broken])).rejects.toThrow(/route/)
    expect(await requests.list(ALL, { limit: 10 })).toEqual([])
    await requests.insertMany(rows(1))
    expect(await requests.list(ALL, { limit: 10 })).toHaveLength(1)
  })

  test('a NUL or half a character in a text costs no other row its place', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([row({ model_asked: 'a\0b\0' }), row({ client_name: 'x\ud800' })])
    const [half, nul] = await requests.list(ALL, { limit: 10 })
    expect(nul?.model_asked).toBe('a\ufffdb\ufffd')
    expect(half?.client_name).toBe('x\ufffd')
  })

  test('values are data, whatever they look like', async () => {
    const requests = new RequestRepository(await open())
    const name = `'); drop table requests; -- $1 ?`
    await requests.insertMany([row({ client_name: name })])
    expect((await requests.list(ALL, { limit: 1 }))[0]?.client_name).toBe(name)
  })

  test('a list is cut by its filters', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([
      row({ id: 'a', at: NEW_YEAR }),
      row({ id: 'b', at: NEW_YEAR + 1, key_id: 'k2' }),
      row({ id: 'c', at: NEW_YEAR + 2 }),
      row({ id: 'd', at: NEW_YEAR + 3, key_id: null }),
    ])
    expect(idsOf(await requests.list(ALL, { limit: 10 }))).toEqual(['d', 'c', 'b', 'a'])
    expect(idsOf(await requests.list(ALL, { limit: 2 }))).toEqual(['d', 'c'])
    expect(idsOf(await requests.list(ALL, { limit: 2, beforeSeq: 3 }))).toEqual(['b', 'a'])
    expect(idsOf(await requests.list(ALL, { limit: 2, afterSeq: 1 }))).toEqual(['b', 'c'])
    expect(idsOf(await requests.list(ALL, { limit: 10, keyId: 'k1' }))).toEqual(['c', 'a'])
    expect(idsOf(await requests.list(ALL, { limit: 10, since: NEW_YEAR + 2 }))).toEqual(['d', 'c'])
  })

  test('a list is never longer than 1,000 rows', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany(rows(1_001))
    expect(await requests.list(ALL, { limit: 5_000 })).toHaveLength(1_000)
  })

  test('one who follows misses no row of many writers', async () => {
    const requests = new RequestRepository(await open())
    const seen: string[] = []
    let afterSeq = 0
    const follow = async () => {
      for (const { seq, id } of await requests.list(ALL, { afterSeq, limit: 1_000 })) {
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

  test('a list holds what its scope does: the org’s, one person’s, and what is no org’s', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([
      row({ id: 'a', person_id: 'ada' }),
      row({ id: 'b' }),
      row({ id: 'c', org_id: 'org_b', person_id: 'ada' }),
      row({ id: 'd', org_id: null, key_id: null }),
    ])
    const seen = async (scope: RequestScope) => idsOf(await requests.list(scope, { limit: 10 }))
    expect(await seen({ orgId: 'default' })).toEqual(['b', 'a'])
    expect(await seen({ orgId: 'default', personId: 'ada' })).toEqual(['a'])
    expect(await seen({ orgId: 'default', personId: '' })).toEqual([])
    expect(await seen(ALL)).toEqual(['d', 'b', 'a'])
    expect(await seen({ ...ALL, personId: 'ada' })).toEqual(['a'])
    expect(await seen({ orgId: 'org_b' })).toEqual(['c'])
    expect(await seen({ orgId: 'nowhere' })).toEqual([])
    expect((await requests.list({ orgId: 'default', personId: 'ada' }, { limit: 9, personId: 'eve' })).length).toBe(0)
  })

  test.each<[RequestFilter, string[]]>([
    [{ keyId: 'k2' }, ['b']],
    [{ personId: 'ada' }, ['c']],
    [{ model: 'qwen3' }, ['c', 'b']],
    [{ upstream: 'tun_1' }, ['d']],
    [{ client: 'curl' }, ['a']],
    [{ session: 's1' }, ['b']],
    [{ outcome: 'ok' }, ['d', 'a']],
    [{ outcome: 'error' }, ['c', 'b']],
    [{ since: NEW_YEAR + 1, until: NEW_YEAR + 3 }, ['c', 'b']],
    [{ model: 'qwen3', outcome: 'error', since: NEW_YEAR + 2 }, ['c']],
    [{ model: "' or 1=1 --" }, []],
  ])('a list is cut by %j', async (filter, ids) => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([
      row({ id: 'a', client_name: 'curl' }),
      row({ id: 'b', at: NEW_YEAR + 1, key_id: 'k2', model_used: 'qwen3', session_id: 's1', status: 502 }),
      row({ id: 'c', at: NEW_YEAR + 2, person_id: 'ada', model_asked: 'qwen3', error_code: 'upstream_interrupted' }),
      row({ id: 'd', at: NEW_YEAR + 3, upstream: 'tun_1' }),
    ])
    expect(idsOf(await requests.list(ALL, { limit: 10, ...filter }))).toEqual(ids)
  })

  test('what few rows answer is found among many, from either end', async () => {
    const requests = new RequestRepository(await open())
    const rare = new Set([0, 1_999, 2_000, 4_001, 6_499])
    await requests.insertMany(
      Array.from({ length: 6_500 }, (_, index) => row({ id: `${index}`, key_id: rare.has(index) ? 'rare' : 'k1' })),
    )
    const list = async (query: Partial<RequestQuery>) =>
      idsOf(await requests.list(ALL, { limit: 10, keyId: 'rare', ...query }))
    expect(await list({})).toEqual(['6499', '4001', '2000', '1999', '0'])
    expect(await list({ limit: 2 })).toEqual(['6499', '4001'])
    expect(await list({ beforeSeq: 2_001, limit: 2 })).toEqual(['1999', '0'])
    expect(await list({ afterSeq: 0 })).toEqual(['0', '1999', '2000', '4001', '6499'])
    expect(await list({ afterSeq: 1, beforeSeq: 6_500, limit: 2 })).toEqual(['1999', '2000'])
    expect(await list({ afterSeq: 6_500 })).toEqual([])
    for (const id of ['0', '3000', '6499']) expect((await requests.find(ALL, id))?.id).toBe(id)
    expect(await requests.find(ALL, 'nobody')).toBeUndefined()
  })

  test('what is not between two times is not looked through', async () => {
    const database = countQueries(await open())
    const requests = new RequestRepository(database)
    await requests.insertMany([
      row({ id: 'a' }),
      row({ id: 'b', at: NEW_YEAR + 9 }),
      row({ id: 'c', at: NEW_YEAR + 1 }),
    ])
    await skipNumbers(database, 1_000_000)
    await requests.insertMany([row({ id: 'd', at: NEW_YEAR + 2 }), row({ id: 'e', at: NEW_YEAR + 20 })])
    await skipNumbers(database, 2_000_000)
    await requests.insertMany([row({ id: 'f', at: NEW_YEAR + 30 })])
    const asked = async (query: Partial<RequestQuery>) => {
      database.takeCounts()
      const ids = idsOf(await requests.list(ALL, { limit: 10, ...query }))
      return [ids, database.takeCounts().statements]
    }
    expect(await asked({ since: NEW_YEAR + 20 })).toEqual([['f', 'e'], 1 + 20])
    expect(await asked({ since: NEW_YEAR + 21 })).toEqual([['f'], 1 + 1])
    expect(await asked({ until: NEW_YEAR + 2 })).toEqual([['c', 'a'], 1 + 1])
    expect(await asked({ since: NEW_YEAR + 1, until: NEW_YEAR + 10 })).toEqual([['d', 'c', 'b'], 1 + 20])
    expect(await asked({ since: NEW_YEAR + 31 })).toEqual([[], 1])
    expect(await asked({ since: NEW_YEAR + 20, beforeSeq: 1_000_003 })).toEqual([['e'], 1 + 1])
    expect(await asked({ until: NEW_YEAR + 10, afterSeq: 1_000_000, beforeSeq: 1_000_010 })).toEqual([['d'], 1 + 1])
  })

  test('all rows come in pages, oldest first, without those that come meanwhile', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany(rows(25))
    const pages: string[][] = []
    for await (const page of requests.pages(ALL, {}, 10)) {
      pages.push(idsOf(page))
      await requests.insertMany([row({ id: 'late' })])
    }
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5])
    expect(pages.flat()).toEqual(idsOf(rows(25)))
    for await (const page of requests.pages({ orgId: 'none' }, {}, 10)) expect(page).toEqual([])
  })

  test.each<[string, (requests: RequestRepository, signal: AbortSignal) => Promise<unknown>]>([
    ['a list', (requests, signal) => requests.list(ALL, { limit: 10, model: 'none' }, signal)],
    ['a search by id', (requests, signal) => requests.find(ALL, 'none', signal)],
    ['pages', (requests, signal) => requests.pages(ALL, { model: 'none' }, 10, signal).next()],
  ])('%s asks nothing more once nobody wants it', async (_, read) => {
    const leaving = new AbortController()
    const stored = await open()
    await new RequestRepository(stored).insertMany([row()])
    await skipNumbers(stored, 10_000_000)
    await new RequestRepository(stored).insertMany([row()])
    const database = countQueries(stored, (statements) => {
      if (statements === 3) leaving.abort(new Error('left'))
    })
    await expect(read(new RequestRepository(database), leaving.signal)).rejects.toThrow('left')
    expect(database.takeCounts().statements).toBe(3)
  })

  test('a row is found by its id within its scope only', async () => {
    const requests = new RequestRepository(await open())
    await requests.insertMany([
      row({ id: 'a', person_id: 'ada' }),
      row({ id: 'b', org_id: 'org_b' }),
      row({ id: 'c', org_id: null }),
    ])
    const finds = async (scope: RequestScope, id: string) => (await requests.find(scope, id)) !== undefined
    expect(await finds({ orgId: 'default' }, 'a')).toBe(true)
    expect(await finds({ orgId: 'default', personId: 'ada' }, 'a')).toBe(true)
    expect(await finds({ orgId: 'default', personId: 'eve' }, 'a')).toBe(false)
    expect(await finds({ orgId: 'default' }, 'b')).toBe(false)
    expect(await finds({ orgId: 'default' }, 'c')).toBe(false)
    expect(await finds(ALL, 'c')).toBe(true)
  })
})
