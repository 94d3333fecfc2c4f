import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cut, flood, frames, hold, raw, respond, rest } from '../../test/support/scripted/steps.ts'
import { startScriptedUpstream } from '../../test/support/scripted-upstream.ts'
import { untilStill } from '../../test/support/stillness.ts'
import { startTunnelPair, type TunnelPair } from '../../test/support/tunnel-pair.ts'
import { systemClock } from '../core/clock.ts'
import { Secret } from '../core/secret.ts'
import { ConnectionBudget } from '../http-client/connection-budget.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import { probe } from '../servers/detect.ts'
import { openRequest } from '../tunnel/http/http-stream.ts'
import type { HouseRules } from './house-rules.ts'
import { type LocalCredential, LocalServer, type ServedRequest } from './local-server.ts'

let opened: AsyncDisposableStack
beforeEach(() => {
  opened = new AsyncDisposableStack()
})
afterEach(() => opened.disposeAsync())

interface Ground {
  readonly pair: TunnelPair
  readonly server: LocalServer
  readonly served: readonly ServedRequest[]
  /** Sends a request through the tunnel. */
  send(path: string, options?: Partial<Parameters<typeof request>[1]>): ReturnType<typeof request>
}

interface GroundOptions {
  readonly origin: string
  readonly rules?: HouseRules
  readonly concurrency?: number
  readonly collectBytes?: number
  readonly credential?: LocalCredential
  readonly basePath?: string
  readonly budget?: ConnectionBudget
}

/** A tunnel whose agent serves `origin`. */
async function tunnelTo(options: GroundOptions): Promise<Ground> {
  const served: ServedRequest[] = []
  const dispatcher = opened.use(
    new HttpDispatcher({
      origin: options.origin,
      clock: systemClock,
      ...(options.budget === undefined ? {} : { budget: options.budget }),
    }),
  )
  const { credential } = options
  const server = new LocalServer({
    server: {
      origin: options.origin,
      basePath: options.basePath ?? '',
      dispatcher,
      ...(credential === undefined ? {} : { credential }),
    },
    rules: options.rules ?? {},
    concurrency: options.concurrency ?? 64,
    collectBytes: options.collectBytes ?? 65_536,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    onServed: (one) => served.push(one),
  })
  const pair = opened.use(
    await startTunnelPair({
      onStream: (stream, head) => server.serve(stream, head),
      agentLimits: { maxWindowBytes: 65_536 },
    }),
  )
  await pair.connect()
  return {
    pair,
    server,
    served,
    send: (path, more = {}) =>
      request(`http://upstream.invalid${path}`, { dispatcher: pair.dispatcher, method: 'POST', ...more }),
  }
}

const ollama = async () => opened.use(await startScriptedUpstream({ server: 'ollama' }))
const json = (value: unknown) => ({ body: JSON.stringify(value), headers: { 'content-type': 'application/json' } })
const chat = (more: object = {}) => json({ model: 'tiny', ...more })

/** A model server that answers as `listener` does. */
async function serverOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Nothing is left of any request, on either side. */
async function nothingIsLeft({ pair, server }: Ground): Promise<void> {
  await expect.poll(() => [pair.gateway.session.liveStreams, pair.agent.session.liveStreams]).toEqual([0, 0])
  expect(server.liveCount).toBe(0)
}

/** The value once it has grown and stopped. */
async function atRest(value: () => number): Promise<number> {
  await expect.poll(value).toBeGreaterThan(0)
  return await untilStill(value)
}

