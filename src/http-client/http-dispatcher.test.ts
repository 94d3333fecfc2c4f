import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { type Dispatcher, errors, fetch } from 'undici'
import { expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { RawServer } from '../../test/support/raw-server.ts'
import { untilStill } from '../../test/support/stillness.ts'
import { systemClock } from '../core/clock.ts'
import { HttpDispatcher } from './http-dispatcher.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const GET = { path: '/', method: 'GET' } as const

interface Outcome {
  statusCode: number
  body: string
  error: (Error & { code?: string }) | undefined
}

/** Dispatches and collects; `on` may act on each event. */
function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  on: Dispatcher.DispatchHandler = {},
): Promise<Outcome> {
  const outcome: Outcome = { statusCode: 0, body: '', error: undefined }
  return new Promise((resolve) => {
    dispatcher.dispatch(options, {
      ...on,
      onResponseStart(controller, statusCode, headers, message) {
        outcome.statusCode = statusCode
        on.onResponseStart?.(controller, statusCode, headers, message)
      },
      onResponseData(controller, chunk) {
        outcome.body += chunk.toString('latin1')
        on.onResponseData?.(controller, chunk)
      },
      onResponseEnd(controller, trailers) {
        on.onResponseEnd?.(controller, trailers)
        resolve(outcome)
      },
      onResponseError(controller, error) {
        outcome.error = error
        on.onResponseError?.(controller, error)
        resolve(outcome)
      },
    })
  })
}

test('sends head and body in one segment, with its own host, connection and length', async () => {
  await using server = await RawServer.start((connection) => connection.socket.once('data', () => connection.write(OK)))
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const headers = { 'x-a': '1', 'X-B': ['2', '3'], 'x-none': undefined, 'content-length': '4' }
  const { body } = await exchange(dispatcher, { path: '/a?b=c', method: 'POST', headers, body: 'f\xfcr' })
  expect(body).toBe('ok')
  expect(server.connections[0]?.received).toBe(
    `POST /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: keep-alive\r\n` +
      'x-a: 1\r\nX-B: 2\r\nX-B: 3\r\ncontent-length: 4\r\n\r\nf\xc3\xbcr',
  )
})

test('uses one connection for requests that follow each other, with no listener left behind', async () => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  for (let i = 0; i < 1_000; i++) expect((await exchange(dispatcher, GET)).body).toBe('ok')
  process.off('warning', onWarning)
  expect(server.connections).toHaveLength(1)
  expect(warnings).toEqual([])
})

test('uses a connection for one request at a time, and the one used last first', async () => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await Promise.all([exchange(dispatcher, GET), exchange(dispatcher, GET), exchange(dispatcher, GET)])
  expect(server.connections).toHaveLength(3)
  for (let i = 0; i < 5; i++) await exchange(dispatcher, GET)
  expect(server.connections).toHaveLength(3)
})

test.each([
  ['the server says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', {}],
  ['the server speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', {}],
  ['the request says so', OK, { headers: { connection: 'close' } }],
  ['the caller says so', OK, { reset: true }],
  [
    'the server would close it at once',
    `HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nConnection: keep-alive\r\n${OK.slice(17)}`,
    {},
  ],
  ['bytes follow the response', `${OK}HTTP/1.1 200 OK\r\n\r\n`, {}],
])('gives a connection up when %s', async (_name, answer, options) => {
  await using server = await RawServer.answering(answer)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  expect(await exchange(dispatcher, { ...GET, ...options })).toMatchObject({ body: 'ok', error: undefined })
  await (await server.connection(0)).closed
  expect((await exchange(dispatcher, { ...GET, ...options })).body).toBe('ok')
  expect(server.connections).toHaveLength(2)
})

test('destroys an idle connection on which bytes come, and never takes them for an answer', async () => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await exchange(dispatcher, GET)
  server.connections[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  await server.connections[0]?.closed
  expect((await exchange(dispatcher, GET)).body).toBe('ok')
})

