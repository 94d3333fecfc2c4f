import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { agentHello, dialRaw } from '../../../test/support/raw-tunnel-peer.ts'
import { openRelay } from '../../../test/support/test-relay.ts'
import { Secret } from '../../core/secret.ts'
import { pingFrame } from '../../protocol/frame-writer.ts'
import { AccessTokens } from './access-tokens.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: { readonly error?: string; readonly error_description?: string }
}

/** Asks to switch protocols as an agent would, with other headers where they are given. */
function knock(
  port: number,
  headers: Record<string, string | undefined>,
  { path = '/tunnel', method = 'GET' } = {},
): Promise<Answer> {
  const usual = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-protocol': 'punku.1',
  }
  const given = Object.entries({ ...usual, ...headers }).filter(([, value]) => value !== undefined)
  return new Promise((resolve, reject) => {
    const req = httpRequest({ port, host: '127.0.0.1', path, method, headers: Object.fromEntries(given) as never })
    req.on('upgrade', (res, socket) => {
      socket.destroy()
      resolve({ status: res.statusCode ?? 0, headers: res.headers, body: {} })
    })
    req.on('response', (res) => {
      let text = ''
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text === '' ? {} : JSON.parse(text) }),
      )
    })
    req.on('error', reject)
    req.end()
  })
}

test('a link is opened with a token, the subprotocol, and no compression', async () => {
  const relay = await openRelay()
  const authorization = `Bearer ${await relay.token(await relay.tunnel('gpu'))}`
  const answer = await knock(relay.port, {
    authorization,
    'sec-websocket-protocol': 'punku.9, punku.1',
    'sec-websocket-extensions': 'permessage-deflate',
  })
  expect(answer.status).toBe(101)
  expect(answer.headers['sec-websocket-protocol']).toBe('punku.1')
  expect(answer.headers['sec-websocket-extensions']).toBeUndefined()
  expect((await knock(relay.port, { authorization: authorization.replace('Bearer', 'bearer') })).status).toBe(101)
})

test('not with a token that is missing, wrong, or no longer good', async () => {
  const relay = await openRelay()
  const tunnel = await relay.tunnel('gpu')
  const old = await relay.token(tunnel)
  const forged = new AccessTokens({ pepper: new Secret('another'), clock: relay.clock })
  const { token: foreign } = await forged.issue(tunnel)
  const revoked = await relay.tunnel('revoked')
  const ofRevoked = await relay.token(revoked)
  await relay.state.tunnels.revoke(LOCAL, 'revoked')
  const rotated = await relay.tunnel('rotated')
  const ofRotated = await relay.token(rotated)
  await relay.state.tunnels.rotate(LOCAL, 'rotated')
  relay.clock.advance(900_000)
  const bad = ['', 'Basic abc', 'Bearer', 'Bearer a b', 'Bearer €'.replace('€', '\xff'), `Bearer ${'a'.repeat(5_000)}`]
  const all = [old, foreign.reveal(), ofRevoked, ofRotated, 'abc'].map((token) => `Bearer ${token}`)
  for (const authorization of [undefined, ...bad, ...all]) {
    const answer = await knock(relay.port, { authorization })
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token'])
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'www-authenticate': 'Bearer error="invalid_token"',
    })
  }
  expect((await knock(relay.port, { authorization: `Bearer ${await relay.token(tunnel)}` })).status).toBe(101)
})

test.each<[string, number, string, Record<string, string | undefined>]>([
  ['from a web page', 403, 'access_denied', { origin: 'https://evil.example' }],
  ['without a subprotocol', 400, 'invalid_request', { 'sec-websocket-protocol': undefined }],
  ['with an unknown one', 400, 'invalid_request', { 'sec-websocket-protocol': 'punku.2' }],
  ['of another kind', 400, 'invalid_request', { upgrade: 'h2c' }],
])('not %s', async (_, status, error, headers) => {
  const relay = await openRelay()
  const authorization = `Bearer ${await relay.token(await relay.tunnel('gpu'))}`
  const answer = await knock(relay.port, { authorization, ...headers })
  expect([answer.status, answer.body.error]).toEqual([status, error])
  expect((await knock(relay.port, { authorization })).status).toBe(101)
})

test('not by POST; other paths are for others', async () => {
  const relay = await openRelay()
  const authorization = `Bearer ${await relay.token(await relay.tunnel('gpu'))}`
  expect((await knock(relay.port, { authorization, 'content-length': '0' }, { method: 'POST' })).status).toBe(400)
  for (const path of ['/', '/tunnel/', '/tunnel?token=x', '/TUNNEL']) {
    expect((await knock(relay.port, { authorization }, { path })).status).toBe(404)
  }
})

test('not by a gateway that leaves', async () => {
  const relay = await openRelay()
  const authorization = `Bearer ${await relay.token(await relay.tunnel('gpu'))}`
  relay.relay.goAway()
  const answer = await knock(relay.port, { authorization })
  expect([answer.status, answer.body.error]).toEqual([503, 'temporarily_unavailable'])
})

test('also for a tunnel that was made a moment ago by another gateway on the same database', async () => {
  const one = await openRelay()
  const other = await openRelay({ home: one.home })
  const tunnel = await one.tunnel('gpu')
  expect(other.relay.status(tunnel.id)).toBeUndefined()
  const { link } = await other.join(tunnel, { token: await one.token(tunnel) })
  expect(other.relay.status(tunnel.id)?.state).toBe('connected')
  expect(link.isEnded).toBe(false)
})

test('waits for a HELLO, of only so many at a time', async () => {
  const relay = await openRelay()
  const [tunnel, other] = [await relay.tunnel('a'), await relay.tunnel('b')]
  const dial = async () => dialRaw(relay.port, { headers: { authorization: `Bearer ${await relay.token(tunnel)}` } })
  const silent = await Promise.all(Array.from({ length: 8 }, dial))
  await expect(dial()).rejects.toThrow('Unexpected server response: 429')
  await relay.join(other)
  silent[0]?.socket.terminate()
  silent[1]?.send(agentHello())
  await silent[1]?.first('hello')
  await expect
    .poll(() =>
      dial().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
})

test('not within ten seconds of a link that went beyond its limits', async () => {
  const relay = await openRelay()
  const tunnel = await relay.tunnel('gpu')
  const authorization = `Bearer ${await relay.token(tunnel)}`
  const peer = await dialRaw(relay.port, { headers: { authorization } })
  peer.send(agentHello())
  await peer.first('hello')
  peer.send(...Array.from({ length: 200 }, () => pingFrame(Buffer.alloc(8))))
  await expect.poll(() => relay.relay.status(tunnel.id)?.state).toBe('away')
  const answer = await knock(relay.port, { authorization })
  expect([answer.status, answer.headers['retry-after'], answer.body.error]).toEqual([
    429,
    '10',
    'temporarily_unavailable',
  ])
  relay.clock.advance(10_000)
  expect((await knock(relay.port, { authorization })).status).toBe(101)
  expect((await peer.closed).code).toBe(4013)
})
