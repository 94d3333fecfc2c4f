import { PassThrough, Readable } from 'node:stream'
import { type Dispatcher, FormData, fetch, Headers, request } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { againstGateway } from '../../../test/support/raw-link.ts'
import { dataOf, headOf } from '../../../test/support/raw-tunnel-peer.ts'
import { ServedStreams } from '../../../test/support/stream-recorder.ts'
import { startTunnelPair, type TunnelPair } from '../../../test/support/tunnel-pair.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import type { RequestHead } from '../../protocol/head.ts'
import type { TunnelStream } from '../stream.ts'
import { respond } from './http-stream.ts'
import { TunnelDispatcher } from './tunnel-dispatcher.ts'

const ORIGIN = 'http://upstream.invalid'
const RESPONSE_FIELDS = [
  'content-type',
  'text/plain',
  'x-two',
  'a',
  'x-two',
  'b',
  'set-cookie',
  'c=1',
  'set-cookie',
  'd=2',
]

/** Sends the body back, with the request's head as JSON in a field. */
function echo(stream: TunnelStream, head: RequestHead): void {
  respond(stream, { status: 200, fields: [...RESPONSE_FIELDS, 'x-head', JSON.stringify(head)] }, false)
  stream.receiver = {
    onData(chunk) {
      stream.write(chunk)
      stream.consumed(chunk.length)
    },
    onEnd: () => stream.end(),
    onReset() {},
    onDrain() {},
  }
}

async function openPair(onStream = echo): Promise<TunnelPair> {
  const pair = await startTunnelPair({ onStream })
  onTestFinished(() => pair[Symbol.asyncDispose]())
  await pair.connect()
  return pair
}

/** A pair whose agent does nothing by itself. */
async function openSilent() {
  const served = new ServedStreams()
  return { served, pair: await openPair(served.serve) }
}

/** Everything a handler is told, in order. */
class Told implements Dispatcher.DispatchHandler {
  readonly calls: string[] = []
  controller: Dispatcher.DispatchController | undefined
  error: (Error & { readonly code?: unknown }) | undefined
  whenData: (controller: Dispatcher.DispatchController) => void = () => {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.calls.push(`head ${status}`)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.calls.push(chunk.toString())
    this.whenData(controller)
  }

  onResponseEnd(): void {
    this.calls.push('end')
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.calls.push('error')
    this.error = error
  }
}

function dispatch(dispatcher: Dispatcher, path: string, options: Partial<Dispatcher.DispatchOptions> = {}): Told {
  const told = new Told()
  dispatcher.dispatch({ origin: ORIGIN, path, method: 'POST', ...options }, told)
  return told
}

describe('the official clients', () => {
  test('fetch, with bodies both ways and fields more than once', async () => {
    const { dispatcher } = await openPair()
    const headers = new Headers([
      ['x-a', '1'],
      ['x-a', '2'],
      ['authorization', 'Bearer secret'],
    ])
    const answer = await fetch(`${ORIGIN}/api/chat?x=1`, { dispatcher, method: 'POST', body: 'hello', headers })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-two')).toBe('a, b')
    expect(answer.headers.getSetCookie()).toEqual(['c=1', 'd=2'])
    const head = JSON.parse(answer.headers.get('x-head') ?? '') as RequestHead
    expect(head).toMatchObject({ method: 'POST', target: '/api/chat?x=1' })
    expect(fieldsOf(head, 'x-a')).toEqual(['1, 2'])
    expect(fieldsOf(head, 'content-length')).toEqual(['5'])
    expect(fieldsOf(head, 'authorization')).toEqual([])
    expect(await answer.text()).toBe('hello')
  })

  test('fetch, with a body that is a form, and one that is a stream', async () => {
    const { dispatcher } = await openPair()
    const form = new FormData()
    form.set('field', 'value')
    const sent = await fetch(`${ORIGIN}/`, { dispatcher, method: 'POST', body: form })
    expect(await sent.text()).toContain('name="field"\r\n\r\nvalue')
    const body = Readable.toWeb(Readable.from(['a', 'b', 'c'].map((text) => Buffer.from(text)))) as ReadableStream
    const streamed = await fetch(`${ORIGIN}/`, { dispatcher, method: 'POST', body, duplex: 'half' })
    expect(await streamed.text()).toBe('abc')
  })

  test('request, with fields in the shapes it takes', async () => {
    const { dispatcher } = await openPair()
    const shapes = [
      ['X-A', '1', 'x-a', '2', 'Cookie', 'c', 'te', 'trailers'],
      { 'X-A': ['1', '2'], Cookie: 'c', te: 'trailers' },
      new Map([['X-A', ['1', '2']]]),
    ]
    for (const headers of shapes) {
      const answer = await request(`${ORIGIN}/x`, { dispatcher, headers: headers as unknown as Record<string, string> })
      expect(answer.headers['x-two']).toEqual(['a', 'b'])
      const head = JSON.parse(answer.headers['x-head'] as string) as RequestHead
      expect(head).toEqual({ method: 'GET', target: '/x', fields: ['x-a', '1', 'x-a', '2'] })
      expect(await answer.body.text()).toBe('')
    }
  })

  test('a body larger than every window comes whole', async () => {
    const pair = await openPair()
    const body = Buffer.alloc(40_000_000, 'abcdefg')
    const answer = await request(`${ORIGIN}/x`, { dispatcher: pair.dispatcher, method: 'POST', body })
    expect(Buffer.from(await answer.body.arrayBuffer()).equals(body)).toBe(true)
    await expect.poll(() => pair.gateway.session.liveStreams).toBe(0)
    expect(pair.agent.session.liveStreams).toBe(0)
  })

  test('a signal ends the work on the other side', async () => {
    const { served, pair } = await openSilent()
    const aborting = new AbortController()
    const answering = fetch(`${ORIGIN}/x`, { dispatcher: pair.dispatcher, signal: aborting.signal })
    await expect.poll(() => served.byTarget.size).toBe(1)
    aborting.abort()
    await expect(answering).rejects.toThrow('aborted')
    await expect.poll(() => served.get('/x').calls).toEqual(['end', 'reset cancelled client'])
  })
})