describe('a request', () => {
  test("is told as the gateway's own look when it says so, and runs no model", async () => {
    const ground = await tunnelTo({ origin: (await ollama()).origin })
    const headers = { 'user-agent': 'punku/0.1.0', 'content-type': 'application/json' }
    const ask = (method: string, path: string, more: object = {}) =>
      ground.send(path, { method, headers, ...more }).then(({ body }) => body.dump())
    await ask('GET', '/api/tags')
    await ask('POST', '/api/show', { body: '{"model":"tiny"}' })
    await ask('POST', '/api/chat', { body: '{"model":"tiny"}' })
    await ask('GET', '/api/tags', { headers: {} })
    await nothingIsLeft(ground)
    expect(ground.served.map(({ isProbe }) => isProbe)).toEqual([true, true, false, false])
  })

  test('is answered by the model server, byte for byte', async () => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin })
    const direct = await request(`${upstream.origin}/api/chat`, { method: 'POST', ...chat() })
    const answer = await ground.send('/api/chat', chat())
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe(direct.headers['content-type'])
    expect(await answer.body.text()).toBe(await direct.body.text())
    await nothingIsLeft(ground)
    expect(ground.served).toMatchObject([
      { method: 'POST', route: 'POST /api/chat', model: 'tiny', status: 200, error: undefined },
    ])
  })

  test("goes behind the server's base path, under its own host, with the agent's credential", async () => {
    const seen: string[][] = []
    const origin = await serverOf((req, res) => {
      seen.push([req.url ?? '', req.headers.host ?? '', req.headers.authorization ?? ''])
      res.end('{}')
    })
    const credential: LocalCredential = { header: 'authorization', value: new Secret('local-key') }
    const ground = await tunnelTo({ origin, basePath: '/llm', credential })
    await (await ground.send('/v1/models?limit=3&x=1', { method: 'GET' })).body.dump()
    expect(seen).toEqual([['/llm/v1/models?limit=3', new URL(origin).host, 'Bearer local-key']])
  })

  test('has its body in one piece over a connection that is used again', async () => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin })
    for (let i = 0; i < 3; i++) await (await ground.send('/api/chat', chat())).body.dump()
    expect(upstream.connections).toHaveLength(1)
    expect(upstream.requests[0]?.headers['content-length']).toBe(String(chat().body.length))
  })

  test.each([
    ['of a length that was told', true],
    ['of a length that nobody knows', false],
  ])('has a large body (%s)', async (_, isTold) => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin })
    const { body, headers } = chat({ prompt: 'x'.repeat(3_000_000) })
    const length = { 'content-length': String(body.length) }
    const sent = ground.send('/api/chat', {
      body: Readable.from([Buffer.from(body)], { objectMode: false }),
      headers: { ...headers, ...(isTold ? length : {}) },
    })
    const received = await upstream.nextRequest()
    expect(received.body.toString() === body).toBe(true)
    expect(received.headers['transfer-encoding']).toBe(isTold ? undefined : 'chunked')
    await (await sent).body.dump()
    await nothingIsLeft(ground)
  })

  test('that is refused by the rules never reaches the model server', async () => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin })
    await expect(ground.send('/api/pull', chat())).rejects.toMatchObject({ code: 'agent_denied' })
    await expect(ground.send('/api/nothing', chat())).rejects.toMatchObject({ code: 'agent_denied' })
    expect(upstream.connections).toEqual([])
    expect(ground.served).toMatchObject([
      { method: 'POST', route: 'POST /api/pull', status: undefined, error: 'route_not_allowed' },
      { method: 'POST', route: undefined, status: undefined, error: 'route_not_found' },
    ])
    await nothingIsLeft(ground)
  })

  test('an agent that can open no connection is busy, and the model server not to blame', async () => {
    const upstream = await ollama()
    const budget = new ConnectionBudget({ limit: 0, onExhausted: () => {} })
    const ground = await tunnelTo({ origin: upstream.origin, budget })
    const busy = { code: 'agent_busy', detail: { reason: expect.stringContaining('open as its system allows') } }
    await expect(ground.send('/api/chat', chat())).rejects.toMatchObject(busy)
    const base = { origin: 'http://upstream.invalid', basePath: '' }
    const way = { dispatcher: ground.pair.dispatcher, base, credential: undefined }
    const signal = new AbortController().signal
    const probed = await probe({ way, kind: 'ollama', clock: systemClock, signal })
    expect(probed).toMatchObject({ failure: 'exhausted' })
  })

  test('beyond what is served at a time is refused, and served once there is room', async () => {
    const upstream = await ollama()
    upstream.behave([hold, rest])
    const ground = await tunnelTo({ origin: upstream.origin, concurrency: 1 })
    const first = ground.send('/api/chat', chat())
    const received = await upstream.nextRequest()
    await expect(ground.send('/api/chat', chat())).rejects.toMatchObject({ code: 'agent_busy' })
    received.release()
    await (await first).body.dump()
    expect((await ground.send('/api/chat', chat())).statusCode).toBe(200)
    expect(ground.served.map(({ error }) => error)).toEqual(['agent_busy', undefined, undefined])
  })
})

