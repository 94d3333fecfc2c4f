import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { HandTurns } from '../../test/support/hand-turns.ts'
import { openHttpSite } from '../../test/support/http-site.ts'
import { RawConnection } from '../../test/support/raw.ts'
import type { ServerRequest } from './server-request.ts'

const head = (line: string, ...lines: string[]) => `${[line, 'host: h', ...lines].join('\r\n')}\r\n\r\n`
const GET = head('GET / HTTP/1.1')

/** The text without the line that tells the time. */
const undated = (text: string) => text.replace(/date: [^\r]*\r\n/g, '')

function readAll(request: ServerRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    request.readTo({
      onBytes: (bytes) => {
        text += bytes.toString('latin1')
      },
      onEnd: () => resolve(text),
      onGone: () => reject(new Error('gone')),
    })
  })
}

describe('a whole reply', () => {
  test.each([
    [
      'has its length, the time, and says how long the connection stays',
      GET,
      200,
      'hé',
      /^HTTP\/1\.1 200 OK\r\nx-a: b\r\ncontent-length: 3\r\ndate: [^\r]+ GMT\r\nconnection: keep-alive\r\nkeep-alive: timeout=5\r\n\r\nh\xc3\xa9$/,
    ],
    ['to HEAD has no body', head('HEAD / HTTP/1.1'), 200, 'hello', /\r\ncontent-length: 5\r\n[\s\S]*\r\n\r\n$/],
    [
      'of nothing to HEAD tells no length',
      head('HEAD / HTTP/1.1'),
      200,
      '',
      /^(?![\s\S]*content-length)[\s\S]*\r\n\r\n$/,
    ],
    ['204 has neither', GET, 204, '', /^HTTP\/1\.1 204 No Content\r\n(?![\s\S]*content-length)[\s\S]*\r\n\r\n$/],
    ['to HTTP/1.0 ends the connection', head('GET / HTTP/1.0'), 200, 'x', /\r\nconnection: close\r\n\r\nx$/],
    [
      'to HTTP/1.0 that asks to stay does not',
      head('GET / HTTP/1.0', 'connection: keep-alive'),
      200,
      'x',
      /\r\nconnection: keep-alive\r\n/,
    ],
    [
      'to a client that ends the connection ends it',
      head('GET / HTTP/1.1', 'connection: close'),
      200,
      'x',
      /\r\nconnection: close\r\n\r\nx$/,
    ],
  ])('%s', async (_name, text, status, body, expected) => {
    await using site = await openHttpSite({ serve: ({ reply }) => reply.send(status, ['x-a', 'b'], body) })
    using connection = await RawConnection.open(site.port)
    await connection.send(text)
    await connection.until((got) => expected.test(got))
  })

  test('of megabytes arrives whole', async () => {
    const body = Buffer.alloc(8_000_000, 'abcdefg')
    await using site = await openHttpSite({ serve: ({ reply }) => reply.send(200, [], body) })
    const answer = await fetch(`http://127.0.0.1:${site.port}/`)
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(hash(new Uint8Array(await answer.arrayBuffer()))).toBe(hash(body))
  })

  test.each(['a\r\nb: c', 'a\nb', 'a\0b', 'a\x7fb'])(
    'with the value %j is refused to whoever writes it',
    async (value) => {
      await using site = await openHttpSite()
      using connection = await RawConnection.open(site.port)
      await connection.send(GET)
      const { reply } = await site.next()
      expect(() => reply.send(200, ['x-a', value], '')).toThrow(TypeError)
    },
  )
})