describe('a response', () => {
  test('may begin before the request is whole, and the rest of both follows', async () => {
    const { dispatcher } = await openPair()
    const body = new PassThrough()
    const told = dispatch(dispatcher, '/', { body })
    body.write('a')
    await expect.poll(() => told.calls).toEqual(['head 200', 'a'])
    body.end('b')
    await expect.poll(() => told.calls).toEqual(['head 200', 'a', 'b', 'end'])
  })

  test('that is complete before the request cancels what is left of it', async () => {
    const { served, pair } = await openSilent()
    const body = new PassThrough()
    const told = dispatch(pair.dispatcher, '/x', { body })
    body.write('a')
    await expect.poll(() => served.byTarget.get('/x')?.text).toBe('a')
    const { stream } = served.get('/x')
    respond(stream, { status: 413, fields: [] }, false)
    stream.end()
    await expect.poll(() => served.get('/x').calls).toEqual(['data', 'reset cancelled client'])
    expect(told.calls).toEqual(['head 413', 'end'])
    // It is the caller's, who may have more use for it.
    expect(body.destroyed).toBe(false)
    expect(body.listenerCount('data')).toBe(0)
    // Whatever becomes of it is nobody's any more.
    body.destroy(new Error('late'))
    await new Promise((resolve) => body.once('close', resolve))
    expect(told.calls).toEqual(['head 413', 'end'])
  })

  test('goes on when the body it answers breaks after its end', async () => {
    const { served, pair } = await openSilent()
    const body = new PassThrough({ autoDestroy: false })
    const told = dispatch(pair.dispatcher, '/x', { body })
    body.end('a')
    await expect.poll(() => served.byTarget.get('/x')?.hasEnded).toBe(true)
    body.emit('error', new Error('late'))
    const { stream } = served.get('/x')
    respond(stream, { status: 200, fields: [] }, false)
    stream.write(Buffer.from('b'))
    stream.end()
    await expect.poll(() => told.calls).toEqual(['head 200', 'b', 'end'])
  })

  test('whose reader pauses at every piece comes whole and in order', async () => {
    const { peer, dispatcher } = await againstGateway()
    const told = dispatch(dispatcher, '/x')
    told.whenData = (controller) => controller.pause()
    const id = await peer.stream('/x')
    peer.send(headOf(id), ...'abcdefgh'.split('').map((letter) => dataOf(id, letter)), dataOf(id, '', true))
    await peer.settled()
    expect(told.calls).toEqual(['head 200', 'a'])
    told.controller?.resume()
    // What came meanwhile lies together.
    expect(told.calls).toEqual(['head 200', 'a', 'bcdefgh'])
    told.controller?.resume()
    expect(told.calls).toEqual(['head 200', 'a', 'bcdefgh', 'end'])
  })

  test('that was held is not read after an abort', async () => {
    const { peer, dispatcher } = await againstGateway()
    const told = dispatch(dispatcher, '/x')
    told.whenData = (controller) => controller.pause()
    const id = await peer.stream('/x')
    peer.send(headOf(id), dataOf(id, 'a'), dataOf(id, 'b', true))
    await peer.settled()
    told.controller?.abort(new Error('enough'))
    told.controller?.resume()
    expect(told.calls).toEqual(['head 200', 'a', 'error'])
    expect(told.error?.message).toBe('enough')
  })
})

