import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Agent } from '../../src/agent/agent.ts'
import type { AgentEvent } from '../../src/agent/agent-events.ts'
import type { HouseRules } from '../../src/agent/house-rules.ts'
import { Secret } from '../../src/core/secret.ts'
import { GatewayAddress } from '../../src/http-client/gateway-address.ts'
import { HttpDispatcher } from '../../src/http-client/http-dispatcher.ts'
import { type ResetCode, STREAM_KIND } from '../../src/protocol/codes.ts'
import { openFrame } from '../../src/protocol/frame-writer.ts'
import { decodeResponseHead } from '../../src/protocol/head.ts'
import { until } from '../proxy/turns.ts'
import { ManualClock } from '../support/clock.ts'
import { dataOf, gatewayHello, type RawGateway, type RawPeer, startRawGateway } from '../support/raw-tunnel-peer.ts'
import { Mailbox } from '../support/scripted/mailbox.ts'
import { hold, respond, rest } from '../support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'

const CHAT = Buffer.from(JSON.stringify({ model: 'tiny', stream: false, messages: [{ role: 'user', content: 'hi' }] }))
const DIGEST = `sha256:${'0'.repeat(64)}`

let opened: AsyncDisposableStack
let clock: ManualClock
let gateway: RawGateway
let upstream: ScriptedUpstream
/** Somebody else's server on the agent's machine. */
let neighbour: ScriptedUpstream
let events: Mailbox<AgentEvent>
let peer: RawPeer
let streamId: number
beforeEach(async () => {
  opened = new AsyncDisposableStack()
  clock = new ManualClock()
  gateway = opened.use(await startRawGateway())
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  neighbour = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  events = new Mailbox()
})
afterEach(async () => {
  expect(neighbour.requests).toEqual([])
  await opened.disposeAsync()
})

/** An agent beside the scripted Ollama, on a link to a gateway that says whatever the test wants. */
async function connect(options: { readonly rules?: HouseRules; readonly streams?: number } = {}): Promise<void> {
  const { rules = {}, streams = 64 } = options
  const dispatcher = opened.use(new HttpDispatcher({ origin: upstream.origin, clock }))
  const agent = new Agent({
    address: new GatewayAddress({ url: `http://127.0.0.1:${gateway.port}` }),
    tokens: { accessToken: async () => ({ token: new Secret('token'), expiresInMs: 900_000 }) },
    local: { origin: upstream.origin, basePath: '', dispatcher },
    rules,
    limits: { streams },
    machine: { name: 'house', platform: 'linux', arch: 'x64' },
    clock,
    log: pino({ level: 'silent' }),
    onEvent: (event) => events.put(event),
  })
  opened.defer(() => {
    void agent.stop(0)
    clock.advance(0)
  })
  const accepting = gateway.accept()
  agent.start()
  await welcome(accepting)
}

async function welcome(accepting: Promise<RawPeer>): Promise<void> {
  peer = await accepting
  await peer.first('hello')
  peer.send(gatewayHello())
  await events.take(({ type }) => type === 'connected')
  streamId = -1
}

/** What a gateway asks for, in its own spelling; nothing of it is checked on the way out. */
interface Asked {
  readonly method?: string
  readonly target: string
  readonly fields?: readonly string[]
  /** The request's body; default: none. */
  readonly body?: Buffer
}

function frameOf({ method = 'GET', target, fields = [], body }: Asked): Buffer {
  streamId += 2
  const texts = [method, target].map(lengthAndText)
  const count = Buffer.alloc(2)
  count.writeUInt16BE(fields.length / 2)
  const head = Buffer.concat([...texts, count, ...fields.map(lengthAndText)])
  return openFrame(streamId, STREAM_KIND.http, head, body === undefined)
}

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Asks, and resolves with what becomes of it: a status, the code of a RESET, or the end of the link. */
async function ask(asked: Asked): Promise<number | ResetCode | 'link ended'> {
  const open = frameOf(asked)
  const id = streamId
  peer.send(open, ...(asked.body === undefined ? [] : [dataOf(id, asked.body, true)]))
  return await answerTo(id)
}

