import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { RawServer } from '../../test/support/raw-server.ts'
import { systemClock } from '../core/clock.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import { type Detected, type ProbeFailed, type ProbeOptions, probe } from './detect.ts'
import type { ServerBase, ServerWay } from './server.ts'

type Answer = { status?: number; headers?: Record<string, string>; json?: unknown; text?: string }
type Answers = Readonly<Record<string, Answer>>

/** Probes a server that answers these paths, and 404 to others. */
async function probing(
  answers: Answers,
  { kind = 'unknown', basePath = '', ...way }: Partial<Pick<ProbeOptions, 'kind'> & ServerWay & ServerBase> = {},
  seen: { url?: string | undefined; headers: IncomingHttpHeaders }[] = [],
): Promise<Detected | ProbeFailed> {
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers })
    const { status = 200, headers = {}, json, text } = answers[request.url ?? ''] ?? { status: 404, text: 'no' }
    response.writeHead(status, headers).end(text ?? JSON.stringify(json))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using dispatcher = new HttpDispatcher({ origin, clock: systemClock })
  const result = await probe({
    way: { dispatcher, base: { origin, basePath }, credential: undefined, ...way },
    kind,
    clock: systemClock,
    signal: new AbortController().signal,
  })
  server.close()
  return result
}

const openAi = (...data: unknown[]): Answer => ({ json: { object: 'list', data } })
const OLLAMA: Answers = {
  '/api/version': { json: { version: '0.33.0', more: 1 } },
  '/api/tags': { json: { models: [{ name: 'llama3.2:latest', model: 'llama3.2:latest', size: 5 }] } },
  '/v1/models': openAi({ id: 'llama3.2:latest', owned_by: 'library' }),
}

test('knows Ollama', async () => {
  expect(await probing(OLLAMA)).toEqual({
    kind: 'ollama',
    server: 'ollama',
    version: '0.33.0',
    models: [
      {
        id: 'llama3.2:latest',
        canonical: 'llama3.2:latest',
        isCloud: false,
        sizeBytes: 5,
        entry: { name: 'llama3.2:latest', model: 'llama3.2:latest', size: 5 },
      },
    ],
  })
})

test('leaves out entries without a usable name and second ones of the same, and marks cloud models', async () => {
  const names = ['a', 'A:latest', 'b:cloud', 'c:8b-cloud', '', 'd\0', 5]
  const models: unknown[] = [
    ...names.map((name) => ({ name })),
    null,
    'text',
    {},
    { name: 'e', remote_host: 'https://ollama.com', size: 384 },
    { name: 'f', remote_model: 'big' },
    { name: 'g', remote_host: '', remote_model: '' },
  ]
  const found = (await probing({ ...OLLAMA, '/api/tags': { json: { models } } })) as Detected
  expect(found.models[0]?.id).toBe('a')
  expect(found.models.map(({ canonical, isCloud }) => [canonical, isCloud])).toEqual([
    ['a:latest', false],
    ['b:cloud', true],
    ['c:8b-cloud', true],
    ['e:latest', true],
    ['f:latest', true],
    ['g:latest', false],
  ])
})

test('a cloud model has no size here', async () => {
  const models = [
    { name: 'a:cloud', size: 384 },
    { name: 'b', size: 0 },
  ]
  const found = (await probing({ ...OLLAMA, '/api/tags': { json: { models } } })) as Detected
  expect(found.models.map(({ sizeBytes }) => sizeBytes)).toEqual([undefined, 0])
})

test.each<[string, string | undefined, Answers]>([
  ['llama-server', undefined, { '/v1/models': { ...openAi({ id: 'm' }), headers: { server: 'llama.cpp' } } }],
  // It answers /api/tags as well, but has no /api/version.
  [
    'llama-server',
    undefined,
    { '/api/tags': { json: { models: [] } }, '/v1/models': openAi({ id: 'm', owned_by: 'llamacpp' }) },
  ],
  [
    'vllm',
    '0.11.0',
    { '/v1/models': openAi({ id: 'm', owned_by: 'vllm' }), '/version': { json: { version: '0.11.0' } } },
  ],
  ['vllm', undefined, { '/v1/models': openAi({ id: 'm', owned_by: 'vllm' }) }],
  [
    'lm-studio',
    undefined,
    { '/v1/models': openAi({ id: 'm' }), '/api/v0/models': openAi({ id: 'm', state: 'loaded' }) },
  ],
  // LM Studio answers 200 with an error to what it does not know.
  [
    'openai',
    undefined,
    {
      '/api/version': { json: { error: 'Unexpected' } },
      '/v1/models': openAi({ id: 'm' }),
      '/api/v0/models': { json: { error: 'no' } },
    },
  ],
])('knows %s %s', async (server, version, answers) => {
  expect(await probing(answers)).toMatchObject({ kind: 'openai', server, version, models: [{ id: 'm' }] })
})