describe('what goes wrong', () => {
  test.each([
    ['of 204', 'GET', 204],
    ['of 304', 'GET', 304],
    ['to HEAD', 'HEAD', 200],
  ] as const)('an answer %s that comes with a body is none', async (_name, method, status) => {
    const { peer, dispatcher } = await againstGateway()
    const told = dispatch(dispatcher, '/x', { method })
    const id = await peer.stream('/x')
    peer.send(headOf(id, { status }), dataOf(id, ''), dataOf(id, 'HTTP/1.1 200 OK\r\n\r\n'))
    await peer.settled()
    expect(told.calls).toEqual([`head ${status}`, 'error'])
    expect(told.error).toMatchObject({ code: 'invalid' })
    peer.send(dataOf(id, 'more', true))
    await peer.settled()
    expect(told.calls).toHaveLength(2)
  })

  test.each([
    ['refused', 'refused'],
    ['unreachable', 'unreachable'],
    ['invalid', 'invalid'],
    ['broken', 'reset'],
    ['interrupted', 'interrupted'],
    ['internal', 'interrupted'],
    ['unsupported', 'interrupted'],
    ['denied', 'agent_denied'],
    ['busy', 'agent_busy'],
    ['too_large', 'request_too_large'],
  ] as const)('RESET %s is the failure %s', async (code, failure) => {
    const { served, pair } = await openSilent()
    const told = dispatch(pair.dispatcher, '/x')
    await expect.poll(() => served.byTarget.size).toBe(1)
    served.get('/x').stream.reset(code, 'agent', 'the text of a peer')
    await expect.poll(() => told.error?.code).toBe(failure)
    expect(told.calls).toEqual(['error'])
    // A peer's text never becomes a message for clients.
    if (!(told.error instanceof UpstreamFailure)) expect(told.error?.message).not.toContain('the text of a peer')
  })

  test('a session that ends: what waited for a link was never begun, what had left may have been', async () => {
    const { served, pair } = await openSilent()
    const { link, session } = pair.gateway
    const left = dispatch(pair.dispatcher, '/left')
    await expect.poll(() => served.byTarget.size).toBe(1)
    link.close('token_expired', '')
    await link.ended
    const resumed = dispatch(pair.dispatcher, '/resumed')
    await pair.connect()
    await expect.poll(() => served.byTarget.size).toBe(2)
    pair.gateway.link.close('token_expired', '')
    await pair.gateway.link.ended
    const waiting = dispatch(pair.dispatcher, '/waiting', { body: 'a' })
    session.end('the agent began anew')
    expect([left, resumed].map(({ error }) => error?.code)).toEqual(['interrupted', 'interrupted'])
    expect(waiting.error).toMatchObject({ code: 'upstream_away', isRetryable: true, retryAfterMs: 3_000 })
    expect(served.byTarget.size).toBe(2)
  })

  test.each<[string, Partial<Dispatcher.DispatchOptions>]>([
    ['a line end in a value', { headers: { 'x-a': 'a\r\nb' } }],
    ['a character beyond ISO 8859-1', { headers: { 'x-a': '€' } }],
    ['a name that is no token', { headers: { 'x a': 'b' } }],
    ['two lengths', { headers: ['content-length', '1', 'content-length', '2'], body: new PassThrough() }],
    ['too many fields', { headers: Array.from({ length: 257 }, (_, at) => [`x-${at}`, '']).flat() }],
    ['a head too large', { headers: { 'x-a': 'a'.repeat(65_536) } }],
    ['a path in absolute form', { path: 'http://elsewhere/' }],
    ['a path with a space', { path: '/a b' }],
    ['a query apart', { query: { a: 'b' } }],
    ['a method in lower case', { method: 'get' as Dispatcher.HttpMethod }],
    ['an upgrade', { upgrade: 'websocket' }],
    ['a body of no known form', { body: 1 as unknown as string }],
  ])('%s fails that request alone', async (_, options) => {
    const { dispatcher, gateway } = await openPair()
    const other = dispatch(dispatcher, '/other', { body: new PassThrough().end('ok') })
    const told = dispatch(dispatcher, '/x', options)
    expect(told.calls).toEqual(['error'])
    await expect.poll(() => other.calls).toEqual(['head 200', 'ok', 'end'])
    expect(gateway.link.isEnded).toBe(false)
  })

  test('a body that breaks, or ends too early, ends the work on the other side', async () => {
    const { served, pair } = await openSilent()
    const broken = new PassThrough()
    const closed = new PassThrough()
    const gone = new PassThrough()
    gone.destroy()
    const told = [broken, closed, gone].map((body, at) => dispatch(pair.dispatcher, `/${at}`, { body }))
    await expect.poll(() => served.byTarget.size).toBe(3)
    broken.destroy(new Error('broken'))
    closed.destroy()
    for (const target of ['/0', '/1', '/2']) {
      await expect.poll(() => served.get(target).calls).toEqual(['reset cancelled client'])
    }
    expect(told[0]?.error?.message).toBe('broken')
    expect(told[1]?.error?.code).toBe('aborted')
    expect(told[2]?.error?.code).toBe('aborted')
  })

  test('what a handler throws ends its own request', async () => {
    const { served, pair } = await openSilent()
    const told = dispatch(pair.dispatcher, '/x')
    told.whenData = () => {
      throw new Error('no')
    }
    await expect.poll(() => served.byTarget.size).toBe(1)
    const { stream } = served.get('/x')
    respond(stream, { status: 200, fields: [] }, false)
    stream.write(Buffer.from('a'))
    await expect.poll(() => served.get('/x').reset?.code).toBe('cancelled')
    expect(told.calls).toEqual(['head 200', 'a', 'error'])
    expect(pair.gateway.link.isEnded).toBe(false)
  })
})