async function answerTo(id: number): Promise<number | ResetCode | 'link ended'> {
  try {
    return await peer.until((frames) => {
      for (const frame of frames) {
        if (frame.is === 'reset' && frame.streamId === id) return frame.reset.code
        if (frame.is === 'head' && frame.streamId === id) return decodeResponseHead(frame.head).status
      }
      return undefined
    })
  } catch {
    expect(await peer.closed).toMatchObject({ code: 4_000 })
    return 'link ended'
  }
}

const post = (target: string, body = CHAT): Asked => ({
  method: 'POST',
  target,
  fields: ['content-type', 'application/json', 'content-length', String(body.length)],
  body,
})

/** A gateway that was refused may go on: it is served what it may have. */
async function expectServed(): Promise<void> {
  expect(await ask(post('/api/chat'))).toBe(200)
  expect(await ask({ target: '/api/tags' })).toBe(200)
  expect(upstream.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /api/chat', 'GET /api/tags'])
}

const MANAGED: readonly Asked[] = [
  post('/api/pull'),
  post('/api/push'),
  post('/api/create'),
  post('/api/copy'),
  { ...post('/api/delete'), method: 'DELETE' },
  { ...post(`/api/blobs/${DIGEST}`), fields: [] },
]
/** What acts on the machine or account of its owner. */
const NEVER: readonly Asked[] = [
  { target: '/debug/pprof/' },
  { target: '/debug/pprof/heap' },
  { ...post('/api/signout') },
  { ...post('/api/me') },
  { method: 'DELETE', target: '/api/user/keys/mine' },
]
const ELSEWHERE = [
  '//127.0.0.1/api/tags',
  '/../api/tags',
  '/v1/models/../../api/tags',
  '/v1/models/%2e%2e/%2e%2e/debug/pprof/',
  '/v1/models/..%2f..%2fapi/tags',
  '/@evil/api/tags',
  '/api/tags\\@evil',
  '/api/tags;x=1',
  '/control/v1/keys',
  '/API/TAGS',
  '/api/tags/',
  '/api/chat?model=other',
]

describe('a gateway that asks for more than it may', () => {
  test('is refused, and nothing of it reaches the model server', async () => {
    await connect()
    for (const asked of [...MANAGED, ...NEVER, ...ELSEWHERE.map((target) => ({ target }))]) {
      expect(await ask(asked), asked.target).toBe('denied')
    }
    for (const method of ['CONNECT', 'TRACE', 'PUT', 'DELETE']) {
      expect(await ask({ method, target: '/api/chat' }), method).toBe('denied')
    }
    await expectServed()
  })

  test('may change the models where its owner lets it, and nothing else of the machine', async () => {
    await connect({ rules: { allowManage: true } })
    for (const asked of MANAGED) expect(await ask(asked), asked.target).toBeOneOf([200, 201])
    for (const asked of NEVER) expect(await ask(asked), asked.target).toBe('denied')
    expect(upstream.requests.map(({ path }) => path)).toEqual(MANAGED.map(({ target }) => target))
  })
})

describe('a gateway that breaks the rules of heads', () => {
  const broken: readonly (readonly [string, Asked])[] = [
    ...[
      '@evil.test/',
      'evil.test',
      'http://evil.test/api/tags',
      '*',
      '',
      '/api/tags#x',
      '/api/tags x',
      '/api/t\xe9gs',
    ].map((target) => [`the target ${JSON.stringify(target)}`, { target }] as const),
    ['a line in the target', { target: '/api/tags HTTP/1.1\r\nhost: evil' }],
    ['a line in the method', { method: 'GET /debug/pprof/ HTTP/1.1\r\nx:', target: '/api/tags' }],
    ...(
      [
        ['host', 'evil.test'],
        ['authorization', 'Bearer x'],
        ['proxy-authorization', 'Basic x'],
        ['x-api-key', 'x'],
        ['cookie', 'a=b'],
        ['origin', 'https://evil.test'],
        ['referer', 'https://evil.test'],
        ['transfer-encoding', 'chunked'],
        ['upgrade', 'websocket'],
        ['connection', 'x-a'],
        ['Content-Type', 'text/plain'],
        ['x-a\r\nhost', 'evil'],
        ['x-a', 'b\r\nhost: evil'],
        ['x-a', 'b\n\nGET /debug/pprof/ HTTP/1.1'],
        ['x-a', 'b\0'],
        ['content-length', '0x10'],
      ] as const
    ).map(
      (field) => [`the field ${JSON.stringify(field.join(': '))}`, { target: '/api/tags', fields: field }] as const,
    ),
    ['two lengths', { ...post('/api/chat'), fields: ['content-length', '1', 'content-length', '2'] }],
  ]

  test.each(broken)('loses its link, and nothing of it reaches the model server: %s', async (_, asked) => {
    await connect()
    expect(await ask(asked)).toBe('link ended')
    const accepting = gateway.accept()
    const lost = await events.take(({ type }) => type === 'lost')
    if (lost.type === 'lost') clock.advance(lost.retryInMs)
    await welcome(accepting)
    await expectServed()
  })
})

test('the model server sees its own address, the fields that its API knows, and none of the gateway', async () => {
  await connect()
  const fields = ['x-forwarded-for', '10.0.0.1', 'x-forwarded-host', 'evil.test', 'forwarded', 'host=evil.test']
  const known = ['user-agent', 'gateway', 'anthropic-beta', 'tools', 'x-evil', '1', 'content-encoding', 'gzip']
  const { target, method = '', body = CHAT, fields: ofBody = [] } = post('/api/chat')
  expect(await ask({ target, method, body, fields: [...ofBody, ...fields, ...known] })).toBe(200)
  const [request] = upstream.requests
  expect(request?.headers).toEqual({
    host: new URL(upstream.origin).host,
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'content-length': String(CHAT.length),
    'user-agent': 'gateway',
    'anthropic-beta': 'tools',
    connection: 'keep-alive',
  })
})

test('a redirect of the model server is an answer, and nobody follows it', async () => {
  await connect()
  upstream.behave([respond(307, { location: `${neighbour.origin}/api/tags` })], { path: '/api/tags' })
  expect(await ask({ target: '/api/tags' })).toBe(307)
})

describe('a body over the limit', () => {
  beforeEach(() => connect({ rules: { bodyBytes: 1_000 } }))

  test('is refused by the length that it announces', async () => {
    expect(await ask(post('/api/chat', Buffer.alloc(1_001, ' ')))).toBe('too_large')
    await expectServed()
  })

  test('is cut off where it announces none, and what has begun is ended', async () => {
    const open = frameOf({ method: 'POST', target: '/api/chat', body: CHAT })
    const id = streamId
    peer.send(open, dataOf(id, Buffer.alloc(600, ' ')))
    await until(() => upstream.requests.length === 1)
    peer.send(dataOf(id, Buffer.alloc(600, ' ')))
    expect(await answerTo(id)).toBe('too_large')
    await upstream.connections[0]?.closed
    expect(upstream.requests[0]?.body.length).toBe(0)
  })

  test('or over the length that it announces, is no request', async () => {
    expect(await ask({ ...post('/api/chat'), body: Buffer.concat([CHAT, CHAT]) })).toBe('denied')
    expect(await ask({ ...post('/api/chat'), body: CHAT.subarray(1) })).toBe('denied')
    await expectServed()
  })

  test('or on a route that takes none, is refused', async () => {
    expect(await ask({ target: '/api/tags', body: CHAT })).toBe('too_large')
    await expectServed()
  })
})

test('of a flood of requests so many are served as the owner allows, and the rest are refused at once', async () => {
  await connect({ streams: 4 })
  upstream.behave([hold, rest], { path: '/api/chat', times: 4 })
  const frames: Buffer[] = []
  const ids: number[] = []
  for (let count = 0; count < 200; count++) {
    const open = frameOf(post('/api/chat'))
    frames.push(open, dataOf(streamId, CHAT, true))
    ids.push(streamId)
  }
  peer.send(...frames)
  expect(await Promise.all(ids.slice(4).map(answerTo))).toEqual(ids.slice(4).map(() => 'busy'))
  for (let count = 0; count < 4; count++) (await upstream.nextRequest()).release()
  expect(await Promise.all(ids.slice(0, 4).map(answerTo))).toEqual([200, 200, 200, 200])
  expect(upstream.requests).toHaveLength(4)
  expect(await ask(post('/api/chat'))).toBe(200)
})
