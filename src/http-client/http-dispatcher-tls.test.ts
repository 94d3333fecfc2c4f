import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { type Dispatcher, Pool } from 'undici'
import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { HttpDispatcher } from './http-dispatcher.ts'

/** Made for these tests alone, for localhost and 127.0.0.1; nothing else trusts it. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUfR/+GIzx5adqkhUvbo1QNwXmLyYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDE5MTI1MVoYDzIxMjYxMDI3
MTkxMjUxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASlLQzVBBqO1dBGzvHvj4CVWi+3Z/5MKRWqXFy851WmcrW3VGf/RurW
09YN5KTR0WOMRuvpXzCPPzm+peFw+5gEo28wbTAdBgNVHQ4EFgQUyzvNM0uo5JZA
SOHApXw6ekXx6RcwHwYDVR0jBBgwFoAUyzvNM0uo5JZASOHApXw6ekXx6RcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhANf8vUByIXyOeOdva/sw307UJS0Ohsk5fetUadsVoPSLAiEA
wdbY6ec/MvPgAA22JGNeXmeC4D+ZgJYWH9iz4x9t28o=
-----END CERTIFICATE-----`
const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsJ0gd8/5AnpiBk9c
Ej1vkrkQeeccivWpyIKgZ9ta9pKhRANCAASlLQzVBBqO1dBGzvHvj4CVWi+3Z/5M
KRWqXFy851WmcrW3VGf/RurW09YN5KTR0WOMRuvpXzCPPzm+peFw+5gE
-----END PRIVATE KEY-----`

async function listen(answer: string): Promise<Server & AsyncDisposable> {
  const server = createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const port = (server: Server): number => (server.address() as AddressInfo).port
const text = async (dispatcher: Dispatcher): Promise<string> =>
  (await dispatcher.request({ path: '/', method: 'GET' })).body.text()

test('speaks TLS to whom it trusts, over one connection, by name and by address', async () => {
  await using server = await listen('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
  let connectionCount = 0
  server.on('secureConnection', () => connectionCount++)
  for (const host of ['localhost', '127.0.0.1']) {
    await using dispatcher = new HttpDispatcher({
      origin: `https://${host}:${port(server)}`,
      ca: CERTIFICATE,
      clock: systemClock,
    })
    for (let i = 0; i < 3; i++) expect(await text(dispatcher)).toBe('hello')
  }
  expect(connectionCount).toBe(2)
})

test('sends nothing to whom it does not trust', async () => {
  await using server = await listen('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
  let hasServed = false
  server.on('secureConnection', (socket) =>
    socket.on('data', () => {
      hasServed = true
    }),
  )
  await using dispatcher = new HttpDispatcher({ origin: `https://localhost:${port(server)}`, clock: systemClock })
  await expect(text(dispatcher)).rejects.toMatchObject({ code: 'unreachable' })
  expect(hasServed).toBe(false)
})

test('gives large bodies whole, as undici does', async () => {
  const body = Buffer.alloc(1_000_000, 'abcdefg').toString()
  await using server = await listen(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  const origin = `https://localhost:${port(server)}`
  await using dispatcher = new HttpDispatcher({ origin, ca: CERTIFICATE, clock: systemClock })
  const pool = new Pool(origin, { connect: { ca: CERTIFICATE } })
  expect(await text(dispatcher)).toBe(body)
  expect(await text(pool)).toBe(body)
  await pool.destroy()
})
