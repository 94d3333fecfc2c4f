import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { startTunnelPair, type TunnelPair } from '../../../test/support/tunnel-pair.ts'
import type { RequestHead } from '../../protocol/head.ts'
import { respond } from '../../tunnel/http/http-stream.ts'
import type { TunnelStream } from '../../tunnel/stream.ts'
import { TunnelledUpstream } from './tunnelled-upstream.ts'

const ANSWERS: Readonly<Record<string, object>> = {
  '/api/version': { version: '0.33.0' },
  '/api/tags': { models: [{ name: 'a' }] },
  '/api/show': { capabilities: ['tools'] },
  '/api/ps': { models: [] },
}

interface Ground {
  readonly pair: TunnelPair
  readonly upstream: TunnelledUpstream
  /** Targets that the agent does not answer. */
  readonly held: Set<string>
  /** The streams that it did not answer. */
  readonly waiting: TunnelStream[]
  /** All targets asked for. */
  readonly asked: string[]
  readonly logged: { readonly msg: string; readonly reason?: string }[]
}

/** A tunnel whose agent answers as an Ollama would, and its upstream. No link yet. */
async function openGround({ wasLinked = true } = {}): Promise<Ground> {
  const held = new Set<string>()
  const waiting: TunnelStream[] = []
  const asked: string[] = []
  const logged: Ground['logged'] = []
  const onStream = (stream: TunnelStream, { target }: RequestHead): void => {
    asked.push(target)
    stream.receiver = { onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} }
    if (held.has(target)) {
      waiting.push(stream)
      return
    }
    const answer = ANSWERS[target]
    respond(stream, { status: answer === undefined ? 404 : 200, fields: [] }, false)
    stream.write(Buffer.from(JSON.stringify(answer ?? {})))
    stream.end()
  }
  const pair = await startTunnelPair({ onStream })
  onTestFinished(() => pair[Symbol.asyncDispose]())
  const upstream = new TunnelledUpstream({
    id: 'tun_0123456789ab',
    orgId: 'attics',
    label: 'attic',
    dispatcher: pair.dispatcher,
    wasLinked,
    clock: new ManualClock(5),
    log: pino({ base: null, timestamp: false }, { write: (line: string) => void logged.push(JSON.parse(line)) }),
  })
  return { pair, upstream, held, waiting, asked, logged }
}

test('is down until its agent connects, and then what its server is', async () => {
  const { pair, upstream, asked } = await openGround()
  expect(upstream).toMatchObject({ id: 'tun_0123456789ab', label: 'attic' })
  expect(upstream.known).toMatchObject({ kind: 'unknown', server: undefined })
  expect(upstream.known.health).toMatchObject({ state: 'down', checkedAt: 0, failure: 'away' })
  await upstream.refresh()
  expect(asked).toEqual([])
  await pair.connect()
  await upstream.linkUp()
  expect(upstream.known).toMatchObject({ kind: 'ollama', server: 'ollama', version: '0.33.0', models: [{ id: 'a' }] })
  expect(upstream.known.health).toEqual({ state: 'up', checkedAt: 5, reason: '' })
  await expect.poll(() => upstream.known.models).toMatchObject([{ capabilities: ['tools'], isLoaded: false }])
})

test('tells an agent that has never connected from one that is away', async () => {
  const { pair, upstream } = await openGround({ wasLinked: false })
  expect(upstream.known.health.failure).toBe('unlinked')
  upstream.linkDown('its credential was rotated')
  expect(upstream.known.health.failure).toBe('unlinked')
  await pair.connect()
  await upstream.linkUp()
  upstream.linkDown('its agent is not connected')
  expect(upstream.known.health.failure).toBe('away')
})

test('is called by its label, which may change', async () => {
  const { upstream } = await openGround()
  upstream.relabel('cellar')
  expect(upstream).toMatchObject({ id: 'tun_0123456789ab', label: 'cellar' })
})

