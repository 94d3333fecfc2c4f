import { Ollama } from 'ollama'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway } from '../support/gateway.ts'
import { hold, respond, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post } from './client.ts'
import { settled, until } from './turns.ts'

/** The catalogue of an Ollama, and what it has loaded. */
const TAGS = '/api/tags'
const PS = '/api/ps'

const LISTS: readonly (readonly [name: string, path: string, headers: Readonly<Record<string, string>>])[] = [
  ['ollama', TAGS, {}],
  ['openai', '/v1/models', {}],
  ['anthropic', '/v1/models', { 'anthropic-version': '2023-06-01' }],
]

const CHATS: readonly (readonly [name: string, path: string, more: object])[] = [
  ['ollama', '/api/chat', { stream: false }],
  ['openai', '/v1/chat/completions', {}],
  ['anthropic', '/v1/messages', { max_tokens: 9 }],
]

/** A gateway whose clock stands, before two Ollamas: what waits for the clock waits until a test moves it. */
async function startGround() {
  await using opened = new AsyncDisposableStack()
  const clock = new ManualClock()
  const models = ['quick:latest']
  const quick = opened.use(await startScriptedUpstream({ server: 'ollama', models }))
  const slow = opened.use(await startScriptedUpstream({ server: 'ollama', models: ['slow:latest'] }))
  const gateway = opened.use(await startTestGateway({ upstreams: [quick.origin, slow.origin], clock }))
  const key = await gateway.key({ routes: ['inference', 'metadata', 'manage'] })
  await until(() => [quick, slow].every(isTold))
  const kept = opened.move()
  return {
    clock,
    models,
    quick,
    slow,
    gateway,
    async list(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string[]> {
      const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}`, ...headers } })
      const body = (await response.json()) as Record<
        string,
        readonly { readonly id?: string; readonly name?: string }[]
      >
      return (body['models'] ?? body['data'] ?? []).map(({ id, name }) => id ?? name ?? '')
    },
    chat: (path: string, model: string, more: object) =>
      post({ url: gateway.url, key, path, body: { model, messages: [{ role: 'user', content: 'hi' }], ...more } }),
    remove: (model: string) =>
      fetch(`${gateway.url}/api/delete`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model }),
      }),
    knows: (model: string) => gateway.parts.upstreams.all().some(({ known }) => known.modelOf(model) !== undefined),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** All that its first refresh asks was asked: what is loaded comes last. */
function isTold(upstream: ScriptedUpstream): boolean {
  return count(upstream, PS) > 0
}

function count({ requests }: ScriptedUpstream, path: string): number {
  return requests.filter((request) => request.path === path).length
}

describe('one model', () => {
  test.each([
    ['openai', {}],
    ['anthropic', { 'anthropic-version': '2023-06-01' }],
  ] as const)('is shown in the shape of %s under the name it was asked by', async (_, headers) => {
    await using ground = await startGround()
    const authorization = `Bearer ${await ground.gateway.key()}`
    for (const name of ['quick', 'quick:latest', 'Quick', 'library/quick']) {
      const found = await fetch(`${ground.gateway.url}/v1/models/${name}`, { headers: { authorization, ...headers } })
      expect(await found.json()).toMatchObject({ id: name })
    }
  })
})

test("a list tells the context that each model is served with beside the one it was trained for, in the API's words", async () => {
  const models = ['loaded:latest', 'idle:latest', 'set:latest']
  await using first = await startScriptedUpstream({ server: 'ollama', models })
  await using second = await startScriptedUpstream({ server: 'ollama', models: ['loaded:latest'] })
  const json = (value: object) => respond(200, { 'content-type': 'application/json' }, JSON.stringify(value))
  const model_info = { 'general.architecture': 'llama', 'llama.context_length': 131_072 }
  for (const server of [first, second]) {
    const isSet = { path: '/api/show', model: 'set:latest', times: 100 }
    server.behave([json({ model_info, parameters: 'num_ctx 16384' })], isSet)
    server.behave([json({ model_info })], { path: '/api/show', times: 100 })
  }
  first.behave([json({ models: [{ name: 'loaded:latest', context_length: 32_768 }] })], { path: PS, times: 100 })
  second.behave([json({ models: [{ name: 'loaded:latest', context_length: 4_096 }] })], { path: PS, times: 100 })
  await using gateway = await startTestGateway({ upstreams: [first.origin, second.origin] })
  const known = () => gateway.parts.upstreams.all().flatMap(({ known: { models: told = [] } }) => told)
  await until(() => {
    const told = known()
    return told.length === 4 && told.every((model) => model.trainedContextLength && model.isLoaded !== undefined)
  })
  const authorization = `Bearer ${await gateway.key()}`
  const list = async (headers: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${gateway.url}/v1/models`, { headers: { authorization, ...headers } })
    return ((await answer.json()) as { data: object[] }).data
  }
  // A request for it may go to either server: the least is what one can count on.
  expect(await list({})).toMatchObject([
    { id: 'loaded:latest', meta: { n_ctx: 4_096, n_ctx_train: 131_072 } },
    { id: 'idle:latest', meta: { n_ctx_train: 131_072 } },
    { id: 'set:latest', meta: { n_ctx: 16_384, n_ctx_train: 131_072 } },
  ])
  expect((await list({}))[1]).not.toHaveProperty('meta.n_ctx')
  expect(await list({ 'anthropic-version': '2023-06-01' })).toMatchObject([
    { id: 'loaded:latest', max_input_tokens: 4_096 },
    { id: 'idle:latest', max_input_tokens: 131_072 },
    { id: 'set:latest', max_input_tokens: 16_384 },
  ])
})

