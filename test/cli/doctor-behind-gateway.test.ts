import { describe, expect, test } from 'vitest'
import { expectBroken, placeOf, startChain } from '../support/doctor-chain.ts'
import { holdingBack, startSite } from '../support/doctor-sites.ts'
import { findFreePort } from '../support/free-port.ts'
import { startTestGateway } from '../support/gateway.ts'
import { LOCAL } from '../support/key-actors.ts'
import {
  cut,
  errorFrame,
  fail,
  frames,
  head,
  hold,
  inject,
  rest,
  restButTerminator,
} from '../support/scripted/steps.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import { startTestAgent } from '../support/test-agent.ts'

const CHAT = '/v1/chat/completions'

describe('key', () => {
  test('one that nobody knows, one that was revoked, one that has ended, one from another network', async () => {
    const { gateway } = await startChain()
    const unknown = (await gateway.key()).replace(/.{4}$/, 'zzzz')
    await expectBroken(
      'key',
      /does not take it: This gateway does not know this key|incomplete or damaged/,
      placeOf({ url: gateway.url, key: unknown }),
    )
    const revoked = await gateway.key({ name: 'gone' })
    await gateway.parts.state.keys.revoke(LOCAL, 'gone')
    await expectBroken('key', /This key was revoked/, placeOf({ url: gateway.url, key: revoked }))
    const ended = await gateway.key({ expiresInMs: 1 })
    await expectBroken('key', /This key has expired/, placeOf({ url: gateway.url, key: ended }))
    const elsewhere = await gateway.key({ networks: ['10.0.0.0/8'] })
    await expectBroken('key', /takes it from other networks alone/, placeOf({ url: gateway.url, key: elsewhere }))
  })
})

describe('scopes', () => {
  test('a model that the key may not use', async () => {
    const { gateway } = await startChain()
    const place = placeOf({ url: gateway.url, key: await gateway.key({ models: ['other*'] }) })
    await expectBroken('scopes', /is good, and may not ask tiny: This key may not use that model/, place, {
      args: ['--model', 'tiny'],
    })
  })

  test('a key that may ask nothing of models', async () => {
    const { gateway } = await startChain()
    await expectBroken(
      'scopes',
      /may not ask tiny/,
      placeOf({ url: gateway.url, key: await gateway.key({ routes: ['metadata'] }) }),
    )
  })
})