test('is down as soon as the link is, asks nothing then, and keeps what it knew', async () => {
  const { pair, upstream, asked, logged } = await openGround()
  await pair.connect()
  await upstream.linkUp()
  await expect.poll(() => upstream.known.models?.[0]?.capabilities).toEqual(['tools'])
  await expect.poll(() => upstream.known.models?.[0]?.isLoaded).toBe(false)
  const { models } = upstream.known
  const count = asked.length
  upstream.linkDown('its agent is not connected')
  expect(upstream.known.health).toEqual({
    state: 'down',
    checkedAt: 5,
    reason: 'its agent is not connected',
    failure: 'away',
  })
  await upstream.refresh()
  expect(asked).toHaveLength(count)
  expect(upstream.known).toMatchObject({ kind: 'ollama', server: 'ollama', version: '0.33.0' })
  expect(upstream.known.models).toBe(models)
  await upstream.linkUp()
  expect(upstream.known.health.state).toBe('up')
  expect(logged.map(({ msg, reason }) => [msg, reason])).toEqual([
    ['upstream.found', undefined],
    ['upstream.lost', 'its agent is not connected'],
    ['upstream.found', undefined],
  ])
})

test('what was asked before the link went changes nothing, and does not hold up the next link', async () => {
  const { pair, upstream, held, waiting } = await openGround()
  held.add('/api/tags')
  await pair.connect()
  const probing = upstream.linkUp()
  await expect.poll(() => waiting.length).toBe(1)
  expect(upstream.known.health).toEqual({ state: 'unprobed', checkedAt: 0, reason: '' })
  upstream.linkDown('its agent is not connected')
  await probing
  expect(upstream.known.health).toMatchObject({ state: 'down', reason: 'its agent is not connected' })
  const again = upstream.linkUp()
  await expect.poll(() => waiting.length).toBe(2)
  held.clear()
  await upstream.linkUp()
  await again
  expect(upstream.known.health.state).toBe('up')
})

test('the end of an older probe is not the end of a newer one', async () => {
  const { pair, upstream, held } = await openGround()
  held.add('/api/tags')
  await pair.connect()
  const older = upstream.linkUp()
  const newer = upstream.linkUp()
  await older
  expect(upstream.refresh()).toBe(newer)
  upstream.linkDown('its agent is not connected')
  await newer
})

test('details asked before the link went are asked again on the next', async () => {
  const { pair, upstream, held, waiting } = await openGround()
  held.add('/api/show')
  await pair.connect()
  await upstream.linkUp()
  await expect.poll(() => waiting.length).toBe(1)
  upstream.linkDown('its agent is not connected')
  held.clear()
  await upstream.linkUp()
  await expect.poll(() => upstream.known.models?.[0]?.capabilities).toEqual(['tools'])
})

test('a link whose model server does not answer is told apart from no link', async () => {
  const { pair, upstream, logged } = await openGround()
  const { '/api/version': version } = ANSWERS
  await pair.connect()
  Object.assign(ANSWERS, { '/api/version': {} })
  onTestFinished(() => void Object.assign(ANSWERS, { '/api/version': version }))
  await upstream.linkUp()
  expect(upstream.known.health).toMatchObject({ state: 'down', reason: expect.stringContaining('no model server') })
  expect(logged).toMatchObject([{ msg: 'upstream.lost', upstream: 'tun_0123456789ab' }])
})

test('closing it ends its questions and its tunnel', async () => {
  const { pair, upstream, held, waiting, logged } = await openGround()
  held.add('/api/version')
  await pair.connect()
  const probing = upstream.linkUp()
  await expect.poll(() => waiting.length).toBe(1)
  await upstream.close()
  await probing
  expect(logged).toEqual([])
  expect(pair.dispatcher.destroyed).toBe(true)
  expect(pair.gateway.session.isOver).toBe(true)
})

test('tells of its link coming and going, of its models, and of its label', async () => {
  const { pair, upstream } = await openGround()
  const heard: unknown[] = []
  upstream.whenChanged = () =>
    heard.push([upstream.known.health.state, upstream.known.models?.[0]?.capabilities, upstream.label])
  expect(upstream.orgId).toBe('attics')
  await pair.connect()
  await upstream.linkUp()
  await expect.poll(() => heard).toHaveLength(3)
  await upstream.refresh()
  upstream.relabel('attic')
  upstream.relabel('cellar')
  upstream.linkDown('gone')
  upstream.linkDown('gone')
  expect(heard).toEqual([
    ['unprobed', undefined, 'attic'],
    ['up', undefined, 'attic'],
    ['up', ['tools'], 'attic'],
    ['up', ['tools'], 'cellar'],
    ['down', ['tools'], 'cellar'],
  ])
})