test("a llama-server's model is loaded, and a router tells it of each of its own", async () => {
  const headers = { server: 'llama.cpp' }
  const one = openAi({ id: 'm', meta: { n_ctx: 4_096, n_ctx_train: 262_144, size: 7 } })
  const models = [{ name: 'm', model: 'm', size: '', capabilities: ['completion', 'multimodal'] }, { name: 'other' }]
  const json = { ...(one.json as object), models }
  expect(await probing({ '/v1/models': { json, headers } })).toMatchObject({
    models: [
      {
        id: 'm',
        contextLength: 4_096,
        trainedContextLength: 262_144,
        sizeBytes: 7,
        capabilities: ['completion'],
        isLoaded: true,
      },
    ],
  })
  const states = ['loaded', 'unloaded', 'sleeping', 'loading', 'failed']
  const router = openAi(
    ...states.map((value) => ({ id: value, status: { value, args: ['--port', '1'] }, architecture: IMAGES })),
  )
  const found = (await probing({ '/v1/models': { ...router, headers } })) as Detected
  expect(found.models.map(({ isLoaded }) => isLoaded)).toEqual([true, false, false, false, true])
  expect(found.models[0]?.capabilities).toEqual(['vision'])
})
const IMAGES = { input_modalities: ['text', 'image'] }

test("what vLLM's and LM Studio's listings tell of their models", async () => {
  expect(await probing({ '/v1/models': openAi({ id: 'm', owned_by: 'vllm', max_model_len: 8_192 }) })).toMatchObject({
    models: [{ contextLength: 8_192, trainedContextLength: undefined, isLoaded: true }],
  })
  const own = openAi(
    { id: 'n', type: 'embeddings', state: 'not-loaded', max_context_length: 2_048 },
    { id: 'M', type: 'vlm', state: 'loaded', max_context_length: 32_768, loaded_context_length: 4_096 },
    { id: 'gone', state: 'loaded' },
  )
  const tools = openAi({ id: 'm', capabilities: ['tool_use'] }, { id: 'n' })
  const found = (await probing({ '/v1/models': tools, '/api/v0/models': own })) as Detected
  expect(found.models).toMatchObject([
    {
      id: 'm',
      contextLength: 4_096,
      trainedContextLength: 32_768,
      capabilities: ['completion', 'vision', 'tools'],
      isLoaded: true,
    },
    {
      id: 'n',
      contextLength: undefined,
      trainedContextLength: 2_048,
      capabilities: ['embedding'],
      isLoaded: false,
    },
  ])
  expect(found.models).toHaveLength(2)
})

test('of a server that does not tell, nothing is made up', async () => {
  const found = (await probing({ '/v1/models': openAi({ id: 'm', object: 'model' }) })) as Detected
  const { contextLength, trainedContextLength, capabilities, sizeBytes, isLoaded } = found.models[0] ?? {}
  expect([contextLength, trainedContextLength, capabilities, sizeBytes, isLoaded]).toEqual(Array(5).fill(undefined))
})

test('knows Anthropic, and reads a second page', async () => {
  const first = { data: [{ id: 'claude-a', type: 'model' }], has_more: false }
  expect(await probing({ '/v1/models': { json: first } })).toMatchObject({ kind: 'anthropic', server: 'anthropic' })
  const all = { data: [{ id: 'claude-a' }, { id: 'claude-b' }], has_more: false }
  const found = await probing({
    '/v1/models': { json: { ...first, has_more: true } },
    '/v1/models?limit=1000': { json: all },
  })
  expect((found as Detected).models).toHaveLength(2)
})

test('an answer in both shapes is OpenAI’s, unless its owner says otherwise', async () => {
  const both = { '/v1/models': { json: { object: 'list', data: [], has_more: false } } }
  expect(await probing(both)).toMatchObject({ kind: 'openai' })
  expect(await probing(both, { kind: 'anthropic' })).toMatchObject({ kind: 'anthropic' })
  expect(await probing(OLLAMA, { kind: 'openai' })).toMatchObject({ kind: 'openai', server: 'openai' })
})

test('asks below the base path with its credential', async () => {
  const seen: { url?: string | undefined; headers: IncomingHttpHeaders }[] = []
  const answers = { '/models/v1/models': openAi({ id: 'm', owned_by: 'vllm' }) }
  const credential = { header: 'authorization', reveal: () => 's3cret' } as const
  expect(await probing(answers, { basePath: '/models', credential }, seen)).toMatchObject({ server: 'vllm' })
  expect(seen.map(({ url }) => url)).toEqual(['/models/api/version', '/models/v1/models', '/models/version'])
  expect(seen.every(({ headers }) => headers.authorization === 'Bearer s3cret')).toBe(true)
  await probing(answers, { credential: { header: 'x-api-key', reveal: () => 's3cret' } }, seen)
  expect(seen.at(-1)?.headers).toMatchObject({ 'x-api-key': 's3cret', 'anthropic-version': '2023-06-01' })
})