describe('a reply in pieces', () => {
  test('has what is written in one turn in one chunk, and its end', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(GET)
    const { reply } = await site.next()
    reply.begin(200, ['content-type', 'text/plain'])
    reply.write(Buffer.from('one '))
    reply.write(Buffer.from('two'))
    await connection.until((text) => text.endsWith('\r\n\r\n7\r\none two\r\n'))
    reply.write(Buffer.from('three'))
    reply.end()
    await connection.until((text) => text.endsWith('5\r\nthree\r\n0\r\n\r\n'))
    expect(connection.text).toContain('\r\ntransfer-encoding: chunked\r\n')
    expect(reply.isClosed).toBe(true)
  })

  test('to HTTP/1.0 comes as it is, and ends with the connection', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(head('GET / HTTP/1.0', 'connection: keep-alive'))
    const { reply } = await site.next()
    reply.begin(200, [])
    reply.write(Buffer.from('one'))
    reply.end()
    await connection.untilClosed()
    expect(undated(connection.text)).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\none')
  })

  test('to HTTP/1.0 is not cut off under a client that reads slowly', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    connection.setReading(false)
    await connection.send(head('GET / HTTP/1.0'))
    const { reply } = await site.next()
    const body = Buffer.alloc(20_000_000, 'x')
    reply.begin(200, [])
    reply.write(body)
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    reply.end()
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    expect(reply.isClosed).toBe(false)
    site.clock.advance(5_000)
    connection.setReading(true)
    await connection.untilClosed()
    expect(connection.received.length).toBeGreaterThan(body.length)
  })

  test('to HEAD has a head alone', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(head('HEAD / HTTP/1.1'))
    const { reply } = await site.next()
    reply.begin(200, [])
    reply.write(Buffer.from('one'))
    reply.end()
    await connection.send(GET)
    const next = await site.next()
    next.reply.send(200, [], 'next')
    await connection.until((text) => text.endsWith('\r\n\r\nnext'))
    expect(connection.text).not.toContain('one')
  })

  test.each([204, 304])('of status %i has a head alone, whatever is written', async (status) => {
    const body = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'
    await using site = await openHttpSite({
      serve({ reply, target }) {
        if (target === '/next') return reply.send(200, [], 'next')
        if (target === '/whole') return reply.send(status, [], body)
        reply.begin(status, [])
        reply.write(Buffer.from(body))
        reply.end()
      },
    })
    using connection = await RawConnection.open(site.port)
    for (const target of ['/whole', '/pieces', '/next']) await connection.send(head(`GET ${target} HTTP/1.1`))
    await connection.until((text) => text.endsWith('\r\n\r\nnext'))
    expect(connection.text).not.toContain('evil')
    expect(connection.text.match(/HTTP\/1\.1 /g)).toHaveLength(3)
    expect(connection.text.match(/content-length|transfer-encoding/g)).toHaveLength(1)
  })

  test('tells whoever writes that the client is behind, and that it has caught up', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    connection.setReading(false)
    await connection.send(GET)
    const { reply } = await site.next()
    const slow = Promise.withResolvers<void>()
    const drained = Promise.withResolvers<void>()
    reply.onPace(slow.resolve, drained.resolve)
    reply.begin(200, [])
    // More than the system takes for a client that does not read.
    reply.write(Buffer.alloc(50_000_000))
    await slow.promise
    expect(reply.isBehind).toBe(true)
    connection.setReading(true)
    await drained.promise
    expect(reply.isBehind).toBe(false)
  })

  test('is closed when the client leaves', async () => {
    await using site = await openHttpSite()
    const connection = await RawConnection.open(site.port)
    await connection.send(GET)
    const { reply } = await site.next()
    const closed = Promise.withResolvers<void>()
    reply.onClosed(closed.resolve)
    reply.begin(200, [])
    connection.reset()
    await closed.promise
    expect(reply.isClosed).toBe(true)
  })
})