test.each(['/api/version', '/api/tags'])('HEAD %s tells the length that GET has', async (path) => {
  await using ground = await startGround()
  const headers = { authorization: `Bearer ${await ground.gateway.key()}` }
  const get = await fetch(ground.gateway.url + path, { headers })
  const head = await fetch(ground.gateway.url + path, { method: 'HEAD', headers })
  expect(head.status).toBe(200)
  expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(await get.text())))
  expect(await head.text()).toBe('')
})

describe('clients of Ollama, where servers of other kinds are', () => {
  const LLAMA = {
    id: 'tiny',
    object: 'model',
    owned_by: 'llamacpp',
    meta: { n_ctx: 4_096, n_ctx_train: 131_072, n_params: 1_235_814_432, size: 807_690_656 },
  }
  const listingOf = (...data: readonly object[]) =>
    respond(200, { 'content-type': 'application/json' }, JSON.stringify({ object: 'list', data }))

  /** A gateway before a llama-server and another server of OpenAI's API, and an Ollama too where it is named. */
  async function startOthers(ollama: readonly string[] = []) {
    await using opened = new AsyncDisposableStack()
    const llama = opened.use(await startScriptedUpstream({ server: 'llama-server', models: ['tiny'] }))
    llama.behave([listingOf(LLAMA)], { path: '/v1/models', times: 1_000 })
    const plain = opened.use(await startScriptedUpstream({ server: 'openai', models: ['far/away'] }))
    plain.behave([listingOf({ id: 'far/away', object: 'model' })], { path: '/v1/models', times: 1_000 })
    const upstreams = [llama.origin, plain.origin, ...ollama]
    const gateway = opened.use(await startTestGateway({ upstreams }))
    await until(() => gateway.parts.upstreams.all().every(({ known }) => known.models?.length))
    const key = await gateway.key()
    const client = new Ollama({ host: gateway.url, headers: { authorization: `Bearer ${key}` } })
    const kept = opened.move()
    return { llama, plain, gateway, client, key, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }

  test('are told of all models, and of those that are loaded', async () => {
    await using others = await startOthers()
    const { models } = await others.client.list()
    expect(models).toMatchObject([
      { name: 'tiny', model: 'tiny', size: 807_690_656, details: { format: 'gguf', parameter_size: '1.2B' } },
      { name: 'far/away', size: 0, details: { format: '', parameter_size: '' } },
    ])
    const { models: loaded } = await others.client.ps()
    expect(loaded).toMatchObject([{ name: 'tiny', context_length: 4_096, digest: models[0]?.digest }])
  })

  test('are told of no model that the key may not use', async () => {
    await using others = await startOthers()
    const authorization = `Bearer ${await others.gateway.key({ models: ['far/*'] })}`
    const client = new Ollama({ host: others.gateway.url, headers: { authorization } })
    expect((await client.list()).models.map(({ name }) => name)).toEqual(['far/away'])
    expect(await client.ps()).toEqual({ models: [] })
  })

  test('are told a version and the greeting, by GET and by HEAD, and no server is asked', async () => {
    await using others = await startOthers()
    const headers = { authorization: `Bearer ${others.key}` }
    const { url } = others.gateway
    expect(await others.client.version()).toEqual({ version: '0.33.0' })
    const head = await fetch(`${url}/api/version`, { method: 'HEAD', headers })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String('{"version":"0.33.0"}'.length)])
    expect(await (await fetch(url, { headers })).text()).toBe('Ollama is running')
    const asked = [others.llama, others.plain].flatMap(({ requests }) => requests)
    const byClients = asked.filter((request) => !request.headers['user-agent']?.startsWith('punku/'))
    expect(byClients).toEqual([])
    expect((await fetch(`${url}/api/version`)).status).toBe(401)
  })

  test("are told an Ollama's own version and entries where one is there too", async () => {
    await using ollama = await startScriptedUpstream({ server: 'ollama', models: ['quick:latest'] })
    const json = (value: object) => respond(200, { 'content-type': 'application/json' }, JSON.stringify(value))
    ollama.behave([json({ version: '0.34.1' })], { path: '/api/version', times: 1_000 })
    const entry = { name: 'quick:latest', model: 'quick:latest', size: 7, digest: 'd1', details: { family: 'llama' } }
    ollama.behave([json({ models: [entry] })], { path: TAGS, times: 1_000 })
    ollama.behave([json({ models: [{ ...entry, size_vram: 5 }] })], { path: PS, times: 1_000 })
    await using others = await startOthers([ollama.origin])
    expect(await others.client.version()).toEqual({ version: '0.34.1' })
    const { models } = await others.client.list()
    expect(models.map(({ name }) => name)).toEqual(['tiny', 'far/away', 'quick:latest'])
    expect(models.at(-1)).toEqual(entry)
    const { models: loaded } = await others.client.ps()
    expect(loaded.map(({ name }) => name).toSorted()).toEqual(['quick:latest', 'tiny'])
    expect(loaded.find(({ name }) => name === 'quick:latest')).toEqual({ ...entry, size_vram: 5 })
  })
})

