import { getRequestListener } from '@hono/node-server'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type HttpSite, openHttpSite } from '../../test/support/http-site.ts'
import { RawConnection } from '../../test/support/raw.ts'
import { nodeMessages, nodeRequest } from './node-messages.ts'

/** For the rest of a body that nobody reads. */
const LONGER_THAN_A_LIBRARY_WAITS_MS = 700

const listener = getRequestListener(
  async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/echo') return new Response(await request.text())
    if (pathname === '/unread') return new Response('unread')
    if (pathname === '/unread-later') return await Promise.resolve(new Response('unread'))
    if (pathname === '/close') return new Response('bye', { headers: { connection: 'close' } })
    const pieces = ['a', 'b', 'c'].map((letter) => new TextEncoder().encode(letter.repeat(100_000)))
    return new Response(ReadableStream.from(pieces))
  },
  { overrideGlobalObjects: false },
)

/** By hand at `/own` and `/late`, else by a library. */
function openSite(): Promise<HttpSite> {
  return openHttpSite({
    serve(request) {
      if (request.target === '/own') {
        request.reply.send(200, [], 'own')
        return
      }
      if (request.target === '/late') {
        setTimeout(() => request.reply.send(200, [], 'late'), LONGER_THAN_A_LIBRARY_WAITS_MS)
        return
      }
      const { req, res } = nodeMessages(request, 5_000)
      void listener(req, res)
    },
  })
}

const head = (line: string, ...lines: string[]) => `${[line, 'host: h', ...lines].join('\r\n')}\r\n\r\n`

describe('one connection that is answered by hand and by a library', () => {
  test('by turns, with bodies and streams, also sent ahead', async () => {
    await using site = await openSite()
    using connection = await RawConnection.open(site.port)
    const own = head('GET /own HTTP/1.1')
    const echo = (text: string) => head('POST /echo HTTP/1.1', `content-length: ${text.length}`) + text
    await connection.send(own + echo('first') + own + head('GET /stream HTTP/1.1') + echo('second') + own)
    await connection.until((text) => text.match(/HTTP\/1\.1 200/g)?.length === 6 && text.endsWith('own'))
    const bodies = connection.text.split(/HTTP\/1\.1 200[\s\S]*?\r\n\r\n/).slice(1)
    expect(bodies.map((body) => body.length > 1_000 || body)).toEqual(['own', 'first', 'own', true, 'second', 'own'])
    expect(connection.text.match(/keep-alive: timeout=5\r\n/gi)).toHaveLength(6)
  })

  test.each(['/unread', '/unread-later'])(
    'goes on behind a body that came later than the answer to it: %s',
    async (path) => {
      await using site = await openSite()
      using connection = await RawConnection.open(site.port)
      await connection.send(`${head(`POST ${path} HTTP/1.1`, 'content-length: 5')}he`)
      await connection.until((text) => text.endsWith('unread'))
      await connection.send(`llo${head('GET /late HTTP/1.1')}`)
      await connection.until((text) => text.endsWith('late'))
      await connection.send(head('GET /own HTTP/1.1'))
      await connection.until((text) => text.endsWith('own'))
    },
  )

  test('ends where its client takes nothing of an answer for a minute', async () => {
    const whole = Buffer.alloc(60_000_000, 0x61)
    // More than the system holds of a connection on both its sides, so that the server sees it.
    const taken = 15_000_000
    const ended: string[] = []
    await using site = await openHttpSite({
      serve(request) {
        const { res } = nodeMessages(request, 5_000)
        res.once('close', () => ended.push(request.target)).end(whole)
      },
    })
    using silent = await RawConnection.open(site.port)
    using slow = await RawConnection.open(site.port)
    for (const [target, { socket }] of Object.entries({ '/silent': silent, '/slow': slow })) {
      socket.write(head(`GET ${target} HTTP/1.1`))
      await expect.poll(() => socket.bytesRead).toBeGreaterThan(0)
      socket.pause()
    }
    for (let round = 1; round <= 3; round++) {
      site.clock.advance(30_000)
      slow.socket.resume()
      await expect.poll(() => slow.socket.bytesRead).toBeGreaterThan(round * taken)
      slow.socket.pause()
    }
    slow.socket.resume()
    await expect.poll(() => slow.socket.bytesRead).toBeGreaterThan(whole.length)
    // The system may take some more for a silent client, even late: that is when the minute begins.
    await expect
      .poll(() => {
        site.clock.advance(30_000)
        return ended
      })
      .toContain('/silent')
    silent.socket.resume()
    await silent.untilClosed()
    expect(silent.socket.bytesRead).toBeLessThan(whole.length)
  })

  test('ends where the library says so', async () => {
    await using site = await openSite()
    using connection = await RawConnection.open(site.port)
    await connection.send(head('GET /close HTTP/1.1'))
    await connection.untilClosed()
    expect(connection.text).toMatch(/\r\nconnection: close\r\n[\s\S]*bye$/i)
  })

  test('a body that comes slowly, larger than what is held', async () => {
    await using site = await openSite()
    const body = 'x'.repeat(5_000_000)
    const answer = await fetch(`http://127.0.0.1:${site.port}/echo`, { method: 'POST', body })
    expect((await answer.text()).length).toBe(body.length)
  })

  test('a client that reads slowly gets all of it, and one that leaves is noticed', async () => {
    const piece = Buffer.alloc(100_000, 'x')
    const left = Promise.withResolvers<void>()
    await using site = await openHttpSite({
      serve(request) {
        const { req, res } = nodeMessages(request, 5_000)
        let count = 0
        const write = () => {
          while (count++ < 20) if (!res.write(piece)) return
          if (req.url === '/whole') res.end()
        }
        res.on('drain', write).on('close', () => req.url !== '/whole' && left.resolve())
        write()
      },
    })
    using slow = await RawConnection.open(site.port)
    slow.setReading(false)
    await slow.send(head('GET /whole HTTP/1.1'))
    slow.setReading(true)
    await slow.until((text) => text.endsWith('0\r\n\r\n'))
    const leaving = await RawConnection.open(site.port)
    await leaving.send(head('GET /part HTTP/1.1'))
    await leaving.until((text) => text.length > 0)
    leaving.reset()
    await left.promise
  })
})

