import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { LOCAL } from '../../test/support/key-actors.ts'
import { openRelaySite } from '../../test/support/relay-site.ts'
import { type TokenAnswer, TokenGateway } from '../../test/support/token-gateway.ts'
import { Secret } from '../core/secret.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import { CredentialRefused } from '../http-client/gateway-error.ts'
import { RefreshTokenSource } from './access-token-keeper.ts'
import { PairingClient, type PairingProgress } from './pairing-client.ts'
import { type PairedCredential, TokenClient } from './token-client.ts'

const DEVICE = {
  body: {
    device_code: 'device-secret',
    user_code: '9KV-DU6',
    verification_uri: 'https://gateway.test/connect',
    expires_in: 60,
    interval: 5,
  },
}
const PAIRED = {
  body: {
    token_type: 'Bearer',
    access_token: 'access-secret',
    expires_in: 900,
    refresh_token: 'refresh-secret',
    tunnel_id: 'tun_0123456789ab',
    label: 'box',
  },
}
const refusal = (error: string): TokenAnswer => ({ status: 400, body: { error } })
const PENDING = refusal('authorization_pending')

let gateway: TokenGateway
let clock: ManualClock
let client: PairingClient
let progress: PairingProgress[]
let leaving: AbortController

beforeEach(async () => {
  gateway = await TokenGateway.start()
  clock = new ManualClock()
  // Requests have a clock of their own: what waits on the test's is the wait for the next poll and nothing else.
  const tokens = new TokenClient({ address: new GatewayAddress({ url: gateway.url }), clock: new ManualClock() })
  client = new PairingClient({ tokens, clock })
  progress = []
  leaving = new AbortController()
})
afterEach(() => gateway[Symbol.asyncDispose]())

/** Starts a pairing by code; resolves with its outcome once the code is shown. */
async function begin(...answers: readonly TokenAnswer[]): Promise<{ readonly outcome: Promise<unknown> }> {
  gateway.answers = [DEVICE, ...answers]
  const shown = Promise.withResolvers<void>()
  const pairing = client.pairByCode(
    { label: 'box' },
    (step) => {
      progress.push(step)
      shown.resolve()
    },
    leaving.signal,
  )
  const outcome = pairing.catch((thrown: unknown) => thrown)
  await shown.promise
  await quiet(1)
  return { outcome }
}

const polls = () => gateway.received.filter(({ url }) => url === '/tunnel/token').length

/** Until the client waits for its next poll (1), or no more (0). */
async function quiet(timers: number): Promise<void> {
  await expect.poll(() => clock.pendingTimers).toBe(timers)
}

/** Lets time pass until the next poll, and that be answered. */
async function poll(afterMs: number): Promise<void> {
  const before = polls()
  clock.advance(afterMs - 1)
  expect(clock.pendingTimers).toBe(1)
  clock.advance(1)
  await expect.poll(polls).toBe(before + 1)
}

test('shows the code, asks at every interval, and has the credential once it is confirmed', async () => {
  const { outcome } = await begin(PENDING, PENDING, PAIRED)
  expect(progress).toMatchObject([{ step: 'code', answer: { userCode: '9KV-DU6', expiresInMs: 60_000 } }])
  expect(JSON.stringify(progress)).not.toContain('secret')
  for (let i = 0; i < 3; i++) {
    await poll(5_000)
    await quiet(i < 2 ? 1 : 0)
  }
  const paired = (await outcome) as PairedCredential
  expect(paired.refreshToken.reveal()).toBe('refresh-secret')
  expect(paired.tunnel).toEqual({ id: 'tun_0123456789ab', label: 'box' })
})

test('asks five seconds less often, from then on, when told to slow down', async () => {
  const { outcome } = await begin(refusal('slow_down'), PENDING, refusal('slow_down'), PAIRED)
  for (const intervalMs of [5_000, 10_000, 10_000, 15_000]) {
    await poll(intervalMs)
    await quiet(intervalMs < 15_000 ? 1 : 0)
  }
  expect(await outcome).toMatchObject({ tunnel: { label: 'box' } })
})

