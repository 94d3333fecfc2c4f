import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { RawConnection } from '../support/raw.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { settled } from './turns.ts'

const opened = new AsyncDisposableStack()
let gateway: TestGateway
beforeAll(async () => {
  const upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  gateway = opened.use(await startTestGateway({ upstreams: [upstream.origin] }))
})
afterAll(() => opened.disposeAsync())

/** What comes of a request whose sender says at once that it will send no more, as `printf … | nc` does. */
async function halfClosed(text: string): Promise<string> {
  using connection = await RawConnection.open(gateway.port)
  connection.socket.end(text)
  return (await connection.untilClosed()).toString('latin1')
}

async function ask(text: string): Promise<string> {
  using connection = await RawConnection.open(gateway.port)
  await connection.send(text)
  return (await connection.untilClosed()).toString('latin1')
}

describe.each(['/healthz', '/readyz'])('%s', (path) => {
  test.each([
    ['a Host of its own', `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`],
    ['a foreign Host', `GET ${path} HTTP/1.1\r\nHost: pod.cluster.example:8080\r\nConnection: close\r\n\r\n`],
    ['a Host that is none', `GET ${path} HTTP/1.1\r\nHost: _\r\nConnection: close\r\n\r\n`],
    ['an empty Host', `GET ${path} HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n`],
    ['HTTP/1.0 without Host', `GET ${path} HTTP/1.0\r\n\r\n`],
    ['HTTP/1.0 with one', `GET ${path} HTTP/1.0\r\nHost: elsewhere.example\r\n\r\n`],
    ['HEAD', `HEAD ${path} HTTP/1.0\r\n\r\n`],
    ['a query', `GET ${path}?probe=1 HTTP/1.0\r\n\r\n`],
  ])('answers with %s, also one that is half closed', async (_, text) => {
    const before = (await gateway.rows()).length
    for (let times = 0; times < 20; times++) {
      expect(await halfClosed(text)).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n/)
    }
    const answer = await ask(text)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/)
    if (!text.startsWith('HEAD')) expect(answer).toMatch(/"status":"(ok|ready)"/)
    await settled(gateway)
    expect(await gateway.rows()).toHaveLength(before)
  })

  test('is refused with two Hosts, and with none in HTTP/1.1', async () => {
    expect(await ask(`GET ${path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    expect(await ask(`GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
  })
})

test('only who calls by a name of the gateway’s own is told which upstreams there are', async () => {
  const details = async (host: string) => (await ask(`GET /readyz HTTP/1.0\r\n${host}\r\n`)).includes('checkedAt')
  expect(await details('Host: 127.0.0.1\r\n')).toBe(true)
  // A page whose name was pointed here has no Origin when it reads its own.
  expect(await details('Host: evil.example\r\n')).toBe(false)
  expect(await details('')).toBe(false)
})

test.each(['/metrics', '/v1/models', '/'])('%s still asks for a Host of the gateway', async (path) => {
  const text = `GET ${path} HTTP/1.1\r\nHost: pod.cluster.example\r\nConnection: close\r\n\r\n`
  expect(await ask(text)).toMatch(/^HTTP\/1\.1 403 [\s\S]*'pod\.cluster\.example'/)
  expect(await ask(`GET ${path} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
})