describe('a body that breaks the rules', () => {
  const endless = () => Readable.from(forever(), { objectMode: false })
  function* forever() {
    for (;;) yield Buffer.alloc(16_384, 0x20)
  }

  test('is cut off at the limit, and the model server is told', async () => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin, rules: { bodyBytes: 1_000_000 } })
    await expect(ground.send('/api/chat', { body: endless() })).rejects.toMatchObject({ code: 'request_too_large' })
    await upstream.nextClosed()
    expect(ground.served).toMatchObject([{ route: 'POST /api/chat', error: 'too_large' }])
    await nothingIsLeft(ground)
  })

  test.each([
    ['longer', 4],
    ['shorter', 6],
  ])('is refused when it is %s than it says', async (_, length) => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin })
    const body = Readable.from([Buffer.from('12345')], { objectMode: false })
    const sent = ground.send('/api/chat', { body, headers: { 'content-length': String(length) } })
    await expect(sent).rejects.toMatchObject({ code: 'agent_denied' })
    expect(upstream.connections).toEqual([])
    await nothingIsLeft(ground)
  })

  test('is refused as soon as it is longer than it says, however long it then gets', async () => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin, rules: { bodyBytes: 1_000_000 } })
    const sent = ground.send('/api/chat', { body: endless(), headers: { 'content-length': '4' } })
    await expect(sent).rejects.toMatchObject({ code: 'agent_denied' })
    expect(upstream.connections).toEqual([])
  })

  test('does not come on a route that has none', async () => {
    const upstream = await ollama()
    const ground = await tunnelTo({ origin: upstream.origin })
    const sent = ground.send('/api/tags', { method: 'GET', body: endless() })
    await expect(sent).rejects.toMatchObject({ code: 'request_too_large' })
    expect(upstream.connections).toEqual([])
  })
})