describe('a body', () => {
  test.each([
    ['with a length', `${head('POST / HTTP/1.1', 'content-length: 11')}hello world`],
    ['in chunks', `${head('POST / HTTP/1.1', 'transfer-encoding: chunked')}6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n`],
  ])('%s is read, wherever it is cut, and the next request is found behind it', async (_name, text) => {
    await using site = await openHttpSite()
    for (const cut of [text.length, text.length - 1, 40, 1]) {
      using connection = await RawConnection.open(site.port)
      await connection.send(text.slice(0, cut))
      if (cut < text.length) await connection.send(text.slice(cut) + GET)
      else await connection.send(GET)
      const request = await site.next()
      expect(await readAll(request)).toBe('hello world')
      request.reply.send(200, [], 'first')
      const next = await site.next()
      expect([next.method, next.isComplete]).toEqual(['GET', true])
      next.reply.send(200, [], 'second')
      await connection.until((got) => got.endsWith('second'))
    }
  })

  test('that comes before anybody reads it is held back, and not lost', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    const body = Buffer.alloc(20_000_000, 'x')
    const sending = connection.send(
      Buffer.concat([Buffer.from(head('POST / HTTP/1.1', `content-length: ${body.length}`)), body]),
    )
    const request = await site.next()
    let isSent = false
    void sending.then(() => {
      isSent = true
    })
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
    expect(isSent).toBe(false)
    expect((await readAll(request)).length).toBe(body.length)
    await sending
  })

  test('whose client leaves half way is told as gone, before and after somebody reads', async () => {
    await using site = await openHttpSite()
    for (const isReadFirst of [true, false]) {
      const connection = await RawConnection.open(site.port)
      await connection.send(`${head('POST / HTTP/1.1', 'content-length: 10')}half`)
      const request = await site.next()
      const closed = Promise.withResolvers<void>()
      request.reply.onClosed(closed.resolve)
      const reading = isReadFirst ? readAll(request) : undefined
      reading?.catch(() => {})
      connection.reset()
      if (!isReadFirst) request.resume()
      await closed.promise
      await expect(reading ?? readAll(request)).rejects.toThrow('gone')
    }
  })

  test('that was answered before it was whole is read on for a while, and then cut', async () => {
    await using site = await openHttpSite({ serve: ({ reply }) => reply.send(413, [], 'no') })
    using whole = await RawConnection.open(site.port)
    await whole.send(`${head('POST / HTTP/1.1', 'content-length: 10')}half`)
    await whole.until((text) => text.endsWith('no'))
    await whole.send(`of it.${GET}`)
    await whole.until((text) => text.match(/no/g)?.length === 2)
    using endless = await RawConnection.open(site.port)
    await endless.send(`${head('POST / HTTP/1.1', 'content-length: 1000')}half`)
    await endless.until((text) => text.endsWith('no'))
    site.clock.advance(9_000)
    await endless.send('more')
    expect(endless.isClosed).toBe(false)
    site.clock.advance(2_000)
    await endless.untilClosed()
  })

  test('that was answered before it was whole does not keep a client waiting that reads until the end', async () => {
    await using site = await openHttpSite({ serve: ({ reply }) => reply.send(413, [], 'no') })
    using connection = await RawConnection.open(site.port)
    await connection.send(head('POST / HTTP/1.1', 'connection: close', 'content-length: 1000'))
    await connection.untilClosed()
    expect(connection.text).toMatch(/\r\nconnection: close\r\n\r\nno$/)
  })

  test('that breaks behind its answer ends the connection, and gets no second answer', async () => {
    await using site = await openHttpSite({ serve: ({ reply }) => reply.send(413, [], 'no') })
    using connection = await RawConnection.open(site.port)
    await connection.send(`${head('POST / HTTP/1.1', 'transfer-encoding: chunked')}4\r\nhalf\r\n`)
    await connection.until((text) => text.endsWith('no'))
    await connection.send('zz\r\n')
    await connection.untilClosed()
    expect(connection.text).toMatch(/\r\n\r\nno$/)
    expect(site.faults).toEqual([])
  })

  test('is sent once the client is invited', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(head('POST / HTTP/1.1', 'content-length: 2', 'expect: 100-continue'))
    const request = await site.next()
    request.reply.invite()
    await connection.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
    await connection.send('ok')
    expect(await readAll(request)).toBe('ok')
  })
})