describe('behind the gateway', () => {
  test('link: the agent is not connected', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    await using gateway = await startTestGateway({ upstreams: [] })
    {
      await using _agent = await startTestAgent({
        parts: gateway.parts,
        gatewayUrl: gateway.url,
        upstreamUrl: upstream.origin,
        label: 'laptop',
      })
    }
    const place = placeOf({ url: gateway.url, key: await gateway.key(), model: 'tiny' })
    const stdout = await expectBroken('link', /waits for the agent beside the model server/, place)
    expect(stdout).toMatch(/its agent runs: punku connect/)
  })

  test('model-server: the gateway was given one that has never answered', async () => {
    await using gateway = await startTestGateway({ upstreams: [`http://127.0.0.1:${await findFreePort()}`] })
    const place = placeOf({ url: gateway.url, key: await gateway.key(), model: 'tiny' })
    const stdout = await expectBroken('model-server', /The gateway gets no good answer of the model server/, place)
    expect(stdout).toMatch(
      /^! What answers is a gateway, and ready: The gateway runs, and no model server has answered it/m,
    )
  })

  test('agent: it serves as many as it may', async () => {
    await using upstream = await startScriptedUpstream({ server: 'ollama' })
    await using gateway = await startTestGateway({ upstreams: [] })
    await using _agent = await startTestAgent({
      parts: gateway.parts,
      gatewayUrl: gateway.url,
      upstreamUrl: upstream.origin,
      label: 'laptop',
      limits: { streams: 1 },
    })
    const key = await gateway.key()
    upstream.behave([hold, rest])
    const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }] })
    const held = fetch(gateway.url + CHAT, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body })
    const first = await upstream.nextRequest()
    const place = placeOf({ url: gateway.url, key, model: 'tiny' })
    await expectBroken('agent', /The agent beside the model server refuses/, place)
    first.release()
    expect((await held).status).toBe(200)
  })

  test('model-server: it is not running any more, and then its own error', async () => {
    const { gateway, upstream } = await startChain()
    const place = placeOf({ url: gateway.url, key: await gateway.key() })
    upstream.behave([fail(500, 'out of memory')], { path: CHAT })
    await expectBroken('model-server', /no good answer of the model server: out of memory/, place)
    await upstream.close()
    await expectBroken('model-server', /no good answer of the model server/, place, { args: ['--model', 'tiny'] })
  })

  test('model: it is not there', async () => {
    const { gateway } = await startChain()
    const stdout = await expectBroken(
      'model',
      /model 'llama9' not found/,
      placeOf({ url: gateway.url, key: await gateway.key(), model: 'llama9' }),
    )
    expect(stdout).toContain('This key may use: models tiny.')
    expect(stdout).toMatch(/– The key may ask the model: Whether it may ask llama9 is not told/)
  })

  test('a name in another letter case is the model that is listed', async () => {
    const { gateway } = await startChain()
    const place = placeOf({ url: gateway.url, key: await gateway.key(), model: 'Tiny' })
    const { code, stdout } = await place.doctor()
    expect(stdout).toContain('It may ask tiny.')
    expect(code).toBe(0)
  })

  test('first-token: an answer that fails, is cut, or never comes', async () => {
    const { gateway, upstream } = await startChain()
    const place = placeOf({ url: gateway.url, key: await gateway.key() })
    upstream.behave([head, frames(1), errorFrame('the model crashed')], { path: CHAT })
    await expectBroken('first-token', /broke off.*the model crashed/, place)
    upstream.behave([head, restButTerminator, cut], { path: CHAT })
    await expectBroken('first-token', /broke off/, place)
    upstream.behave([head, (playback) => playback.waitForRelease()], { path: CHAT })
    await expectBroken('first-token', /Nothing came of the model within 300 ms/, place, {
      args: ['--load-wait', '300ms'],
    })
  })

  test('a model server that heeds no limit and never ends its answer is looked at for long enough', async () => {
    const { gateway, upstream } = await startChain()
    const place = placeOf({ url: gateway.url, key: await gateway.key() })
    const piece = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'on and on ' } }] })}\n\n`
    for (let count = 0; count < 3; count++) upstream.behave([head, inject(piece.repeat(400)), hold], { path: CHAT })
    const { code, stdout } = await place.doctor()
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^✓ A first token comes/m)])
  })

  test('stream: a proxy that keeps the answer until it is whole, by its name', async () => {
    const words = Array.from({ length: 40 }, (_, at) => ` ${at}`)
    await using upstream = await startScriptedUpstream({ server: 'llama-server', words })
    await using gateway = await startTestGateway({ upstreams: [upstream.origin] })
    await using proxy = await startSite(holdingBack(gateway.url, { server: 'nginx/1.26.0', via: '1.1 edge' }))
    // By what the server says, far longer than any machine is busy.
    const timings = inject(
      'data: {"object":"chat.completion.chunk","choices":[],"timings":{"predicted_ms":600000}}\n\n',
    )
    upstream.behave([head, frames(30), timings, rest], { path: CHAT, times: 2 })
    const place = placeOf({ url: proxy.url, key: await gateway.key() })
    const stdout = await expectBroken(
      'stream',
      /held back on the way: written in 10 min, .* names itself: nginx\/1\.26\.0/,
      place,
    )
    expect(stdout).toMatch(/→ .*proxy_buffering off;.*nginx -s reload/)
  })
})