test('asks again when the gateway was away', async () => {
  const { outcome } = await begin({ isCut: true }, { status: 502, body: '' }, PAIRED)
  for (let i = 0; i < 3; i++) {
    await poll(5_000)
    await quiet(i < 2 ? 1 : 0)
  }
  expect(await outcome).toMatchObject({ tunnel: { label: 'box' } })
  expect(progress.map(({ step }) => step)).toEqual(['code', 'retrying', 'retrying'])
})

test.each([
  ['access_denied', 'denied'],
  ['expired_token', 'expired'],
  ['invalid_grant', 'used'],
  ['invalid_client', 'invalid_client'],
])('%s is the end of it (%s)', async (error, code) => {
  const { outcome } = await begin(PENDING, refusal(error))
  await poll(5_000)
  await quiet(1)
  await poll(5_000)
  expect(await outcome).toMatchObject({ code })
})

test('gives up when the code has run out, whatever the gateway says', async () => {
  const { outcome } = await begin({ ...PENDING })
  for (let i = 0; i < 11; i++) {
    await poll(5_000)
    await quiet(1)
  }
  clock.advance(5_000)
  expect(await outcome).toMatchObject({ code: 'expired' })
  expect(polls()).toBe(11)
})

test('can be cancelled, while it waits and while it asks', async () => {
  const waiting = await begin(PENDING)
  leaving.abort()
  expect(await waiting.outcome).toMatchObject({ code: 'cancelled' })
  leaving = new AbortController()
  const asking = await begin({ isSilent: true })
  clock.advance(5_000)
  await expect.poll(polls).toBe(1)
  leaving.abort()
  expect(await asking.outcome).toMatchObject({ code: 'cancelled' })
  expect(progress.map(({ step }) => step)).toEqual(['code', 'code'])
  expect(clock.pendingTimers).toBe(0)
})

test('a refusal to start is told as it is', async () => {
  gateway.answers = [{ status: 400, body: { error: 'invalid_request', error_description: 'Not such a label.' } }]
  const pairing = client.pairByCode({ label: '/' }, () => {})
  await expect(pairing).rejects.toMatchObject({ code: 'invalid_request', message: 'Not such a label.' })
})

test('a one-time token is exchanged at once', async () => {
  gateway.answers = [PAIRED, refusal('invalid_grant'), refusal('expired_token')]
  const redeem = () => client.pairByToken(new Secret('pt_secret'))
  expect((await redeem()).tunnel.id).toBe('tun_0123456789ab')
  expect(gateway.received[0]?.fields['device_code']).toBe('pt_secret')
  await expect(redeem()).rejects.toMatchObject({ code: 'used' })
  await expect(redeem()).rejects.toMatchObject({ code: 'expired' })
})

test("works with the gateway's own site, from the code to the end of the credential", async () => {
  const site = await openRelaySite()
  const tokens = new TokenClient({ address: new GatewayAddress({ url: site.url }), clock: new ManualClock() })
  const shown = Promise.withResolvers<string>()
  const pairing = new PairingClient({ tokens, clock }).pairByCode(
    { label: 'box', machine: 'ann', platform: 'linux' },
    (step) => step.step === 'code' && shown.resolve(step.answer.userCode),
  )
  const userCode = await shown.promise
  await site.pairings.approve(LOCAL, { userCode })
  await quiet(1)
  clock.advance(5_000)
  const { refreshToken, tunnel } = await pairing
  expect(tunnel.label).toBe('box')
  const source = new RefreshTokenSource({ client: tokens, refreshToken })
  expect((await source.accessToken()).expiresInMs).toBe(900_000)
  await site.tunnels.revoke(LOCAL, tunnel.id)
  await expect(source.accessToken()).rejects.toBeInstanceOf(CredentialRefused)
})