describe('a connection', () => {
  test('has one request at a time, in the order they came', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(['/a', '/b', '/c'].map((path) => head(`GET ${path} HTTP/1.1`)).join(''))
    for (const target of ['/a', '/b', '/c']) {
      const request = await site.next()
      expect(request.target).toBe(target)
      expect(request.connection.request).toBe(request)
      request.reply.send(200, [], `${target}.`)
    }
    await connection.until((text) => text.endsWith('/c.'))
    expect(connection.text.match(/\/[abc]\./g)).toEqual(['/a.', '/b.', '/c.'])
  })

  test('on which nothing comes, or a head that never ends, is refused in time', async () => {
    await using site = await openHttpSite()
    using silent = await RawConnection.open(site.port)
    using slow = await RawConnection.open(site.port)
    using served = await RawConnection.open(site.port)
    await slow.send('GET / HTTP/1.1\r\nhost: ')
    await served.send(GET)
    ;(await site.next()).reply.send(200, [], 'ok')
    await served.until((text) => text.endsWith('ok'))
    site.clock.advance(4_000)
    expect([silent.isClosed, slow.isClosed, served.isClosed]).toEqual([false, false, false])
    site.clock.advance(2_000)
    await served.untilClosed()
    expect(served.text).not.toContain('HTTP/1.1 400')
    site.clock.advance(6_000)
    await Promise.all([silent.untilClosed(), slow.untilClosed()])
    expect(site.faults).toEqual(['timed_out', 'timed_out'])
  })

  test('ends with what is no request; a running reply ends well before', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(`${GET}\x16\x03\x01\x02\x00`)
    const { reply } = await site.next()
    expect(site.faults).toEqual([])
    reply.send(200, [], 'ok')
    await connection.untilClosed()
    expect(site.faults).toEqual(['tls'])
    expect(connection.text).toMatch(/\r\n\r\nokHTTP\/1\.1 400 /)
  })

  test('that the client has half closed ends behind the reply', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(GET)
    connection.halfClose()
    const { reply } = await site.next()
    reply.send(200, [], 'ok')
    await connection.untilClosed()
    expect(connection.text).toMatch(/\r\n\r\nok$/)
  })

  test('stays for a moment when the server stops, and is then ended without a reset', async () => {
    await using site = await openHttpSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(GET)
    const first = await site.next()
    first.reply.send(200, [], 'one')
    await connection.until((text) => text.endsWith('one'))
    site.server.stopListening()
    const ended = site.server.endConnections()
    await connection.send(GET)
    ;(await site.next()).reply.send(200, [], 'two')
    await connection.until((text) => text.endsWith('two'))
    site.clock.advance(500)
    await connection.untilClosed()
    site.clock.advance(500)
    await ended
  })
})

describe('what is read in one turn of the event loop', () => {
  class HandTurnedClock extends ManualClock {
    readonly turns = new HandTurns()

    override turn(run: () => void): void {
      this.turns.turn(run)
    }
  }

  const BODY = 3_000_000

  test.each([
    ['that are read', false],
    ['that were answered, and are thrown away', true],
  ])('is bounded, of all bodies together %s', async (_name, isAnswered) => {
    const clock = new HandTurnedClock()
    await using site = await openHttpSite({ clock })
    const clients = await Promise.all(Array.from({ length: 3 }, () => RawConnection.open(site.port)))
    const requests = await Promise.all(
      clients.map((client) => {
        client.socket.write(head('POST / HTTP/1.1', `content-length: ${BODY}`))
        client.socket.write(Buffer.alloc(BODY))
        return site.next()
      }),
    )
    const read = () => requests.reduce((sum, { socket }) => sum + socket.bytesRead, 0)
    const endTurn = async () => {
      clock.turns.end()
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (isAnswered) {
      for (const { reply } of requests) reply.send(503, [], '')
      while (!clients.every(({ text }) => text.includes('503'))) await endTurn()
    } else for (const request of requests) request.discard()
    let turns = 0
    for (; read() < 3 * BODY; turns++) {
      const isStill = () => requests.every(({ socket }) => socket.isPaused() || socket.bytesRead >= BODY)
      await expect.poll(isStill, { timeout: 60_000 }).toBe(true)
      await endTurn()
    }
    // Nine megabytes: were all read at once, it would be none.
    expect(turns).toBeGreaterThan(2)
    for (const client of clients) client[Symbol.dispose]()
  })
})
