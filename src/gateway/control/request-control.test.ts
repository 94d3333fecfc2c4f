import { expect, test } from 'vitest'
import { personIn } from '../../../test/support/actors.ts'
import { MANUAL_CLOCK_START } from '../../../test/support/clock.ts'
import { type Answer, openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { addOrg, addPerson } from '../../../test/support/people.ts'
import { localActor, type OrgActor } from '../orgs/actor.ts'
import { BLANK_REQUEST } from '../store/request-columns.ts'
import type { NewRequestRow } from '../store/schema.ts'

const AT = MANUAL_CLOCK_START
const ADA = personIn('default', 'member', 'ada')
const BOSS = personIn('default', 'admin', 'boss')
const ZOE = personIn('org_b', 'owner', 'zoe')
const SYSTEM: OrgActor = { ...personIn('default', 'member', 'root'), isSystemAdmin: true }

function row(given: Partial<NewRequestRow> = {}): NewRequestRow {
  return {
    ...BLANK_REQUEST,
    id: 'req_1',
    at: AT,
    org_id: 'default',
    upstream: '127.0.0.1:11434',
    dialect: 'openai',
    route: 'POST /v1/chat/completions',
    model_asked: 'llama3',
    model_used: 'llama3:latest',
    status: 200,
    is_streamed: 1,
    sent_ms: 2.5,
    load_ms: 700,
    ttfb_ms: 12.5,
    duration_ms: 250.25,
    prompt_tokens: 10,
    completion_tokens: 20,
    request_bytes: 400,
    response_bytes: 5_000_000_000,
    ...given,
  }
}

const seqsOf = ({ requests }: Answer<'listRequests'>) => requests.map(({ seq }) => seq)

describeDatabases((open, isSqlite) => {
  async function start() {
    const control = await openTestControl(open)
    for (const id of ['ada', 'eve']) await addPerson(control.database, `${id}@example.org`, `${id} B`)
    await addOrg(control.database, 'org_b')
    return control
  }

  test('rows come newest first, after a cursor oldest first, in pages', async () => {
    const { call, requests } = await start()
    await requests.insertMany(Array.from({ length: 5 }, (_, index) => row({ id: `req_${index + 1}` })))
    expect(seqsOf(await call('listRequests', '/requests'))).toEqual([5, 4, 3, 2, 1])
    expect(seqsOf(await call('listRequests', '/requests?limit=2'))).toEqual([5, 4])
    expect(seqsOf(await call('listRequests', '/requests?limit=2&before=4'))).toEqual([3, 2])
    expect(seqsOf(await call('listRequests', '/requests?before=1'))).toEqual([])
    expect(seqsOf(await call('listRequests', '/requests?after=2&limit=2'))).toEqual([3, 4])
    expect(seqsOf(await call('listRequests', '/requests?after=5'))).toEqual([])
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('a row shows the names of its key and person, and every fact or null', async () => {
    const { call, requests } = await start()
    const { id } = await call('createKey', '/keys', { name: 'alice' })
    await requests.insertMany([
      row({
        key_id: id,
        person_id: 'ada',
        cached_tokens: 3,
        client_name: 'curl',
        client_version: '8',
        session_id: 's',
        left_out: 'keep_alive web_search',
        session_label: 'a run',
        tool_calls: '{"Read":2,"Bash":1}',
        translated: 'openai-chat',
      }),
      row({ id: 'req_2', key_id: 'gone', person_id: 'gone', is_estimated: 1, is_streamed: 0, ttfb_ms: null }),
      row({ upstream: null, sent_ms: null, model_asked: null, model_used: null, prompt_tokens: null }),
    ])
    const [third, second, first] = (await call('listRequests', '/requests')).requests
    expect(first).toEqual({
      seq: 1,
      id: 'req_1',
      at: '2026-01-01T00:00:00.000Z',
      keyId: id,
      keyName: 'alice',
      personId: 'ada',
      personName: 'ada B',
      upstream: '127.0.0.1:11434',
      dialect: 'openai',
      route: 'POST /v1/chat/completions',
      modelAsked: 'llama3',
      modelUsed: 'llama3:latest',
      status: 200,
      errorCode: null,
      isStreamed: true,
      sentMs: 2.5,
      loadMs: 700,
      ttfbMs: 12.5,
      durationMs: 250.25,
      promptTokens: 10,
      completionTokens: 20,
      cachedTokens: 3,
      isEstimated: false,
      requestBytes: 400,
      responseBytes: 5_000_000_000,
      clientName: 'curl',
      clientVersion: '8',
      sessionId: 's',
      leftOut: ['keep_alive', 'web_search'],
      translated: 'openai-chat',
      sessionLabel: 'a run',
      toolCalls: [
        { name: 'Read', count: 2 },
        { name: 'Bash', count: 1 },
      ],
    })
    expect(second).toMatchObject({ keyId: 'gone', keyName: null, personName: null, isEstimated: true, ttfbMs: null })
    expect(third).toMatchObject({ keyId: null, keyName: null, upstream: null, sentMs: null, promptTokens: null })
    expect([second?.translated, third?.translated]).toEqual([null, null])
    expect(await call('showRequest', '/requests/req_2')).toEqual({ ...second, serverSaid: null })
  })

  test('rows are found by what they are', async () => {
    const { call, requests } = await start()
    const { id } = await call('createKey', '/keys', { name: 'alice' })
    await requests.insertMany([
      row({ at: AT - 1, key_id: id }),
      row({ key_id: id, person_id: 'ada', model_used: 'qwen3' }),
      row({ at: AT + 1, upstream: 'tun_1', client_name: 'curl', session_id: 's', error_code: 'upstream_interrupted' }),
    ])
    const found = async (query: string) => seqsOf(await call('listRequests', `/requests?${query}`))
    expect(await found('key=alice')).toEqual([2, 1])
    expect(await found(`key=${id}`)).toEqual([2, 1])
    expect(await found('since=2026-01-01T00:00:00.000Z')).toEqual([3, 2])
    expect(await found('until=2026-01-01T00:00:00.000Z')).toEqual([1])
    expect(await found('person=ada')).toEqual([2])
    expect(await found('model=qwen3')).toEqual([2])
    expect(await found('model=llama3')).toEqual([3, 2, 1])
    expect(await found('upstream=tun_1&client=curl&session=s&outcome=error')).toEqual([3])
    expect(await found('outcome=ok')).toEqual([2, 1])
  })

  test('nobody sees a row that is not for them', async () => {
    const { as, requests } = await start()
    await requests.insertMany([
      row({ id: 'req_ada', person_id: 'ada' }),
      row({ id: 'req_eve', person_id: 'eve' }),
      row({ id: 'req_org' }),
      row({ id: 'req_b', org_id: 'org_b', person_id: 'ada' }),
      row({ id: 'req_none', org_id: null, status: 401, error_code: 'key_missing' }),
    ])
    const seen = async (actor: OrgActor, query = '') =>
      (await as(actor).call('listRequests', `/requests${query}`)).requests.map(({ id }) => id.slice(4)).sort()
    expect(await seen(ADA)).toEqual(['ada'])
    expect(await seen(ADA, '?person=eve')).toEqual([])
    expect(await seen(BOSS)).toEqual(['ada', 'eve', 'org'])
    expect(await seen(BOSS, '?person=eve')).toEqual(['eve'])
    expect(await seen(ZOE)).toEqual(['b'])
    expect(await seen(SYSTEM)).toEqual(['ada', 'eve', 'none', 'org'])
    expect(await seen({ ...SYSTEM, orgId: 'org_b' })).toEqual(['b'])
    expect(await seen(localActor())).toEqual(['ada', 'eve', 'none', 'org'])
    expect(await seen(localActor('org_b'))).toEqual(['b'])

    const missing = await as(ADA).refused('GET', '/requests/req_nobody')
    expect(missing).toMatchObject({ status: 404, code: 'not_found' })
    for (const id of ['req_eve', 'req_org', 'req_b', 'req_none']) {
      expect(await as(ADA).refused('GET', `/requests/${id}`)).toEqual(missing)
    }
    expect((await as(ADA).call('showRequest', '/requests/req_ada')).id).toBe('req_ada')
    expect(await as(BOSS).refused('GET', '/requests/req_b')).toEqual(missing)
    expect(await as(ADA).refused('GET', '/requests.ndjson')).toMatchObject({ status: 403, code: 'not_allowed' })
  })

  test('an export is every row that is seen, oldest first, one a line', async () => {
    const { as, requests } = await start()
    await requests.insertMany([
      ...Array.from({ length: 1_100 }, (_, index) => row({ id: `req_${index}`, status: index % 2 === 0 ? 200 : 502 })),
      row({ id: 'req_b', org_id: 'org_b' }),
    ])
    const lines = async (query: string) => {
      const response = await as(BOSS).send('GET', `/requests.ndjson${query}`)
      expect(response.headers.get('content-type')).toBe('application/x-ndjson')
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="requests.ndjson"')
      const text = await response.text()
      expect(text === '' || text.endsWith('}\n')).toBe(true)
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { id: string }).id)
    }
    expect(await lines('')).toEqual(Array.from({ length: 1_100 }, (_, index) => `req_${index}`))
    expect(await lines('?outcome=error')).toHaveLength(550)
    expect(await lines('?person=nobody')).toEqual([])
  })

  test('an export ends although rows are added as fast as it is read', async () => {
    const { as, requests } = await start()
    await requests.insertMany(Array.from({ length: 600 }, (_, index) => row({ id: `req_${index}` })))
    const { body } = await as(BOSS).send('GET', '/requests.ndjson')
    let text = ''
    for await (const piece of body ?? []) {
      text += Buffer.from(piece).toString()
      await requests.insertMany(Array.from({ length: 300 }, () => row({ id: 'req_late' })))
    }
    expect(text.split('\n')).toHaveLength(600 + 1)
    expect(text).not.toContain('req_late')
  })

  test('an export that nobody reads on stops', async () => {
    const { as, requests } = await start()
    await requests.insertMany(Array.from({ length: 1_200 }, (_, index) => row({ id: `req_${index}` })))
    const { body } = await as(BOSS).send('GET', '/requests.ndjson')
    const reader = body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    await reader?.cancel()
    expect((await reader?.read())?.done).toBe(true)
  })
})
