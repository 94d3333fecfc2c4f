import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { fullRequest, testNote } from '../../../test/support/chains.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { TestAudit } from '../../../test/support/test-audit.ts'
import { openRelay, type TestRelayOptions } from '../../../test/support/test-relay.ts'
import { ExposureCheck } from '../../system/exposure.ts'
import { Events, type LiveEvent } from '../control/events.ts'
import { Recorder } from '../metering/recorder.ts'
import { Troubles } from '../metering/troubles.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { wireEvents, wireExposure } from './event-wiring.ts'

const LONG_HEARTBEAT = { heartbeatMs: 300_000 }

/** A relay with a recorder and a check beside it, and whatever is told of them. */
async function start(options: Partial<TestRelayOptions> = {}) {
  const ground = await openRelay(options)
  const { relay, upstreams, state, clock } = ground
  const log = pino({ level: 'silent' })
  const events = new Events({ log })
  const model = createServer((_request, response) => response.end('{}'))
  await new Promise<void>((resolve) => {
    model.listen(0, '0.0.0.0', resolve)
  })
  onTestFinished(() => void model.close())
  const { port } = model.address() as AddressInfo
  let places: string[] = []
  const exposure = new ExposureCheck({
    upstreams: () => [{ id: tunnelId, origin: `http://127.0.0.1:${port}`, server: undefined }],
    addresses: () => places,
    ownListeners: () => [],
    everyMs: undefined,
    clock,
    log,
    fixOf: () => '',
  })
  let insert = (rows: readonly NewRequestRow[]) => state.requests.insertMany(rows)
  const troubles = new Troubles({ clock, log })
  const recorder = new Recorder({ insert: (rows) => insert(rows), flushMs: 250, clock, log, troubles })
  onTestFinished(() => recorder.close())
  wireEvents({ events, store: state.store, recorder, relay, upstreams, troubles })
  wireExposure(exposure, { events, upstreams })
  const told: LiveEvent[] = []
  const listening = events.subscribe({
    heard: (event) => void told.push(event),
    standingChanged() {},
  })
  const { id: tunnelId } = await ground.tunnel('gpu')
  return {
    ...ground,
    recorder,
    told,
    listening,
    states: () => told.filter(({ name }) => name === 'link').map(({ data }) => (data as { state: string }).state),
    async expose(address: string | undefined) {
      places = address === undefined ? [] : [address]
      await exposure.check()
    },
    failInserts: () => {
      insert = () => Promise.reject(new Error('the database is away'))
    },
    tunnelOf: async () => {
      const tunnel = state.roll.get(tunnelId)
      if (tunnel === undefined) throw new Error('the tunnel is gone')
      return tunnel
    },
  }
}

test('a tunnel is told from its making to its end: away, connected, resuming, away, revoked', async () => {
  const ground = await start({ limits: LONG_HEARTBEAT })
  const tunnel = await ground.tunnelOf()
  expect(ground.states()).toEqual(['away'])
  const { link } = await ground.join(tunnel, { limits: LONG_HEARTBEAT })
  expect(ground.states().at(-1)).toBe('connected')
  link.close('heartbeat_missed', 'a link that breaks')
  await expect.poll(ground.states).toContain('resuming')
  ground.clock.advance(30_000)
  expect(ground.states()).toEqual(['away', 'connected', 'resuming', 'away'])
  await ground.join(await ground.tunnelOf(), { limits: LONG_HEARTBEAT })
  await ground.state.tunnels.rename(LOCAL, 'gpu', 'attic')
  await ground.state.tunnels.revoke(LOCAL, 'attic')
  // The agent is cut on the way, and that is not told as if it were only away.
  expect(ground.states().slice(4)).toEqual(['connected', 'connected', 'revoked'])
  expect(ground.told.filter(({ name }) => name === 'link').every(({ orgId }) => orgId === DEFAULT_ORG)).toBe(true)
})