test('a request sent from the end of another does not read the bytes that followed it', async () => {
  await using server = await RawServer.answering(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`, OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const second = new Promise<Outcome>((resolve) => {
    void exchange(dispatcher, GET, { onResponseEnd: () => void exchange(dispatcher, GET).then(resolve) })
  })
  expect((await second).body).toBe('ok')
  expect(server.connections).toHaveLength(2)
})

test('closes idle connections after their time, the server’s when that is shorter', async () => {
  const clock = new ManualClock()
  await using server = await RawServer.answering(OK, OK.replace('\r\n', '\r\nKeep-Alive: timeout=4\r\n'))
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock })
  await exchange(dispatcher, GET)
  clock.advance(14_900)
  await exchange(dispatcher, GET)
  expect(server.connections).toHaveLength(1)
  clock.advance(2_900)
  await exchange(dispatcher, GET)
  expect(server.connections).toHaveLength(1)
  clock.advance(4_000)
  await server.connections[0]?.closed
  expect(clock.pendingTimers).toBe(0)
})

test('keeps no more than 256 idle connections', async () => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await Promise.all(Array.from({ length: 264 }, () => exchange(dispatcher, GET)))
  expect(server.connections).toHaveLength(264)
  await Promise.race(server.connections.map((connection) => connection.closed))
  await Promise.all(Array.from({ length: 257 }, () => exchange(dispatcher, GET)))
  expect(server.connections).toHaveLength(265)
})

test.each(['close', 'reset'])('sends a request again, once, when an idle connection was stale: %s', async (how) => {
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    if (connection.index === 0) connection.write(OK)
    else return connection.write(OK)
    await connection.request()
    return how === 'close' ? connection.end() : connection.reset()
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await exchange(dispatcher, GET)
  const starts: unknown[] = []
  const post = { path: '/', method: 'POST', body: 'prompt' } as const
  const onRequestStart = (): void => void starts.push(1)
  expect(await exchange(dispatcher, post, { onRequestStart })).toMatchObject({ body: 'ok', error: undefined })
  expect(starts).toHaveLength(1)
  expect(server.connections).toHaveLength(2)
})

test('does not send it a third time', async () => {
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    if (connection.index > 0) return connection.end()
    connection.write(OK)
    await connection.request()
    return connection.end()
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await exchange(dispatcher, GET)
  expect((await exchange(dispatcher, GET)).error).toMatchObject({ code: 'reset' })
  expect(server.connections).toHaveLength(2)
})

test.each([
  ['a byte of an answer came', 'H', 0],
  ['the server was at work on it for long', '', 2_001],
])('does not send a request again when %s', async (_name, answer, waitMs) => {
  const clock = new ManualClock()
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    connection.write(OK)
    await connection.request()
    clock.advance(waitMs)
    await connection.writePieces([answer])
    connection.end()
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock })
  await exchange(dispatcher, GET)
  expect((await exchange(dispatcher, GET)).error).toMatchObject({ code: 'reset' })
  expect(server.connections).toHaveLength(1)
})

test('does not send a request again that was the first on its connection', async () => {
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    connection.end()
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  expect((await exchange(dispatcher, GET)).error).toMatchObject({ code: 'reset' })
  expect(server.connections).toHaveLength(1)
})

test('tells apart how connections fail', async () => {
  const server = await RawServer.start((connection) => connection.write('SSH-2.0-OpenSSH\r\n'))
  await using refused = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  expect((await exchange(refused, GET)).error).toMatchObject({ code: 'invalid' })
  const address = `127.0.0.1:${server.port}`
  await server[Symbol.asyncDispose]()
  const { error } = await exchange(refused, GET)
  expect(error).toMatchObject({ code: 'refused', message: `nothing listens on ${address}` })

  await using plain = await RawServer.start(({ socket }) => socket.once('data', () => socket.end(OK)))
  await using tls = new HttpDispatcher({ origin: plain.origin.replace('http', 'https'), clock: systemClock })
  expect((await exchange(tls, GET)).error).toMatchObject({ code: 'unreachable' })
})

test('gives up a connection that does not come to stand in time', async () => {
  const clock = new ManualClock()
  // A TLS handshake that nobody answers.
  await using server = await RawServer.start(() => {})
  await using dispatcher = new HttpDispatcher({ origin: server.origin.replace('http', 'https'), clock })
  const failed = exchange(dispatcher, GET)
  const connection = await server.connection(0)
  await connection.until((received) => received.length > 0)
  clock.advance(10_000)
  expect((await failed).error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('10000 ms') })
  await connection.closed
})

test.each([
  ['cut', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel'],
  ['cut in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel'],
])('tells a body that was %s', async (_name, answer) => {
  for (const how of ['end', 'reset'] as const) {
    await using server = await RawServer.start(async (connection) => {
      await connection.request()
      await connection.writePieces([answer])
    })
    await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
    const onResponseData = (): void => server.connections[0]?.[how]()
    const outcome = await exchange(dispatcher, GET, { onResponseData })
    expect(outcome).toMatchObject({ statusCode: 200, body: 'hel', error: { code: 'interrupted' } })
  }
})

test('a body until the end of the connection is whole when that ends in order, and interrupted by a reset', async () => {
  for (const [how, error] of [
    ['end', undefined],
    ['reset', { code: 'interrupted' }],
  ] as const) {
    await using server = await RawServer.start(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 200 OK\r\n\r\nhello')
    })
    await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
    const onResponseData = (): void => server.connections[0]?.[how]()
    expect(await exchange(dispatcher, GET, { onResponseData })).toEqual({
      statusCode: 200,
      body: 'hello',
      error: error === undefined ? undefined : expect.objectContaining(error),
    })
    await server.connections[0]?.closed
  }
})

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha'

test.each(['onRequestStart', 'after dispatch', 'onResponseStart', 'onResponseData', 'while paused'] as const)(
  'abort ends the connection at once: %s',
  async (when) => {
    await using server = await RawServer.answering(OK, HALF)
    await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
    await exchange(dispatcher, GET)
    const reason = new Error('gone')
    const seen: string[] = []
    let own: Dispatcher.DispatchController | undefined
    const abortIf = (event: string, controller: Dispatcher.DispatchController): void => {
      seen.push(event)
      own = controller
      if (event === 'onResponseStart' && when === 'while paused') {
        controller.pause()
        setImmediate(() => controller.abort(reason))
      }
      if (event === when) controller.abort(reason)
    }
    const outcome = exchange(dispatcher, GET, {
      onRequestStart: (controller) => abortIf('onRequestStart', controller),
      onResponseStart: (controller) => abortIf('onResponseStart', controller),
      onResponseData: (controller) => abortIf('onResponseData', controller),
    })
    if (when === 'after dispatch') own?.abort(reason)
    expect((await outcome).error).toBe(reason)
    expect(own).toMatchObject({ aborted: true, reason })
    if (when === 'onRequestStart')
      expect((await exchange(dispatcher, GET, { onResponseData: (c) => c.abort(reason) })).error).toBe(reason)
    await server.connections[0]?.closed
    expect(seen.at(-1)).toBe(
      when === 'while paused' ? seen.at(-1) : when === 'after dispatch' ? 'onRequestStart' : when,
    )
    // Nothing comes after, and a second abort changes nothing.
    const count = seen.length
    own?.abort(new Error('again'))
    expect(own?.reason).toBe(reason)
    expect(seen).toHaveLength(count)
  },
)

test('abort before the connection stands leaves no connection', async () => {
  await using server = await RawServer.start(() => {})
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  let own: Dispatcher.DispatchController | undefined
  const outcome = exchange(dispatcher, GET, {
    onRequestStart(controller) {
      own = controller
    },
  })
  own?.abort(new Error('gone'))
  expect((await outcome).error?.message).toBe('gone')
  await dispatcher.close()
  expect(server.connections.every((connection) => connection.received === '')).toBe(true)
})

test.each(['onRequestStart', 'onResponseStart', 'onResponseData'] as const)('%s that throws aborts', async (name) => {
  await using server = await RawServer.answering(HALF)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const bug = new Error('bug')
  const outcome = await exchange(dispatcher, GET, {
    [name]: () => {
      throw bug
    },
  })
  expect(outcome.error).toBe(bug)
  if (name !== 'onRequestStart') await server.connections[0]?.closed
})

test('onResponseEnd that throws is told as an error', async () => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const bug = new Error('bug')
  const onResponseEnd = (): void => {
    throw bug
  }
  expect((await exchange(dispatcher, GET, { onResponseEnd })).error).toBe(bug)
  expect((await exchange(dispatcher, GET)).body).toBe('ok')
})

test('a paused response holds the server back, and resumes where it was', async () => {
  const totalBytes = 64 * 1_024 * 1_024
  const block = Buffer.alloc(1_024 * 1_024, 0x61)
  let writtenBytes = 0
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${totalBytes}\r\n\r\n`)
    for (; writtenBytes < totalBytes; writtenBytes += block.length) {
      if (!connection.socket.write(block)) await once(connection.socket, 'drain')
    }
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  let readBytes = 0
  let heldBytes = 0
  const whole = exchange(dispatcher, GET, {
    onResponseData(controller, chunk) {
      readBytes += chunk.length
      if (heldBytes > 0 || readBytes < 4_000_000) return
      controller.pause()
      heldBytes = readBytes
      // Many turns of the loop, in which an unpaused socket would read on.
      let turns = 0
      const wait = (): void => {
        if (++turns < 2_000) return void setImmediate(wait)
        expect(readBytes - heldBytes).toBeLessThanOrEqual(65_536)
        expect(writtenBytes).toBeLessThan(totalBytes / 2)
        controller.resume()
      }
      wait()
    },
  })
  expect((await whole).error).toBeUndefined()
  expect(heldBytes).toBeGreaterThan(0)
  expect(readBytes).toBe(totalBytes)
})

