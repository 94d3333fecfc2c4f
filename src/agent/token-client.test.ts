import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { ConnectProxy } from '../../test/support/connect-proxy.ts'
import { GATEWAY_CERTIFICATE } from '../../test/support/gateway-certificate.ts'
import { RawServer } from '../../test/support/raw-server.ts'
import { TokenGateway } from '../../test/support/token-gateway.ts'
import { Secret } from '../core/secret.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import { CredentialRefused, GatewayError } from '../http-client/gateway-error.ts'
import { RefreshTokenSource, type RefreshTokenSourceOptions } from './access-token-keeper.ts'
import { TokenClient, TokenRefused } from './token-client.ts'

const ACCESS = { token_type: 'Bearer', access_token: 'access-secret', expires_in: 900 }
const PAIRED = { ...ACCESS, refresh_token: 'refresh-secret', tunnel_id: 'tun_0123456789ab', label: 'box' }
const DEVICE = {
  device_code: 'device-secret',
  user_code: '9KV-DU6',
  verification_uri: 'https://gateway.test/connect',
  verification_uri_complete: 'https://gateway.test/connect?code=9KV-DU6',
  expires_in: 600,
  interval: 5,
}

let gateway: TokenGateway
let clock: ManualClock
let client: TokenClient

beforeEach(async () => {
  gateway = await TokenGateway.start()
  clock = new ManualClock()
  client = clientOf(gateway.url)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await gateway[Symbol.asyncDispose]()
})

function clientOf(url: string, extraCa?: string): TokenClient {
  return new TokenClient({ address: new GatewayAddress({ url, ...(extraCa === undefined ? {} : { extraCa }) }), clock })
}

const refresh = (signal?: AbortSignal) => client.refresh(new Secret('refresh-secret'), signal)

/** What a call fails with; no token in it. */
async function failure(call: Promise<unknown>): Promise<GatewayError | TokenRefused> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof GatewayError) && !(error instanceof TokenRefused)) throw error ?? new Error('it did not fail')
  expect(`${error.message} ${error.stack}`).not.toMatch(/-secret|127\.0\.0\.1/)
  return error
}

