import { setImmediate as nextTurn } from 'node:timers/promises'
import { pino } from 'pino'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JumpingClock } from '../../test/support/jumping-clock.ts'
import { type AcceptedLink, LinkGateway } from '../../test/support/link-gateway.ts'
import { Mailbox } from '../../test/support/scripted/mailbox.ts'
import { frames, hold, rest } from '../../test/support/scripted/steps.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../test/support/scripted-upstream.ts'
import { Secret } from '../core/secret.ts'
import { GatewayAddress } from '../http-client/gateway-address.ts'
import { CredentialRefused } from '../http-client/gateway-error.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import { Agent, type AgentOptions } from './agent.ts'
import type { AgentEvent } from './agent-events.ts'

let opened: AsyncDisposableStack
let clock: JumpingClock
let gateway: LinkGateway
let upstream: ScriptedUpstream
let agent: Agent
let events: Mailbox<AgentEvent>
let seen: string[]
let logged: string[]
/** What the source of access tokens rejects with. */
let refusal: Error | undefined
/** Until it is settled no access token is given. */
let renewal: PromiseWithResolvers<void> | undefined
let issued: number
let interfaces: NonNullable<AgentOptions['interfaces']>

beforeEach(async () => {
  opened = new AsyncDisposableStack()
  clock = new JumpingClock()
  clock.random = () => 0
  gateway = opened.use(await LinkGateway.start())
  upstream = opened.use(await startScriptedUpstream({ server: 'ollama' }))
  refusal = undefined
  renewal = undefined
  issued = 0
  interfaces = () => ({})
  agent = newAgent()
})
afterEach(async () => {
  await cutNow()
  await opened.disposeAsync()
  await expect.poll(() => clock.pendingTimers).toBe(0)
  expect(logged).toEqual([])
})

function newAgent(more: Partial<AgentOptions> = {}): Agent {
  events = new Mailbox()
  seen = []
  logged = []
  const dispatcher = opened.use(new HttpDispatcher({ origin: upstream.origin, clock, keepAliveMs: 0 }))
  return new Agent({
    address: new GatewayAddress({ url: gateway.url }),
    tokens: {
      async accessToken() {
        if (refusal !== undefined) throw refusal
        await renewal?.promise
        return { token: new Secret(`token-${++issued}`), expiresInMs: 900_000 }
      },
    },
    local: { origin: upstream.origin, basePath: '', dispatcher },
    rules: {},
    machine: { name: 'ann', platform: 'linux', arch: 'x64' },
    clock,
    log: pino({}, { write: (line: string) => void logged.push(line) }),
    interfaces: () => interfaces(),
    onEvent(event) {
      seen.push(event.type)
      events.put(event)
    },
    ...more,
  })
}

/** Stops the agent without letting anything end. */
function cutNow(): ReturnType<Agent['stop']> {
  const done = agent.stop(0)
  clock.advance(0)
  return done
}

/** The oldest event of that type that was not taken yet. */
async function next<Type extends AgentEvent['type']>(type: Type): Promise<Extract<AgentEvent, { type: Type }>> {
  return (await events.take((event) => event.type === type)) as Extract<AgentEvent, { type: Type }>
}

/** Starts the agent; resolves with its first link. */
async function connected(): Promise<AcceptedLink> {
  agent.start()
  const link = await gateway.nextLink()
  await next('connected')
  return link
}

/** Asks the model server, through the newest link; resolves with the answer once its head has come. */
async function ask(): Promise<{ readonly text: Promise<string> }> {
  const answer = await request('http://upstream.invalid/api/chat', {
    dispatcher: gateway.dispatcher,
    method: 'POST',
    body: JSON.stringify({ model: 'tiny' }),
    headers: { 'content-type': 'application/json' },
  })
  const text = answer.body.text()
  text.catch(() => {})
  return { text }
}

/** A request whose answer has begun and goes on when it is released. */
async function runningRequest() {
  upstream.behave([frames(1), hold, rest])
  const [{ text }, received] = await Promise.all([ask(), upstream.nextRequest()])
  return { text, received }
}

const WHOLE = /"done":true/

/** Lets the next attempt begin. */
async function afterWait(): Promise<Extract<AgentEvent, { type: 'lost' }>> {
  const lost = await next('lost')
  clock.advance(lost.retryInMs)
  return lost
}

