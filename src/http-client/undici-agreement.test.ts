import { type Dispatcher, fetch, Pool } from 'undici'
import { expect, test } from 'vitest'
import { RawServer } from '../../test/support/raw-server.ts'
import { systemClock } from '../core/clock.ts'
import { HttpDispatcher } from './http-dispatcher.ts'

interface Seen {
  statusCode?: number
  headers?: unknown
  body: string
  trailers?: unknown
  hasFailed: boolean
}

function dispatch(dispatcher: Dispatcher, method: string): Promise<Seen> {
  const seen: Seen = { body: '', hasFailed: false }
  return new Promise((resolve) => {
    dispatcher.dispatch(
      { path: '/', method },
      {
        onRequestStart() {},
        // The reason is left out: undici loses it when it comes in pieces.
        onResponseStart(_controller, statusCode, headers) {
          if (statusCode >= 200) Object.assign(seen, { statusCode, headers: { ...headers } })
        },
        onResponseData(_controller, chunk) {
          seen.body += chunk.toString('latin1')
        },
        onResponseEnd(_controller, trailers) {
          resolve({ ...seen, trailers: { ...trailers } })
        },
        onResponseError() {
          resolve({ ...seen, hasFailed: true })
        },
      },
    )
  })
}

const RESPONSES: readonly (readonly [method: string, response: string])[] = [
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['GET', 'HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B:\t c\r\nContent-Length: 0\r\n\r\n'],
  ['GET', 'HTTP/1.1 404 Not Found At All\r\nContent-Length: 2\r\n\r\nno'],
  ['GET', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'],
  ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, world...\r\n0\r\n\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: abc\r\n\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end'],
  ['GET', 'HTTP/1.0 200 OK\r\n\r\nuntil the end'],
  ['GET', 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
  ['POST', 'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno'],
  // Refused, by both.
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello'],
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nA: b\0\r\nContent-Length: 0\r\n\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello'],
  ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n'],
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort'],
  ['GET', 'SSH-2.0-OpenSSH\r\n'],
]

test.each(RESPONSES)('sees what undici sees: %s %j', async (method, response) => {
  const cuts = [1, 2, 7].map((size) => response.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])
  for (const pieces of [[response], ...cuts]) {
    await using server = await RawServer.start(async (connection) => {
      await connection.request()
      await connection.writePieces(pieces)
      connection.end()
    })
    const pool = new Pool(server.origin)
    await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
    const expected = await dispatch(pool, method)
    await pool.destroy()
    const seen = await dispatch(dispatcher, method)
    // How much of a failed body was told before the failure is a matter of timing.
    if (expected.hasFailed) expect(seen.hasFailed).toBe(true)
    else expect(seen).toEqual(expected)
  }
})

test("undici's fetch over it has the response's fields, those that came twice too", async () => {
  await using server = await RawServer.start(async (connection) => {
    await connection.request()
    connection.write('HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nok')
  })
  await using dispatcher = new HttpDispatcher({ origin: server.origin, clock: systemClock })
  const response = await fetch(server.origin, { dispatcher })
  expect(response.headers.get('x-a')).toBe('1, 2')
  expect(await response.text()).toBe('ok')
})