test('a WebSocket takes over the connection, and what came behind its head', async () => {
  const sockets = new WebSocketServer({ noServer: true })
  await using site = await openHttpSite({
    serve: ({ reply }) => reply.send(200, [], 'own'),
    takeOver(request, socket, rest) {
      sockets.handleUpgrade(nodeRequest(request), socket, rest, (webSocket) => {
        webSocket.on('message', (data) => webSocket.send(`heard ${String(data)}`))
      })
    },
  })
  const webSocket = new WebSocket(`ws://127.0.0.1:${site.port}/`)
  const heard = new Promise((resolve) => webSocket.once('message', (data) => resolve(String(data))))
  webSocket.once('open', () => webSocket.send('you'))
  expect(await heard).toBe('heard you')
  webSocket.terminate()
  sockets.close()
})

test('are what a listener of Node is given', async () => {
  await using site = await openHttpSite()
  using connection = await RawConnection.open(site.port)
  await connection.send(head('GET /a?b HTTP/1.1', 'X-One: 1', 'x-one: 2', 'Cookie: a', 'cookie: b'))
  const message = nodeRequest(await site.next())
  expect([message.method, message.url, message.httpVersion]).toEqual(['GET', '/a?b', '1.1'])
  expect(message.headers).toEqual({ host: 'h', 'x-one': '1, 2', cookie: 'a; b' })
  expect(message.rawHeaders).toEqual(['host', 'h', 'X-One', '1', 'x-one', '2', 'Cookie', 'a', 'cookie', 'b'])
  expect(message.socket.remoteAddress).toBe('127.0.0.1')
})