const BOTH = ['quick:latest', 'slow:latest']

describe.each(LISTS)('the list of %s', (_name, path, headers) => {
  test('is what is known, at once: one that hangs is asked once behind it', async () => {
    await using ground = await startGround()
    const { clock, slow, quick, list } = ground
    clock.advance(2_001)
    slow.behave([hold, rest], { path: TAGS, times: 100 })
    const before = [count(quick, TAGS), count(slow, TAGS)] as const
    const lists = await Promise.all(Array.from({ length: 8 }, () => list(path, headers)))
    for (const names of lists) expect(names).toEqual(BOTH)
    await until(() => count(slow, TAGS) > before[1] && count(quick, TAGS) > before[0])
    expect(await list(path, headers)).toEqual(BOTH)
    expect([count(quick, TAGS), count(slow, TAGS)]).toEqual([before[0] + 1, before[1] + 1])
  })

  test('has what is new the next time', async () => {
    await using ground = await startGround()
    const { clock, models, list } = ground
    models.push('new:latest')
    clock.advance(2_001)
    expect(await list(path, headers)).toEqual(BOTH)
    await until(() => ground.knows('new:latest'))
    expect(await list(path, headers)).toEqual(['quick:latest', 'new:latest', 'slow:latest'])
  })

  test('waits a second, and no more, for one of which nothing is known', async () => {
    await using ground = await startGround()
    const { clock, gateway, list } = ground
    await using third = await startScriptedUpstream({ server: 'ollama', models: ['third:latest'] })
    third.behave([hold, rest], { path: TAGS, times: 1 })
    const adding = gateway.addUpstream('default', third.origin)
    const question = await third.nextRequest(TAGS)
    clock.advance(400)
    let isAnswered = false
    const waiting = list(path, headers).finally(() => {
      isAnswered = true
    })
    await until(() => gateway.parts.gateway.liveExchanges === 1)
    clock.advance(599)
    await list('/healthz')
    expect(isAnswered).toBe(false)
    clock.advance(1)
    expect(await waiting).toEqual(BOTH)
    // It has had its second.
    expect(await list(path, headers)).toEqual(BOTH)
    question.release()
    await adding
    expect(await list(path, headers)).toEqual([...BOTH, 'third:latest'])
  })

  test('has what a request through the gateway has changed', async () => {
    await using ground = await startGround()
    const { models, list, remove } = ground
    models.splice(0, 1, 'other:latest')
    expect((await remove('quick')).status).toBe(200)
    expect(await list(path, headers)).toEqual(['other:latest', 'slow:latest'])
  })
})