describe('asks', () => {
  test('for a code, and says who asks', async () => {
    gateway.answers = [{ body: { ...DEVICE, more: 1 } }]
    const { deviceCode, ...answer } = await client.startPairing({ label: 'box', machine: 'ann', platform: '' })
    expect(deviceCode.reveal()).toBe('device-secret')
    expect(answer).toEqual({
      userCode: '9KV-DU6',
      verificationUrl: DEVICE.verification_uri,
      verificationUrlComplete: DEVICE.verification_uri_complete,
      expiresInMs: 600_000,
      intervalMs: 5_000,
    })
    expect(gateway.received).toMatchObject([
      {
        url: '/tunnel/device',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        fields: { client_id: 'punku-agent', label: 'box', machine: 'ann', software: expect.stringMatching(/^punku\//) },
      },
    ])
    expect(gateway.received[0]?.fields).not.toHaveProperty('platform')
  })

  test('for a code, and takes the default where the gateway leaves things out', async () => {
    const { interval, verification_uri_complete, ...least } = DEVICE
    gateway.answers = [{ body: least }]
    const answer = await client.startPairing({})
    expect(answer.intervalMs).toBe(5_000)
    expect(answer.verificationUrlComplete).toBe(DEVICE.verification_uri)
  })

  test('for the credential of a code', async () => {
    gateway.answers = [{ body: PAIRED }]
    const paired = await client.redeem(new Secret('device-secret'))
    expect(paired.refreshToken.reveal()).toBe('refresh-secret')
    expect(paired.access.token.reveal()).toBe('access-secret')
    expect(paired.tunnel).toEqual({ id: 'tun_0123456789ab', label: 'box' })
    expect(gateway.received).toMatchObject([
      {
        url: '/tunnel/token',
        fields: {
          client_id: 'punku-agent',
          grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
          device_code: 'device-secret',
        },
      },
    ])
  })

  test('for an access token, with the refresh token in the body alone', async () => {
    gateway.answers = [{ body: ACCESS }]
    const { access, refreshToken } = await refresh()
    expect([access.token.reveal(), access.expiresInMs]).toEqual(['access-secret', 900_000])
    // A gateway of before replaces none.
    expect(refreshToken).toBeUndefined()
    expect(gateway.received[0]?.fields).toEqual({
      client_id: 'punku-agent',
      grant_type: 'refresh_token',
      refresh_token: 'refresh-secret',
      keeps_new: 'true',
    })
    expect(JSON.stringify([gateway.received[0]?.url, gateway.received[0]?.headers])).not.toContain('secret')
    expect(clock.pendingTimers).toBe(0)
  })

  test('over TLS and through the proxy of the network', async () => {
    await using tls = await TokenGateway.start({ isTls: true })
    await using proxy = await ConnectProxy.start()
    tls.answers = [{ body: ACCESS }]
    vi.stubEnv('https_proxy', `http://${proxy.authority}`)
    await clientOf(`https://gateway.test:${tls.port}`, GATEWAY_CERTIFICATE).refresh(new Secret('refresh-secret'))
    expect(proxy.asked).toEqual([`gateway.test:${tls.port}`])
    const untrusted = clientOf(`https://gateway.test:${tls.port}`).refresh(new Secret('refresh-secret'))
    expect((await failure(untrusted)).code).toBe('untrusted')
    expect(tls.received).toHaveLength(1)
  })

  test('and tells the refusal of a proxy from one of the gateway', async () => {
    await using proxy = await ConnectProxy.start({ status: 400 })
    vi.stubEnv('https_proxy', `http://${proxy.authority}`)
    const call = clientOf('https://gateway.test').refresh(new Secret('refresh-secret'))
    expect(await failure(call)).toMatchObject({ code: 'proxy', status: 400 })
  })
})

describe('is refused', () => {
  test.each([
    'authorization_pending',
    'slow_down',
    'access_denied',
    'expired_token',
    'invalid_grant',
    'invalid_request',
    'unsupported_grant_type',
    'invalid_client',
  ])('with %s', async (error) => {
    gateway.answers = [{ status: 400, body: { error, error_description: 'why\u001b[2J so' } }]
    const refused = await failure(refresh())
    expect(refused).toBeInstanceOf(TokenRefused)
    expect(refused).toMatchObject({ code: error, message: 'why[2J so' })
  })

  test.each([
    [200, { error: 'invalid_grant' }, 'invalid'],
    [400, { error: 'something_new' }, 'rejected'],
    [400, '<html>invalid_grant</html>', 'rejected'],
    [403, { error: 'invalid_grant' }, 'rejected'],
    [404, 'not here', 'rejected'],
    [429, { error: 'pairing_limited', error_description: 'Wait.' }, 'rejected'],
    [500, { error: 'invalid_grant' }, 'rejected'],
    [503, '', 'rejected'],
  ])('by something else: %i %j', async (status, body, code) => {
    gateway.answers = [{ status, body }]
    const error = await failure(refresh())
    expect(error).toBeInstanceOf(GatewayError)
    expect(error.code).toBe(code)
  })

  test('by a redirect, which is not followed', async () => {
    await using elsewhere = await TokenGateway.start()
    gateway.answers = [{ status: 307, headers: { location: `${elsewhere.url}/tunnel/token` } }]
    expect(await failure(refresh())).toMatchObject({ code: 'rejected', status: 307 })
    expect(elsewhere.received).toEqual([])
  })
})

describe('takes no answer that', () => {
  test.each([
    ['is no JSON', 'x'],
    ['is a list', []],
    ['has no token', { ...ACCESS, access_token: undefined }],
    ['has an empty token', { ...ACCESS, access_token: '' }],
    ['has a token that would end a header', { ...ACCESS, access_token: 'a\r\nb' }],
    ['has a token of another type', { ...ACCESS, token_type: 'mac' }],
    ['has an endless token', { ...ACCESS, access_token: 'x'.repeat(4_097) }],
    ['has no life', { ...ACCESS, expires_in: 0 }],
    ['has a life in words', { ...ACCESS, expires_in: '900' }],
  ])('%s', async (_, body) => {
    gateway.answers = [{ body }]
    expect((await failure(refresh())).code).toBe('invalid')
  })

  test.each([
    ['javascript:alert(1)', {}],
    ['file:///etc/passwd', {}],
    ['https://gateway.test/\u001b[2J', {}],
    ['https://gateway.test/connect', { user_code: '\u001b[2J' }],
    ['https://gateway.test/connect', { user_code: 'x'.repeat(33) }],
    ['https://gateway.test/connect', { expires_in: -1 }],
  ])('would have us open %j or show %j', async (page, more) => {
    gateway.answers = [{ body: { ...DEVICE, verification_uri: page, ...more } }]
    expect((await failure(client.startPairing({}))).code).toBe('invalid')
    gateway.answers = [{ body: { ...DEVICE, verification_uri_complete: page, ...more } }]
    expect((await failure(client.startPairing({}))).code).toBe('invalid')
  })

  test('has no end', async () => {
    gateway.answers = [{ body: { ...ACCESS, more: 'x'.repeat(100_000) } }]
    expect((await failure(refresh())).code).toBe('invalid')
  })

  test('comes too late', async () => {
    gateway.answers = [{ isSilent: true }]
    const call = failure(refresh())
    await expect.poll(() => gateway.received).toHaveLength(1)
    clock.advance(15_000)
    expect((await call).code).toBe('unreachable')
    expect(clock.pendingTimers).toBe(0)
  })

  test('is cut off', async () => {
    gateway.answers = [{ isCut: true }]
    expect((await failure(refresh())).code).toBe('unreachable')
    await using server = await RawServer.start(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{')
      connection.end()
    })
    client = clientOf(`http://127.0.0.1:${server.port}`)
    expect((await failure(refresh())).code).toBe('unreachable')
  })

  test('nobody waits for any more', async () => {
    gateway.answers = [{ isSilent: true }]
    const leaving = new AbortController()
    const call = failure(refresh(leaving.signal))
    await expect.poll(() => gateway.received).toHaveLength(1)
    leaving.abort()
    expect((await call).code).toBe('unreachable')
    expect((await failure(refresh(leaving.signal))).code).toBe('unreachable')
    expect(gateway.received).toHaveLength(1)
  })
})

describe('a source of access tokens', () => {
  const sourceOf = (given: Partial<RefreshTokenSourceOptions> = {}) =>
    new RefreshTokenSource({ client, refreshToken: new Secret('refresh-secret'), ...given })
  const ask = () => sourceOf().accessToken()
  const presented = () => gateway.received.map(({ fields }) => fields['refresh_token'])
  const answers = (...tokens: string[]) => tokens.map((refresh_token) => ({ body: { ...ACCESS, refresh_token } }))

  test('keeps each new refresh token before it is used', async () => {
    gateway.answers = answers('second-secret', 'third-secret')
    const kept: string[] = []
    const source = sourceOf({ keep: (token, old) => void kept.push(`${old.reveal()} ${token.reveal()}`) })
    await source.accessToken()
    expect(kept).toEqual(['refresh-secret second-secret'])
    await source.accessToken()
    expect(kept[1]).toBe('second-secret third-secret')
    expect(presented()).toEqual(['refresh-secret', 'second-secret'])
  })

  test('goes on with the old one where the new one cannot be kept', async () => {
    gateway.answers = answers('second-secret', 'third-secret')
    const unkept: unknown[] = []
    const keep = () => {
      throw new Error('no space left')
    }
    const source = sourceOf({ keep, onUnkept: (error) => unkept.push(error) })
    expect((await source.accessToken()).token.reveal()).toBe('access-secret')
    await source.accessToken()
    expect(presented()).toEqual(['refresh-secret', 'refresh-secret'])
    expect(unkept).toHaveLength(2)
  })

  test('is at its end when the refresh token is no good', async () => {
    gateway.answers = [{ status: 400, body: { error: 'invalid_grant' } }]
    await expect(ask()).rejects.toBeInstanceOf(CredentialRefused)
  })

  test.each([
    { status: 400, body: { error: 'invalid_request' } },
    { status: 401, body: 'invalid_grant' },
    { status: 500, body: { error: 'invalid_grant' } },
    { isCut: true },
  ])('is not for anything else: %j', async (answer) => {
    gateway.answers = [answer]
    const error: unknown = await ask().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(CredentialRefused)
  })
})