test('what is told of a tunnel stands by then: in the same turn of the loop', async () => {
  const ground = await start()
  const tunnel = await ground.tunnelOf()
  const seen: (string | undefined)[] = []
  ground.relay.onLink((_, state) => seen.push(`${state} ${ground.relay.status(tunnel.id)?.state}`))
  await ground.join(tunnel)
  await ground.state.tunnels.rotate(LOCAL, 'gpu')
  await ground.state.tunnels.revoke(LOCAL, 'gpu')
  expect(seen[0]).toBe('connected connected')
  expect(seen.at(-1)).toBe('revoked undefined')
  expect(seen).toContain('away away')
})

test('rows are told when they are committed, with whose they are and nothing of what was asked', async () => {
  const { recorder, state, told } = await start()
  recorder.record(fullRequest({ id: 'req_a', org_id: 'org_2', person_id: 'per_ada' }))
  recorder.record(fullRequest({ id: 'req_b', org_id: null, person_id: null, key_id: null }))
  expect(told.some(({ name }) => name === 'request')).toBe(false)
  await recorder.flush()
  expect(told.filter(({ name }) => name === 'request')).toEqual([
    {
      orgId: 'org_2',
      personId: 'per_ada',
      name: 'request',
      data: {
        id: 'req_a',
        status: 200,
        errorCode: 'upstream_interrupted',
        keyId: 'k1',
        model: 'llama3:latest',
        upstream: 'http://127.0.0.1:11434',
      },
    },
    expect.objectContaining({ orgId: undefined, personId: undefined }),
  ])
  const stored = (await state.trail.verify()).find(({ chain }) => chain === 'requests')
  expect(stored).toMatchObject({ checked: 2, fault: undefined })
})

test('rows that are not committed are not told, and none while nobody listens', async () => {
  const { recorder, told, failInserts, listening } = await start()
  listening[Symbol.dispose]()
  recorder.record(fullRequest())
  await recorder.flush()
  failInserts()
  recorder.record(fullRequest())
  await recorder.flush()
  expect(told.filter(({ name }) => name === 'request')).toEqual([])
})

test('a listener of rows that fails costs no row', async () => {
  const { recorder, state, told } = await start()
  recorder.onWritten(() => {
    throw new Error('broken')
  })
  recorder.record(fullRequest())
  await recorder.flush()
  recorder.record(fullRequest())
  await recorder.flush()
  expect(told.filter(({ name }) => name === 'request')).toHaveLength(2)
  expect((await state.trail.verify())[1]).toMatchObject({ checked: 2, fault: undefined })
})

test('upstreams, exposures and the audit log are told by the org they are of', async () => {
  const { state, told, expose, tunnelOf, join, upstreams } = await start()
  const { id } = await tunnelOf()
  await join(await tunnelOf())
  await expose('127.0.0.2')
  await expose(undefined)
  const audit = new TestAudit(state.audit, state.store)
  await audit.record(testNote({ orgId: 'org_2' }))
  await audit.record(testNote({ orgId: undefined, action: 'session.start' }))
  await upstreams.remove(id)
  const of = (name: LiveEvent['name']) => told.filter((event) => event.name === name)
  expect(of('warning')).toEqual(
    [false, true].map((isOver) => ({
      orgId: DEFAULT_ORG,
      name: 'warning',
      data: { kind: 'upstream_exposed', targetId: id, isOver },
    })),
  )
  expect(of('audit').map(({ orgId, data }) => [orgId, data])).toEqual([
    [DEFAULT_ORG, { seq: 1, action: 'tunnel.create' }],
    ['org_2', { seq: 2, action: 'key.create' }],
    [undefined, { seq: 3, action: 'session.start' }],
  ])
  expect(of('upstream').at(0)).toMatchObject({ orgId: DEFAULT_ORG, data: { upstreamId: id } })
  expect(of('upstream').at(-1)).toMatchObject({ data: { upstreamId: id, state: 'removed' } })
})