describe('the dispatcher', () => {
  test('without a session, or with one that is over, fails as away', async () => {
    const dispatcher = new TunnelDispatcher()
    expect(dispatch(dispatcher, '/').error).toMatchObject({ code: 'upstream_away', retryAfterMs: 3_000 })
    const { gateway } = await openPair()
    gateway.session.end('over')
    dispatcher.session = gateway.session
    expect(dispatch(dispatcher, '/').error).toMatchObject({ code: 'upstream_away', retryAfterMs: 3_000 })
  })

  test('closed takes nothing more, and lets what runs end', async () => {
    const { dispatcher } = await openPair()
    const body = new PassThrough()
    const running = dispatch(dispatcher, '/', { body })
    await dispatcher.close()
    expect(dispatch(dispatcher, '/').error?.code).toBe('UND_ERR_CLOSED')
    body.end('a')
    await expect.poll(() => running.calls).toEqual(['head 200', 'a', 'end'])
  })

  test('destroyed ends what runs', async () => {
    const { served, pair } = await openSilent()
    const running = dispatch(pair.dispatcher, '/x')
    await expect.poll(() => served.byTarget.size).toBe(1)
    await pair.dispatcher.destroy()
    expect(running.error?.code).toBe('interrupted')
    expect(pair.dispatcher.destroyed).toBe(true)
  })

  test('sends nothing for a request that its caller gives up at once', async () => {
    const { pair } = await openSilent()
    const told = new Told()
    told.onRequestStart = (controller) => controller.abort(new Error('never mind'))
    pair.dispatcher.dispatch({ origin: ORIGIN, path: '/', method: 'GET' }, told)
    expect(told.calls).toEqual(['error'])
    expect(pair.gateway.session.liveStreams).toBe(0)
  })
})

function fieldsOf({ fields }: RequestHead, name: string): string[] {
  return fields.filter((_, at) => at % 2 === 1 && fields[at - 1] === name)
}

test('what came before the model server failed is told before its failure, to a reader that was paused too', async () => {
  await using pair = await startTunnelPair({
    onStream(stream) {
      respond(stream, { status: 200, fields: [] }, false)
      for (let piece = 0; piece < 40; piece++) stream.write(Buffer.alloc(10_000, 'a'))
      stream.fail('interrupted', 'upstream', 'it broke')
    },
  })
  await pair.connect()
  let bytes = 0
  const failure = await new Promise((resolve) => {
    pair.dispatcher.dispatch(
      { path: '/x', method: 'GET' },
      {
        onResponseData(controller, chunk) {
          bytes += chunk.length
          controller.pause()
          setImmediate(() => controller.resume())
        },
        onResponseError: (_controller, error) => resolve(error),
      },
    )
  })
  expect(failure).toMatchObject({ code: 'interrupted' })
  expect(bytes).toBe(400_000)
})