describe('an answer', () => {
  test('keeps fields that come more than once, and loses those of one connection', async () => {
    const origin = await serverOf((_req, res) => {
      res.setHeader('set-cookie', ['a=1', 'b=2'])
      res.setHeader('connection', 'keep-alive, x-hop')
      res.setHeader('x-hop', '1')
      res.setHeader('content-length', '2')
      res.end('{}')
    })
    const ground = await tunnelTo({ origin })
    const { headers, body } = await ground.send('/api/tags', { method: 'GET' })
    expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'content-length': '2' })
    expect(Object.keys(headers)).not.toContain('x-hop')
    expect(Object.keys(headers)).not.toContain('connection')
    expect(await body.text()).toBe('{}')
  })

  test('that is a redirect passes as it is; nobody follows it', async () => {
    const upstream = await ollama()
    upstream.behave([respond(307, { location: `${upstream.origin}/elsewhere` })], { path: '/api/chat' })
    const ground = await tunnelTo({ origin: upstream.origin })
    const answer = await ground.send('/api/chat', chat())
    expect(answer.statusCode).toBe(307)
    await answer.body.dump()
    expect(upstream.requests.map(({ path }) => path)).toEqual(['/api/chat'])
  })

  test('that comes before the request is whole is told, and the stream gets to its end', async () => {
    const origin = await serverOf((_req, res) => {
      res.statusCode = 413
      res.end('too much')
    })
    const ground = await tunnelTo({ origin })
    const body = new Readable({ read() {} })
    body.push(Buffer.alloc(100_000))
    const answer = await ground.send('/api/chat', { body })
    expect(answer.statusCode).toBe(413)
    expect(await answer.body.text()).toBe('too much')
    await nothingIsLeft(ground)
    expect(ground.served).toMatchObject([{ status: 413, error: undefined }])
  })

  test('that comes before the request is whole does not hold up whoever sends it to its end', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    const origin = await serverOf((req, res) => {
      req.pause()
      held.resolve(res)
    })
    const ground = await tunnelTo({ origin })
    const ended = Promise.withResolvers<void>()
    let written = 0
    let isEnough = false
    const stream = openRequest(
      ground.pair.gateway.session,
      { method: 'POST', target: '/api/chat', fields: [] },
      false,
      {
        onHead() {},
        onData: (chunk) => stream.consumed(chunk.length),
        onEnd: () => ended.resolve(),
        onReset: ({ text }) => ended.reject(new Error(text)),
        onDrain: () => write(),
      },
    )
    const write = (): void => {
      while (!isEnough && stream.write(Buffer.alloc(65_536))) written += 65_536
    }
    write()
    await atRest(() => written)
    const res = await held.promise
    res.statusCode = 413
    res.end('too much')
    await ended.promise
    isEnough = true
    stream.end()
    await nothingIsLeft(ground)
  })

  test('with more fields than a head can carry is no answer', async () => {
    const origin = await serverOf((_req, res) => {
      for (let i = 0; i < 300; i++) res.setHeader(`x-${i}`, '1')
      res.end()
    })
    const ground = await tunnelTo({ origin })
    await expect(ground.send('/api/tags', { method: 'GET' })).rejects.toMatchObject({ code: 'invalid' })
    await nothingIsLeft(ground)
  })
})

describe('trouble at the model server', () => {
  /** What the gateway is told; the text must name no address. */
  async function failure(sent: Promise<{ readonly body: { text(): Promise<string> } }>): Promise<unknown> {
    try {
      await (await sent).body.text()
      return undefined
    } catch (thrown) {
      expect((thrown as Error).message).not.toMatch(/127\.0\.0\.1|:\d{4}/)
      return (thrown as { code?: unknown }).code
    }
  }

  test('nothing listens: refused', async () => {
    const upstream = await ollama()
    await upstream.close()
    const ground = await tunnelTo({ origin: upstream.origin })
    expect(await failure(ground.send('/api/chat', chat()))).toBe('refused')
    expect(ground.served).toMatchObject([{ model: 'tiny', status: undefined, error: 'refused' }])
  })

  test('it closes before it answers: broken', async () => {
    const upstream = await ollama()
    upstream.behave([cut])
    const ground = await tunnelTo({ origin: upstream.origin })
    expect(await failure(ground.send('/api/chat', chat()))).toBe('reset')
  })

  test('it closes in the middle of its answer: interrupted', async () => {
    const upstream = await ollama()
    upstream.behave([frames(2), cut])
    const ground = await tunnelTo({ origin: upstream.origin })
    expect(await failure(ground.send('/api/chat', chat()))).toBe('interrupted')
    expect(ground.served).toMatchObject([{ status: 200, error: 'interrupted' }])
  })

  test('it speaks no HTTP: invalid', async () => {
    const upstream = await ollama()
    upstream.behave([raw('SSH-2.0-x\r\n')])
    const ground = await tunnelTo({ origin: upstream.origin })
    expect(await failure(ground.send('/api/chat', chat()))).toBe('invalid')
  })
})