/** Moves time on in small steps, so that heartbeats are answered on the way. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000))
    for (let turn = 0; turn < 20; turn++) await nextTurn()
  }
}

describe('a link', () => {
  test('carries requests to the model server', async () => {
    const link = await connected()
    expect(link.token).toBe('token-1')
    expect(link.hello).toMatchObject({ streams: 64, machine: { name: 'ann' }, capabilities: ['http', 'resume'] })
    expect(await (await ask()).text).toMatch(WHOLE)
    expect(await next('request')).toMatchObject({ route: 'POST /api/chat', model: 'tiny', status: 200 })
    expect(seen).toEqual(['connecting', 'connected', 'request'])
    await expect.poll(() => agent.status.roundTripMs).toBe(0)
    expect(agent.status).toMatchObject({
      state: 'connected',
      since: clock.now(),
      gateway: gateway.url,
      tunnel: { id: 'tun_test', label: 'box' },
      streams: 0,
      lastError: undefined,
    })
  })

  test('that breaks is opened again, and running answers go on', async () => {
    await connected()
    const { text, received } = await runningRequest()
    gateway.cut()
    expect(await afterWait()).toMatchObject({ reason: 'lost', retryInMs: 500 })
    expect((await gateway.nextLink()).isResumed).toBe(true)
    expect(await next('connected')).toMatchObject({ isResumed: true })
    received.release()
    expect(await text).toMatch(WHOLE)
    expect(upstream.requests).toHaveLength(1)
    // The token is still good: no other was asked for.
    expect(issued).toBe(1)
  })

  test('that nobody resumes in time leaves no work behind', async () => {
    await connected()
    const { received } = await runningRequest()
    gateway.refuses = () => 503
    gateway.cut()
    await afterWait()
    await next('lost')
    clock.advance(29_499)
    expect(agent.status.streams).toBe(1)
    clock.advance(1)
    expect(agent.status.streams).toBe(0)
    expect((await received.ended).how).toBe('abandoned')
  })

  test('whose session the gateway has forgotten begins anew', async () => {
    const { session } = await connected()
    const { received } = await runningRequest()
    session.end('forgotten')
    gateway.cut()
    await afterWait()
    expect((await gateway.nextLink()).isResumed).toBe(false)
    expect((await received.ended).how).toBe('abandoned')
    expect(await (await ask()).text).toMatch(WHOLE)
  })

  test.each(['protocol_error', 'limit_exceeded', 'done', 'restarting'] as const)(
    'that ends as %s takes its work along',
    async (reason) => {
      const { link } = await connected()
      const { received } = await runningRequest()
      link.close(reason, 'so it is')
      expect((await received.ended).how).toBe('abandoned')
      const lost = await afterWait()
      expect(lost).toMatchObject({ reason, text: expect.stringMatching(/so it is|restarts/) })
      expect((await gateway.nextLink()).hello.resume).toBeUndefined()
    },
  )

  test.each(['token_expired', 'heartbeat_missed'] as const)('that ends as %s is resumed', async (reason) => {
    const { link } = await connected()
    const { text, received } = await runningRequest()
    link.close(reason, '')
    expect((await afterWait()).reason).toBe(reason)
    expect((await gateway.nextLink()).isResumed).toBe(true)
    received.release()
    expect(await text).toMatch(WHOLE)
  })

  test('that falls silent is given up after two heartbeats', async () => {
    const { socket } = await connected()
    socket.pause()
    clock.advance(30_000)
    expect((await next('lost')).reason).toBe('heartbeat_missed')
  })

  test("shows nothing of the gateway's that could move a cursor", async () => {
    gateway.label = 'a\u001b[2Jb\u202e'
    agent.start()
    expect((await next('connected')).tunnel.label).toBe('a[2Jb')
    expect(agent.status.tunnel?.label).toBe('a[2Jb')
  })
})

describe('back-off', () => {
  test('doubles while no link can be had, and tells when it tries next', async () => {
    gateway.refuses = () => 503
    agent.start()
    for (const retryInMs of [500, 1_000, 2_000, 2_000, 2_000]) {
      const lost = await next('lost')
      expect(lost).toMatchObject({ reason: 'rejected', retryInMs })
      expect(agent.status).toMatchObject({
        state: 'waiting',
        retryAt: clock.now() + retryInMs,
        lastError: { at: clock.now(), text: lost.text },
      })
      const { upgrades } = gateway
      clock.advance(retryInMs - 1)
      await nextTurn()
      expect(gateway.upgrades).toBe(upgrades)
      clock.advance(1)
    }
  })

  test.each([
    [4_000, 2_000],
    [5_000, 500],
  ])('after a link that held for %i ms is %i ms', async (heldMs, retryInMs) => {
    gateway.refuses = () => 503
    agent.start()
    await afterWait()
    const { retryInMs: waitMs } = await next('lost')
    gateway.refuses = undefined
    clock.advance(waitMs)
    await gateway.nextLink()
    await next('connected')
    await pass(heldMs)
    gateway.cut()
    expect(await next('lost')).toMatchObject({ reason: 'lost', retryInMs })
  })

  test('grows on after 5 minutes without a gateway', async () => {
    gateway.refuses = () => 503
    agent.start()
    let { retryInMs } = await afterWait()
    while (retryInMs <= 2_000) ({ retryInMs } = await afterWait())
    expect(retryInMs).toBe(4_000)
    expect(clock.elapsed()).toBeGreaterThan(300_000)
    expect((await afterWait()).retryInMs).toBe(8_000)
  })

  test('stays short for longer than that while there is a session to resume', async () => {
    gateway.resumeWindowMs = 3_600_000
    await connected()
    gateway.refuses = () => 503
    gateway.cut()
    while (clock.elapsed() < 310_000) expect((await afterWait()).retryInMs).toBeLessThanOrEqual(2_000)
    const { retryInMs } = await next('lost')
    gateway.refuses = undefined
    clock.advance(retryInMs)
    expect((await gateway.nextLink()).isResumed).toBe(true)
  })

  test('is as long as the gateway asks for', async () => {
    gateway.refuses = () => 503
    gateway.retryAfter = '17'
    agent.start()
    expect((await afterWait()).retryInMs).toBe(17_000)
    gateway.retryAfter = 'Sun, 06 Nov 1994 08:49:37 GMT'
    expect((await afterWait()).retryInMs).toBe(1_000)
  })
})

describe('an access token', () => {
  test('that the gateway does not take is replaced once, at once', async () => {
    gateway.refuses = (token) => (token === 'token-1' ? 401 : undefined)
    expect((await connected()).token).toBe('token-2')
    expect(seen).toEqual(['connecting', 'connected'])
  })

  test('that it never takes is not asked for in a circle', async () => {
    gateway.refuses = () => 401
    agent.start()
    expect(await afterWait()).toMatchObject({ reason: 'unauthorized', retryInMs: 500 })
    expect([issued, gateway.upgrades]).toEqual([2, 2])
    await afterWait()
    expect([issued, gateway.upgrades]).toEqual([4, 4])
  })

  test('is renewed before it runs out, over the link that stands', async () => {
    gateway.tokenExpiresInMs = 30_000
    const link = await connected()
    await pass(19_000)
    expect(link.newTokens).toEqual([])
    await pass(1_000)
    await expect.poll(() => link.newTokens).toEqual(['token-2'])
    expect(link.link.isEnded).toBe(false)
  })

  test('that has run out is not shown again', async () => {
    const { link } = await connected()
    link.close('token_expired', '')
    await afterWait()
    expect((await gateway.nextLink()).token).toBe('token-2')
    expect(gateway.upgrades).toBe(2)
  })

  test('that cannot be renewed now is asked for again later', async () => {
    gateway.tokenExpiresInMs = 30_000
    const link = await connected()
    refusal = new Error('away')
    await pass(20_000)
    expect(agent.status.lastError?.text).toMatch(/log/)
    refusal = undefined
    await pass(10_000)
    await expect.poll(() => link.newTokens).toEqual(['token-2'])
    logged = []
  })
})

describe('stops for good', () => {
  const stopped = async (reason: string) => {
    const stop = await agent.done
    expect(stop.reason).toBe(reason)
    expect(stop.text).toMatch(/\bso the agent has stopped\.$|^This agent has stopped, .*\.$/)
    expect(await next('stopped')).toMatchObject(stop)
    expect(agent.status).toMatchObject({ state: 'stopped', streams: 0, lastError: { text: stop.text } })
    const { upgrades } = gateway
    clock.advance(120_000)
    await nextTurn()
    expect(gateway.upgrades).toBe(upgrades)
  }

  test.each(['revoked', 'replaced'] as const)('when its link is %s, and ends its work', async (reason) => {
    const { link } = await connected()
    const { received } = await runningRequest()
    link.close(reason, '')
    await stopped(reason)
    expect((await received.ended).how).toBe('abandoned')
  })

  test('when its credential is refused before a first link', async () => {
    refusal = new CredentialRefused('no')
    agent.start()
    await stopped('revoked')
    expect(gateway.upgrades).toBe(0)
  })

  test('when its credential is refused as it renews its token, and ends its work', async () => {
    gateway.tokenExpiresInMs = 30_000
    const link = await connected()
    const { received } = await runningRequest()
    refusal = new CredentialRefused('no')
    await pass(20_000)
    await stopped('revoked')
    expect((await received.ended).how).toBe('abandoned')
    expect(await link.link.ended).toMatchObject({ reason: 'done' })
  })

  test('when its credential is refused after the link was lost meanwhile', async () => {
    gateway.tokenExpiresInMs = 30_000
    await connected()
    renewal = Promise.withResolvers()
    await pass(20_000)
    gateway.cut()
    await next('lost')
    renewal.reject(new CredentialRefused('no'))
    await stopped('revoked')
  })

  test('when the gateway says so as it is asked to resume', async () => {
    await connected()
    gateway.cut()
    refusal = new CredentialRefused('no')
    gateway.refuses = () => 401
    await afterWait()
    await stopped('revoked')
  })
})

describe('told to go away', () => {
  test('opens the next link first, and ends the old one with its last stream', async () => {
    const old = await connected()
    const { text, received } = await runningRequest()
    old.link.goAway('restart', 'new version')
    expect(await next('goAway')).toMatchObject({ text: 'new version' })
    const fresh = await gateway.nextLink()
    expect(fresh.hello.resume).toBeUndefined()
    expect(fresh.hello.instance).toBe(old.hello.instance)
    await next('connected')
    expect(await (await ask()).text).toMatch(WHOLE)
    expect(old.link.isEnded).toBe(false)
    received.release()
    expect(await text).toMatch(WHOLE)
    expect(await old.link.ended).toMatchObject({ reason: 'done' })
    expect(fresh.link.isEnded).toBe(false)
    expect(seen).not.toContain('lost')
  })

  test('begins at a time of its own: all agents of the gateway are told at once', async () => {
    const old = await connected()
    clock.random = () => 0.6
    old.link.goAway('restart', '')
    await next('goAway')
    await expect.poll(() => clock.nextDueMs).toBe(clock.elapsed() + 300)
    expect(gateway.upgrades).toBe(1)
    clock.advance(300)
    await gateway.nextLink()
    expect(seen).toEqual(['connecting', 'connected', 'goAway', 'connecting'])
  })

  test('keeps an idle link until the next one stands', async () => {
    const old = await connected()
    gateway.isMute = true
    old.link.goAway('restart', '')
    await expect.poll(() => gateway.upgrades).toBe(2)
    expect(old.link.isEnded).toBe(false)
    gateway.isMute = false
    clock.advance(10_000)
    await afterWait()
    await gateway.nextLink()
    expect(await old.link.ended).toMatchObject({ reason: 'done' })
  })

  test('by a link that then breaks, it ends that work', async () => {
    const old = await connected()
    const { received } = await runningRequest()
    old.link.goAway('restart', '')
    await gateway.nextLink()
    old.socket.terminate()
    expect((await received.ended).how).toBe('abandoned')
    expect(agent.status.state).toBe('connected')
  })

  test('again and again, it takes its time, and ends the oldest link at last', async () => {
    const links = [await connected()]
    for (let count = 0; count < 5; count++) {
      const link = links.at(-1) as AcceptedLink
      await runningRequest()
      link.link.goAway('restart', '')
      await next('goAway')
      if (count > 0) expect((await afterWait()).retryInMs).toBe(Math.min(500 * 2 ** (count - 1), 2_000))
      links.push(await gateway.nextLink())
    }
    expect(await links[0]?.link.ended).toMatchObject({ reason: 'limit_exceeded' })
    expect(links.map(({ link }) => link.isEnded)).toEqual([true, false, false, false, false, false])
  })
})

describe('after a suspension or a change of network', () => {
  const suspend = () => {
    clock.jumpedMs += 3_600_000
    clock.advance(1_000)
  }

  test('a link that still answers stays', async () => {
    const { link } = await connected()
    suspend()
    await pass(5_000)
    expect(link.isEnded).toBe(false)
    expect(seen).toEqual(['connecting', 'connected'])
  })

  test('a link that does not is given up within seconds', async () => {
    const { socket } = await connected()
    socket.pause()
    suspend()
    clock.advance(2_000)
    expect((await next('lost')).reason).toBe('heartbeat_missed')
  })

  test('a wait ends at once', async () => {
    gateway.refuses = () => 503
    agent.start()
    for (let count = 0; count < 5; count++) await afterWait()
    expect((await next('lost')).retryInMs).toBe(2_000)
    gateway.refuses = undefined
    interfaces = () => ({
      wlan0: [{ address: '10.0.0.7', netmask: '', family: 'IPv4', mac: '', internal: false, cidr: null }],
    })
    clock.advance(5_000)
    await gateway.nextLink()
  })

  test('an attempt that hangs begins anew at once', async () => {
    gateway.isMute = true
    agent.start()
    await expect.poll(() => gateway.upgrades).toBe(1)
    gateway.isMute = false
    suspend()
    await gateway.nextLink()
    expect(await next('lost')).toMatchObject({ retryInMs: 0 })
  })
})

describe('told to stop', () => {
  test('says so, lets requests end, and closes', async () => {
    const link = await connected()
    const { text, received } = await runningRequest()
    const done = agent.stop(30_000)
    await expect.poll(() => link.goneAway).toEqual(['stopping'])
    expect(agent.status.streams).toBe(1)
    received.release()
    expect(await text).toMatch(WHOLE)
    expect(await done).toMatchObject({ reason: 'stopped' })
    expect(clock.pendingTimers).toBe(0)
    expect(await link.link.ended).toMatchObject({ reason: 'done' })
    expect(seen.at(-1)).toBe('stopped')
    expect(agent.status.lastError).toBeUndefined()
  })

  test('cuts what has not ended in time', async () => {
    const { session } = await connected()
    const { text, received } = await runningRequest()
    const done = agent.stop(10_000)
    clock.advance(9_999)
    expect(agent.status.streams).toBe(1)
    clock.advance(1)
    expect((await received.ended).how).toBe('abandoned')
    await done
    await expect(text).rejects.toThrow()
    expect(session.isOver).toBe(true)
  })

  test('and then again, cuts at once', async () => {
    await connected()
    const { received } = await runningRequest()
    const done = agent.stop(30_000)
    void cutNow()
    expect((await received.ended).how).toBe('abandoned')
    expect(await done).toMatchObject({ reason: 'stopped' })
  })

  test('while it waits, stops', async () => {
    gateway.refuses = () => 503
    agent.start()
    await next('lost')
    expect(await agent.stop()).toMatchObject({ reason: 'stopped' })
    expect(clock.pendingTimers).toBe(0)
  })

  test('while it keeps a session to resume, ends that too', async () => {
    await connected()
    const { received } = await runningRequest()
    gateway.cut()
    await next('lost')
    await agent.stop()
    expect((await received.ended).how).toBe('abandoned')
    expect(clock.pendingTimers).toBe(0)
  })

  test('while a link is being opened, opens none', async () => {
    gateway.isMute = true
    agent.start()
    await expect.poll(() => gateway.upgrades).toBe(1)
    expect(await agent.stop()).toMatchObject({ reason: 'stopped' })
    expect(clock.pendingTimers).toBe(0)
    expect(seen).toEqual(['connecting', 'stopped'])
  })

  test('while a link is being opened and an old one still works, opens none and lets that work end', async () => {
    const old = await connected()
    const { text, received } = await runningRequest()
    gateway.isMute = true
    old.link.goAway('restart', '')
    await expect.poll(() => gateway.upgrades).toBe(2)
    const done = agent.stop()
    await expect.poll(() => gateway.openSockets).toBe(1)
    received.release()
    expect(await text).toMatch(WHOLE)
    expect(await done).toMatchObject({ reason: 'stopped' })
  })

  test('before it was started, is stopped', async () => {
    expect(await agent.stop()).toMatchObject({ reason: 'stopped' })
  })
})