describe.each(CHATS)('a model that nobody has is asked for by %s', (_name, path, more) => {
  test('and nobody waits longer than a second for a server that hangs', async () => {
    await using ground = await startGround()
    const { clock, quick, slow, chat, models } = ground
    clock.advance(2_001)
    slow.behave([hold, rest], { path: TAGS, times: 100 })
    const asked = async (model: string): Promise<number> => {
      const before = count(quick, TAGS)
      const waiting = chat(path, model, more)
      await until(() => count(quick, TAGS) > before)
      clock.advance(1_000)
      return (await waiting).status
    }
    const questions = count(slow, TAGS)
    expect(await asked('nobody')).toBe(404)
    models.push('new:latest')
    clock.advance(1_001)
    expect(await asked('new')).toBe(200)
    expect(count(slow, TAGS)).toBe(questions + 1)
    await settled(ground.gateway)
  })
})

describe.each(LISTS)('the list of %s, of a server that is down,', (_name, path, headers) => {
  test('is the one it gave last while another answers, and an error where none does', async () => {
    await using ground = await startGround()
    const { clock, quick, slow, list, gateway } = ground
    const [first, second] = gateway.parts.upstreams.all()
    await slow.close()
    await second?.refresh()
    expect(second?.known.health.state).toBe('down')
    expect(await list(path, headers)).toEqual(BOTH)
    await quick.close()
    await first?.refresh()
    clock.advance(2_001)
    const authorization = `Bearer ${await gateway.key()}`
    const answer = await fetch(gateway.url + path, { headers: { authorization, ...headers } })
    expect(answer.status).toBe(502)
    expect(await answer.text()).toContain('No model server answers now')
  })
})

test('what is loaded is asked each time; one that hangs has a second, and its last word stands', async () => {
  await using ground = await startGround()
  const { clock, quick, slow, list } = ground
  expect(await list(PS)).toEqual(BOTH)
  slow.behave([hold, rest], { path: PS, times: 100 })
  const before = [count(quick, PS), count(slow, PS)] as const
  const waiting = list(PS)
  await until(() => count(quick, PS) > before[0] && count(slow, PS) > before[1])
  clock.advance(1_000)
  expect(await waiting).toEqual(BOTH)
  expect(await list(PS)).toEqual(BOTH)
  expect([count(quick, PS), count(slow, PS)]).toEqual([before[0] + 2, before[1] + 1])
})