test('a connection whose response was paused to its end serves the next request', async () => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await exchange(dispatcher, GET, { onResponseData: (controller) => controller.pause() })
  expect((await exchange(dispatcher, GET)).body).toBe('ok')
  expect(server.connections).toHaveLength(1)
})

test('a response paused before the connection stood comes after resume', async () => {
  await using server = await RawServer.start(({ socket }) => socket.write(OK))
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  let own: Dispatcher.DispatchController | undefined
  let isHeld = true
  const outcome = exchange(dispatcher, GET, {
    onRequestStart: (controller) => {
      own = controller
      controller.pause()
    },
    onResponseStart: () => expect(isHeld).toBe(false),
  })
  await (await server.connection(0)).until((received) => received.includes('\r\n\r\n'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  isHeld = false
  own?.resume()
  expect((await outcome).body).toBe('ok')
})

test('chunks that are kept stay what they were', async () => {
  await using server = await RawServer.answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const pieces = ['abc', 'def', 'ghi']
  const writeNext = (): void => server.connections[0]?.write(pieces.shift() ?? '')
  const chunks: Buffer[] = []
  await exchange(dispatcher, GET, {
    onResponseStart: writeNext,
    onResponseData(_controller, chunk) {
      chunks.push(chunk)
      writeNext()
    },
  })
  expect(chunks.map(String)).toEqual(['abc', 'def', 'ghi'])
})

test('sends large bodies whole', async () => {
  let received = ''
  await using server = await RawServer.start(async (connection) => {
    received = (await connection.request())?.body ?? ''
    connection.write(OK)
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const body = Buffer.alloc(3_000_000, 'abcdefg')
  expect((await exchange(dispatcher, { path: '/', method: 'POST', body })).body).toBe('ok')
  expect(received).toBe(body.toString('latin1'))
})

test('streams a body of unknown length in chunks, of known length as it is', async () => {
  await using server = await RawServer.start(async (connection) => {
    await connection.until((received) => received.endsWith('0\r\n\r\n') || received.endsWith('world'))
    connection.write(OK)
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const pieces = (): Readable => Readable.from([Buffer.from('hello '), Buffer.alloc(0), Buffer.from('world')])
  expect((await exchange(dispatcher, { path: '/', method: 'POST', body: pieces() })).body).toBe('ok')
  const headers = { 'content-length': '11' }
  expect((await exchange(dispatcher, { path: '/', method: 'POST', body: pieces(), headers })).body).toBe('ok')
  const [first, second] = server.connections.map((connection) => connection.received)
  expect(first).toMatch(/transfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n$/)
  expect(second).toMatch(/content-length: 11\r\n\r\nhello world$/)
  // A streamed body can't be sent twice, so it never went over a used connection.
  expect(server.connections).toHaveLength(2)
})

test('a streamed body waits for a server that does not read', async () => {
  await using server = await RawServer.start((connection) => connection.socket.pause())
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  let givenBytes = 0
  const body = new Readable({
    read() {
      givenBytes += 65_536
      this.push(Buffer.alloc(65_536))
    },
  })
  let own: Dispatcher.DispatchController | undefined
  const outcome = exchange(
    dispatcher,
    { path: '/', method: 'POST', body },
    {
      onRequestStart(controller) {
        own = controller
      },
    },
  )
  await expect.poll(() => givenBytes).toBeGreaterThan(0)
  await untilStill(() => givenBytes)
  expect(givenBytes).toBeLessThan(64 * 1_024 * 1_024)
  own?.abort(new Error('gone'))
  expect((await outcome).error?.message).toBe('gone')
  expect(body.destroyed).toBe(false)
})

test.each([
  ['fails', (body: PassThrough) => body.destroy(new Error('client left')), {}, 'client left'],
  ['is destroyed', (body: PassThrough) => body.destroy(), {}, 'the request body ended early'],
  ['is too short', (body: PassThrough) => body.end(), { 'content-length': '9' }, 'shorter than its Content-Length'],
  ['is too long', (body: PassThrough) => body.end('lo, world'), { 'content-length': '9' }, 'longer than its'],
])('ends the request when its streamed body %s', async (_name, act, headers, message) => {
  await using server = await RawServer.start(() => {})
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const body = new PassThrough()
  body.write('hel')
  const outcome = exchange(dispatcher, { path: '/', method: 'POST', body, headers })
  const connection = await server.connection(0)
  await connection.until((received) => received.includes('hel'))
  act(body)
  expect((await outcome).error?.message).toContain(message)
  await connection.closed
  expect(connection.received).not.toContain('lo, world')
  expect(connection.received).not.toContain('0\r\n\r\n')
})

test('an answer before the end of a streamed body is given, and the connection given up', async () => {
  await using server = await RawServer.start(async (connection) => {
    await connection.until((received) => received.includes('part'))
    connection.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const body = new PassThrough()
  body.write('part')
  expect(await exchange(dispatcher, { path: '/', method: 'POST', body })).toMatchObject({ statusCode: 413, body: 'no' })
  await server.connections[0]?.closed
  expect(body.destroyed).toBe(false)
})

const SMUGGLED = { 'x-a': 'b\r\nx-evil: 1' }
test.each([
  ['path with a space', { path: '/a b' }],
  ['path with a line end', { path: '/a\r\nx: y' }],
  ['path beyond latin1', { path: '/\u010d' }],
  ['absolute path', { path: 'http://other/' }],
  ['method that is no token', { method: 'GET /' }],
  ['CONNECT', { method: 'CONNECT' }],
  ['upgrade', { upgrade: 'websocket' }],
  ['query', { query: { a: 'b' } }],
  ['value with a line end', { headers: SMUGGLED }],
  ['value with a line end, in a list', { headers: ['x-a', 'b\r\nx-evil: 1'] }],
  ['value beyond latin1', { headers: { 'x-a': '\u010a' } }],
  ['name that is no token', { headers: { 'x a': 'b' } }],
  ['odd list', { headers: ['x-a'] }],
  ['a coding of its own', { headers: { 'transfer-encoding': 'chunked' } }],
  ['Expect', { headers: { expect: '100-continue' } }],
  ['Upgrade field', { headers: { upgrade: 'x' } }],
  ['odd Connection', { headers: { connection: 'x-a' } }],
  ['two hosts', { headers: ['host', 'a', 'Host', 'b'] }],
  ['length unlike the body', { body: 'abc', method: 'POST', headers: { 'content-length': '4' } }],
  ['length that is no number', { body: 'abc', method: 'POST', headers: { 'content-length': '3 ' } }],
  ['another origin', { origin: 'http://127.0.0.2:1' }],
  ['body of an unknown kind', { body: 5 as unknown as string, method: 'POST' }],
])('refuses to send: %s', async (_name, options) => {
  await using server = await RawServer.answering(OK)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const { error } = await exchange(dispatcher, { ...GET, ...options } as Dispatcher.DispatchOptions)
  expect(error).toBeInstanceOf(errors.UndiciError)
  await exchange(dispatcher, GET)
  expect(server.connections).toHaveLength(1)
  expect((await server.connection(0)).received).not.toContain('evil')
})

test('reaches IPv6 origins and names', async () => {
  await using six = await RawServer.answering(OK).then(async (four) => {
    await four[Symbol.asyncDispose]()
    return RawServer.start(async (connection) => {
      const request = await connection.request()
      connection.write(`HTTP/1.1 200 OK\r\nX-Host: ${/host: (.*)\r/.exec(request?.head ?? '')?.[1]}\r\n${OK.slice(17)}`)
    }, '::1')
  })
  await using dispatcher = new HttpDispatcher({ origin: six.origin, clock: systemClock })
  const { headers } = await dispatcher.request(GET)
  expect(headers['x-host']).toBe(`[::1]:${six.port}`)

  await using four = await RawServer.answering(OK)
  await using named = new HttpDispatcher({ origin: `http://localhost:${four.port}`, clock: systemClock })
  expect((await exchange(named, GET)).body).toBe('ok')
})

test('close lets running requests end and takes no new ones', async () => {
  await using server = await RawServer.answering(HALF)
  const dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  let closed: Promise<void> | undefined
  let isClosed = false
  const outcome = exchange(dispatcher, GET, {
    onResponseData() {
      if (closed !== undefined) return
      closed = dispatcher.close().then(() => {
        isClosed = true
      })
      setImmediate(() => {
        expect(isClosed).toBe(false)
        server.connections[0]?.write('lf')
      })
    },
  })
  expect((await outcome).body).toBe('half')
  expect((await exchange(dispatcher, GET)).error).toBeInstanceOf(errors.ClientClosedError)
  await closed
  await server.connections[0]?.closed
  await new Promise<void>((resolve) => dispatcher.close(resolve))
})

test('destroy fails running requests and closes every connection', async () => {
  await using server = await RawServer.answering(OK, OK, HALF)
  const dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  await Promise.all([exchange(dispatcher, GET), exchange(dispatcher, GET)])
  const bug = new Error('stop')
  const outcome = exchange(dispatcher, GET, { onResponseData: () => void dispatcher.destroy(bug) })
  expect((await outcome).error).toBe(bug)
  await Promise.all(server.connections.map((connection) => connection.closed))
  await new Promise<void>((resolve) => dispatcher.destroy(null, resolve))
  await new Promise<void>((resolve) => dispatcher.destroy(resolve))
  expect((await exchange(dispatcher, GET)).error).toBeInstanceOf(errors.ClientDestroyedError)
})

test('undici’s request works over it', async () => {
  const trailers = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\nX-T: t\r\n\r\n'
  await using server = await RawServer.answering(trailers)
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const response = await dispatcher.request({ path: '/', method: 'POST', body: '{}' })
  expect(await response.body.json()).toEqual({ a: 1 })
  expect(response.trailers).toEqual({ 'x-t': 't' })
  const controller = new AbortController()
  const aborted = dispatcher.request({ ...GET, signal: controller.signal })
  controller.abort()
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
})

test('undici’s fetch works over it: bodies both ways, abort, no redirect of its own', async () => {
  await using server = await RawServer.start(async (connection) => {
    for (let r = await connection.request(); r !== undefined; r = await connection.request()) {
      if (r.head.startsWith('GET /slow')) connection.write(HALF)
      else if (r.head.startsWith('GET /moved')) connection.write(`HTTP/1.1 302 Found\r\nLocation: /\r\n${OK.slice(17)}`)
      else connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${r.body.length}\r\n\r\n${r.body}`)
    }
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const echoed = await fetch(`${server.origin}/`, { dispatcher, method: 'POST', body: 'some text' })
  expect(await echoed.text()).toBe('some text')
  const moved = await fetch(`${server.origin}/moved`, { dispatcher, redirect: 'manual' })
  expect(moved.status).toBe(302)
  await moved.text()
  const controller = new AbortController()
  const slow = await fetch(`${server.origin}/slow`, { dispatcher, signal: controller.signal })
  controller.abort()
  await expect(slow.text()).rejects.toMatchObject({ name: 'AbortError' })
})