const LISTED_BY = (owner: string): Answers => ({ '/v1/models': openAi({ id: 'm', owned_by: owner }) })
const UNKNOWN = ['/api/version', '/v1/models']
test.each<[string, ProbeOptions['kind'], Answers, readonly string[]]>([
  ['ollama', 'unknown', OLLAMA, ['/api/version', '/api/tags']],
  ['ollama', 'ollama', OLLAMA, ['/api/version', '/api/tags']],
  ['llama-server', 'unknown', LISTED_BY('llamacpp'), UNKNOWN],
  ['vllm', 'unknown', LISTED_BY('vllm'), [...UNKNOWN, '/version']],
  ['lm-studio', 'unknown', { ...LISTED_BY('x'), '/api/v0/models': openAi() }, [...UNKNOWN, '/api/v0/models']],
  ['openai', 'openai', LISTED_BY('x'), ['/v1/models', '/api/v0/models']],
  ['anthropic', 'unknown', { '/v1/models': { json: { data: [], has_more: false } } }, UNKNOWN],
  ['anthropic', 'anthropic', { '/v1/models': { json: { data: [], has_more: false } } }, ['/v1/models']],
])('%s that is said to be %s is asked no more than it takes', async (server, kind, answers, questions) => {
  const seen: { url?: string | undefined; headers: IncomingHttpHeaders }[] = []
  expect(await probing(answers, { kind }, seen)).toMatchObject({ server })
  expect(seen.map(({ url }) => url)).toEqual(questions)
})

const every = (answer: Answer): Answers => ({ '/api/version': answer, '/api/tags': answer, '/v1/models': answer })
test.each<[string, Answers]>([
  ['answered 403: it refuses this gateway', every({ status: 403, text: 'no' })],
  ['answered 401: it wants a key', every({ status: 401, json: { error: 'no' } })],
  ['answered 503: it is not ready', every({ status: 503, text: 'loading' })],
  ['answers, but is no model server', {}],
  ['answers, but is no model server', every({ text: '<html>' })],
  ['answers, but is no model server', every({ json: [] })],
  ['answers, but is no model server', { ...OLLAMA, '/api/tags': { json: {} }, '/v1/models': { json: { data: 'x' } } }],
  ['in no known shape', { '/v1/models': { json: { data: [] } } }],
  ['with more than 8388608 bytes', { '/api/version': { text: ' '.repeat(9_000_000) } }],
])('says why not: %s', async (reason, answers) => {
  expect(await probing(answers)).toEqual({ reason: expect.stringContaining(reason) })
})

test('says what its owner claimed when that is not what answers', async () => {
  expect(await probing({}, { kind: 'ollama' })).toEqual({ reason: 'answers, but is no Ollama' })
})

const probeAt = (
  origin: string,
  clock = systemClock,
  signal = new AbortController().signal,
): Promise<Detected | ProbeFailed> => {
  const way = {
    dispatcher: new HttpDispatcher({ origin, clock: systemClock }),
    base: { origin, basePath: '' },
    credential: undefined,
  }
  return probe({ way, kind: 'unknown', clock, signal })
}

test('says that nothing listens', async () => {
  const server = await RawServer.start(() => {})
  const { origin, port } = server
  await server[Symbol.asyncDispose]()
  expect(await probeAt(origin)).toEqual({ reason: `nothing listens on 127.0.0.1:${port}`, failure: 'refused' })
})

test('says which of the two schemes a server speaks where its URL says the other', async () => {
  await using plain = await RawServer.start(({ socket }) => {
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  expect(await probeAt(plain.origin.replace('http:', 'https:'))).toEqual({
    reason: expect.stringContaining('speaks no TLS, and its URL begins with https://'),
    failure: 'unreachable',
  })
  // OpenSSL's alert, Go's and nginx's words, a redirect, and nothing at all.
  await using alert = await RawServer.answering('\x15\x03\x01\x00\x02\x02\x46')
  expect(await probeAt(alert.origin)).toMatchObject({ reason: expect.stringContaining('write it with https://') })
  const GO = { status: 400, text: 'Client sent an HTTP request to an HTTPS server.\n' }
  const NGINX = { status: 400, text: '<center>The plain HTTP request was sent to HTTPS port</center>' }
  const MOVED = { status: 301, headers: { location: 'https://models.test/' }, text: '' }
  for (const answer of [GO, NGINX, MOVED]) {
    expect(await probing(every(answer))).toEqual({ reason: 'answers that it speaks TLS: write its URL with https://' })
  }
  await using silent = await RawServer.start((connection) => connection.end())
  expect(await probeAt(silent.origin)).toMatchObject({ reason: expect.stringContaining('if it speaks TLS, write') })
})

test('gives up after 10 s, whatever part of the answer is missing', async () => {
  for (const part of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{']) {
    const clock = new ManualClock()
    await using server = await RawServer.start(async (connection) => {
      await connection.request()
      await connection.writePieces([part])
      clock.advance(10_000)
    })
    expect(await probeAt(server.origin, clock)).toEqual({ reason: 'has not answered within 10 s' })
    await server.connections[0]?.closed
  }
})

test('ends when it is told to', async () => {
  const asked = new AbortController()
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    asked.abort(new Error('nobody wants to know'))
  })
  expect(await probeAt(server.origin, new ManualClock(), asked.signal)).toEqual({ reason: 'nobody wants to know' })
  await server.connections[0]?.closed
})