describe('who leaves', () => {
  test('the client: the model server stops at once', async () => {
    const upstream = await ollama()
    upstream.behave([frames(1), hold])
    const ground = await tunnelTo({ origin: upstream.origin })
    const leaving = new AbortController()
    const answer = await ground.send('/api/chat', { ...chat(), signal: leaving.signal })
    const received = await upstream.nextRequest()
    leaving.abort()
    answer.body.on('error', () => {})
    expect((await received.ended).how).toBe('abandoned')
    await received.connection.closed
    expect(ground.served).toMatchObject([{ status: 200, error: 'cancelled' }])
    await nothingIsLeft(ground)
  })

  test('the client, when the model server is done but not all has gone out: its answer was cut off', async () => {
    const upstream = await ollama()
    upstream.behave([flood(65_536, 5), rest])
    const ground = await tunnelTo({ origin: upstream.origin })
    const answer = await ground.send('/api/chat', chat())
    await expect.poll(() => ground.server.liveCount).toBe(0)
    expect(ground.served).toEqual([])
    answer.body.on('error', () => {}).destroy()
    await nothingIsLeft(ground)
    expect(ground.served).toMatchObject([{ status: 200, error: 'cancelled' }])
  })

  test('the session: all its work ends', async () => {
    const upstream = await ollama()
    upstream.behave([hold], { times: 2 })
    const ground = await tunnelTo({ origin: upstream.origin })
    const sent = [ground.send('/api/chat', chat()), ground.send('/api/chat', chat())]
    const received = [await upstream.nextRequest(), await upstream.nextRequest()]
    ground.pair.agent.session.end('over')
    for (const one of received) expect((await one.ended).how).toBe('abandoned')
    expect(ground.server.liveCount).toBe(0)
    ground.pair.gateway.session.end('over')
    await Promise.allSettled(sent)
  })

  test('the client, in the middle of its upload: the model server stops at once', async () => {
    const closed = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const origin = await serverOf((req) => {
      req.once('data', () => started.resolve())
      req.once('close', () => closed.resolve())
    })
    const ground = await tunnelTo({ origin })
    const leaving = new AbortController()
    const body = new Readable({ read() {} })
    body.push(Buffer.alloc(200_000))
    const sent = ground.send('/api/chat', { body, signal: leaving.signal })
    await started.promise
    leaving.abort()
    await expect(sent).rejects.toThrow()
    await closed.promise
    await nothingIsLeft(ground)
  })
})

describe('whoever is slow', () => {
  test('a model server that takes nothing holds the upload up', async () => {
    const deaf = createTcpServer({ pauseOnConnect: true })
    deaf.listen(0, '127.0.0.1')
    await once(deaf, 'listening')
    opened.defer(() => void deaf.close())
    deaf.on('connection', (socket) => opened.defer(() => void socket.destroy()))
    const ground = await tunnelTo({
      origin: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`,
      rules: { bodyBytes: Number.MAX_SAFE_INTEGER },
    })
    let produced = 0
    const chunk = Buffer.alloc(65_536)
    const body = new Readable({
      read() {
        produced += chunk.length
        this.push(chunk)
      },
    })
    const leaving = new AbortController()
    const sent = ground.send('/api/chat', { body, signal: leaving.signal })
    expect(await atRest(() => produced)).toBeLessThan(32_000_000)
    leaving.abort()
    await expect(sent).rejects.toThrow()
    body.destroy()
  })

  test('a client that takes nothing holds the model server back', async () => {
    const upstream = await ollama()
    upstream.behave([flood(65_536)])
    const ground = await tunnelTo({ origin: upstream.origin })
    const answer = await ground.send('/api/chat', chat())
    const received = await upstream.nextRequest()
    expect(await atRest(() => received.sentBytes)).toBeLessThan(32_000_000)
    answer.body.on('error', () => {})
    answer.body.destroy()
    expect((await received.ended).how).toBe('abandoned')
  })

  test('a client that begins to take gets all of it', async () => {
    const upstream = await ollama()
    upstream.behave([flood(65_536, 400), rest])
    const ground = await tunnelTo({ origin: upstream.origin })
    const answer = await ground.send('/api/chat', chat())
    const received = await upstream.nextRequest()
    await atRest(() => received.sentBytes)
    const text = await answer.body.text()
    expect(text.length).toBeGreaterThan(400 * 65_536)
    expect(text).toContain('"done":true')
  })
})
