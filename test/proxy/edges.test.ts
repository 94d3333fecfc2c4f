import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../support/clock.ts'
import { startTestGateway } from '../support/gateway.ts'
import { RawConnection } from '../support/raw.ts'
import { frames, hold, rest } from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { post, postRaw } from './client.ts'
import { settled, until } from './turns.ts'

/** A model server that can be slow to say which models it has: then nobody knows whether it has the one asked for. */
async function startSlowLister() {
  const waiting: ServerResponse[] = []
  let isSlow = false
  const server = createServer((request, response) => {
    if (request.url === '/api/version') response.end('{"version":"0.33.0"}')
    else if (request.url === '/api/ps') response.end('{"models":[]}')
    else if (request.url !== '/api/tags') response.writeHead(404).end()
    else if (isSlow) waiting.push(response)
    else response.end('{"models":[{"name":"tiny"}]}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting,
    beSlow() {
      isSlow = true
    },
  }
}

/** A request for a model that nobody is known to have, while the only upstream is slow to say which it has. */
async function askForUnknown(body: object) {
  await using opened = new AsyncDisposableStack()
  const clock = new ManualClock()
  const upstream = await startSlowLister()
  const config = { stream: { keepAlive: '1s' } }
  const gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin], config, clock }))
  const key = await gateway.key()
  upstream.beSlow()
  clock.advance(2_000)
  const connection = opened.use(await postRaw({ url: gateway.url, key, path: '/v1/chat/completions', body }))
  await until(() => upstream.waiting.length > 0)
  const kept = opened.move()
  return { clock, upstream, gateway, connection, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

test('whoever asked for a stream gets signs of life while an upstream is looked for, and then why there is none', async () => {
  await using ground = await askForUnknown({ model: 'another', messages: [], stream: true })
  const { clock, upstream, gateway, connection } = ground
  expect(connection.text).toBe('')

  clock.advance(1_250)
  await connection.until((text) => text.includes(': keep-alive'))
  expect(connection.text).toMatch(/^HTTP\/1\.1 200 /)
  expect(connection.text).toContain('content-type: text/event-stream')
  expect(connection.text).not.toContain('x-punku-upstream')

  for (const response of upstream.waiting) response.end('{"models":[{"name":"tiny"}]}')
  await connection.until((text) => text.includes('model_not_found'))
  await settled(gateway)
  const row = (await gateway.rows()).find(({ route }) => route === 'POST /v1/chat/completions')
  expect(row).toMatchObject({ status: 200, error_code: 'model_not_found', upstream: null, sent_ms: null })
})

test('whoever asked for no stream hears nothing until it is known, and then the status', async () => {
  await using ground = await askForUnknown({ model: 'another', messages: [] })
  const { clock, upstream, connection } = ground
  clock.advance(1_250)
  clock.advance(1_250)
  expect(connection.text).toBe('')
  for (const response of upstream.waiting) response.end('{"models":[{"name":"tiny"}]}')
  await connection.until((text) => text.includes('model_not_found'))
  expect(connection.text).toMatch(/^HTTP\/1\.1 404 /)
})

test('an upstream that is removed ends what runs on it as interrupted, not as a fault of the gateway', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  upstream.behave([hold])
  const body = { model: 'tiny', messages: [] }
  const asking = post({ url: gateway.url, key: await gateway.key(), path: '/v1/chat/completions', body })
  await upstream.nextRequest('/v1/chat/completions')
  await gateway.parts.upstreams.remove(gateway.upstreamId(upstream.origin))
  const answer = await asking
  expect(answer.status).toBe(502)
  expect(await answer.json()).toMatchObject({ error: { code: 'upstream_interrupted' } })
})

test('a gateway that ends at once still tells those who wait for a whole answer', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  upstream.behave([hold])
  const body = { model: 'tiny', messages: [] }
  const asking = post({ url: gateway.url, key: await gateway.key(), path: '/v1/chat/completions', body })
  await upstream.nextRequest('/v1/chat/completions')
  await gateway.parts.gateway.destroy()
  const answer = await asking
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ error: { code: 'shutting_down' } })
})

test('what would open a way to elsewhere behind a running stream waits for its turn, and is refused', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  upstream.behave([frames(2), hold, rest])
  const body = { model: 'tiny', messages: [], stream: true }
  const key = await gateway.key()
  using connection = await postRaw({ url: gateway.url, key, path: '/v1/chat/completions', body })
  await connection.until((text) => text.includes('data: '))
  await connection.send('CONNECT a:1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  ;(await upstream.nextRequest('/v1/chat/completions')).release()
  await connection.untilClosed()
  expect(connection.text).toMatch(/\[DONE\][\s\S]*HTTP\/1\.1 405 [\s\S]*method_not_allowed/)
  await settled(gateway)
  expect(await gateway.rows()).toMatchObject([{ status: 200, error_code: null }])
})

test('a WebSocket that is asked for behind a running stream waits for its turn, and is refused', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  upstream.behave([frames(2), hold, rest])
  const body = { model: 'tiny', messages: [], stream: true }
  const key = await gateway.key()
  using connection = await postRaw({ url: gateway.url, key, path: '/v1/chat/completions', body })
  await connection.until((text) => text.includes('data: '))
  const head = 'GET /v1/responses HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nhost: 127.0.0.1\r\n\r\n'
  await connection.send(head)
  expect(connection.text).not.toContain('HTTP/1.1 426')
  ;(await upstream.nextRequest('/v1/chat/completions')).release()
  await connection.until((text) => text.includes('upgrade_refused'))
  expect(connection.text).toMatch(/\[DONE\][\s\S]*HTTP\/1\.1 426 /)
})

test('a client of HTTP/1.0 is not told to go on: it would take that for the answer', async () => {
  await using upstream = await startScriptedUpstream({ server: 'ollama' })
  await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
  const key = await gateway.key()
  const body = JSON.stringify({ model: 'tiny', messages: [] })
  using connection = await RawConnection.open(gateway.port)
  await connection.send(
    `POST /v1/chat/completions HTTP/1.0\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${key}\r\nexpect: 100-continue\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await connection.until((text) => text.includes('200 OK'))
  expect(connection.text).toMatch(/^HTTP\/1\.1 200 /)
})
