import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawConnection } from '../support/raw.ts'
import { requestText } from './client.ts'
import { caseOf, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled } from './turns.ts'

const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround())
})
afterAll(() => opened.disposeAsync())

/** Sends the head alone, as a client that waits for leave to send its body (RFC 9110 §10.1.1). */
async function askFirst(key: string | undefined) {
  const of = caseOf('ollama-chat')
  const text = requestText({ url: ground.gateway.url, key, ...of, extraHead: 'expect: 100-continue\r\n' })
  const headEnd = text.indexOf('\r\n\r\n') + 4
  const client = await RawConnection.open(ground.gateway.port)
  await client.send(text.slice(0, headEnd))
  return { of, client, body: text.slice(headEnd) }
}

test('a client that asks first is told to go on', async () => {
  const { of, client, body } = await askFirst(ground.key)
  expect(await client.until((text) => text.endsWith('\r\n\r\n'))).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  await client.send(body)
  expect(await client.until((text) => text.includes(of.terminator))).toContain('HTTP/1.1 200 OK')
  client.socket.destroy()
})

test('an upload that asks first is told to go on', async () => {
  const client = await RawConnection.open(ground.gateway.port)
  const path = `/api/blobs/sha256:${'a'.repeat(64)}`
  await client.send(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${ground.key}\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`,
  )
  await client.until((text) => text.startsWith('HTTP/1.1 100 Continue'))
  await client.send('bytes')
  await client.until((text) => text.includes('HTTP/1.1 201'))
  const [upload] = ground.upstreamOf(caseOf('ollama-chat')).requests.filter((request) => request.path === path)
  expect(upload?.body.toString()).toBe('bytes')
  client.socket.destroy()
})

test('a client that is refused is not asked for its body', async () => {
  const { client } = await askFirst(undefined)
  const text = await client.until((received) => received.includes('Send one key as'))
  expect(text).toMatch(/^HTTP\/1\.1 401 /)
  // Whether it sends its body all the same is its own to say: what came next could be that, or another request.
  expect(text).toContain('\r\nconnection: close\r\n')
  await client.send('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  await client.untilClosed()
  expect(client.text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  await settled(ground.gateway)
})
