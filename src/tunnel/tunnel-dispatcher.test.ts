import { fetch, request } from 'undici'
import { expect, test } from 'vitest'
import { startTunnelPair } from '../../test/support/tunnel-pair.ts'
import type { TunnelStream } from './stream.ts'

function echo(stream: TunnelStream): void {
  stream.respond({ status: 200, fields: ['content-type', 'text/plain', 'x-two', 'a', 'x-two', 'b'] }, false)
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

test('fetch works over it, with bodies both ways', async () => {
  await using pair = await startTunnelPair({ onStream: echo })
  await pair.connect()
  const answer = await fetch('http://upstream.invalid/api/chat?x=1', {
    dispatcher: pair.dispatcher,
    method: 'POST',
    body: 'hello',
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-two')).toBe('a, b')
  expect(await answer.text()).toBe('hello')
})

test('a body larger than every window comes whole', async () => {
  await using pair = await startTunnelPair({ onStream: echo })
  await pair.connect()
  const body = Buffer.alloc(40_000_000, 'abcdefg')
  const { body: answer } = await request('http://upstream.invalid/x', {
    dispatcher: pair.dispatcher,
    method: 'POST',
    body,
  })
  expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
  await expect.poll(() => pair.gateway.session.liveStreams).toBe(0)
  expect(pair.agent.session.liveStreams).toBe(0)
})
