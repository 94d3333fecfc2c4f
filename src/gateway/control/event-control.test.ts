import { once } from 'node:events'
import { get, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../../test/security/site.ts'
import { personIn } from '../../../test/support/actors.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { openMemory } from '../../../test/support/databases.ts'
import { type Actor, localActor } from '../orgs/actor.ts'
import { Events, type LiveEvent } from './events.ts'

const PATH = '/control/v1/events'
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

interface Told {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

/** A reader of the stream, as a browser reads it. */
class Reader {
  readonly response: IncomingMessage
  #text = ''
  hasEnded = false

  constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (text: string) => {
      this.#text += text
    })
    response.on('close', () => {
      this.hasEnded = true
    })
  }

  get told(): Told[] {
    const blocks = this.#text.split('\n\n').slice(0, -1)
    return blocks
      .filter((block) => !block.startsWith(':'))
      .map((block) => {
        const {
          id = '',
          event = '',
          data = '',
        } = Object.fromEntries(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
        )
        return { id, event, data: JSON.parse(data) as unknown }
      })
  }

  get names(): string[] {
    return this.told.map(({ event }) => event)
  }

  get heartbeats(): number {
    return this.#text.split('\n\n').filter((block) => block.startsWith(':')).length
  }
}

/** The control API over HTTP; who asks is what `caller` says, and how often that was asked is in `asked`. */
async function start(first: Actor | 'nobody' = personIn('default', 'admin')) {
  const lines: string[] = []
  const events = new Events({ log: pino({}, { write: (line: string) => void lines.push(line) }) })
  const caller: { actor: Actor | 'nobody' | 'away'; sessionEndsAt: number; asked: number } = {
    actor: first,
    sessionEndsAt: Infinity,
    asked: 0,
  }
  const actorOf = () => (caller.actor === 'nobody' || caller.actor === 'away' ? undefined : caller.actor)
  const { app, clock } = await openTestControl(openMemory, {
    events,
    actorOf,
    async actorNow() {
      caller.asked++
      if (caller.actor === 'away') throw new Error('the database is away')
      const actor = actorOf()
      return actor && { actor, sessionEndsAt: caller.sessionEndsAt }
    },
  })
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> => {
    const sent = request({ port, path: PATH, headers, method, agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return response
  }
  const listen = async (headers?: Record<string, string>) => {
    const reader = new Reader(await ask(headers))
    expect(reader.response.statusCode).toBe(200)
    await until(() => reader.told.length > 0)
    return reader
  }
  /** Says that whoever listens may do something else now, and waits until they were asked for. */
  const recheck = async (isMeant: (actor: Actor) => boolean = () => true) => {
    const before = caller.asked
    events.recheck(isMeant)
    await until(() => caller.asked > before)
    await nextTurn()
  }
  return { events, caller, clock, listen, ask, recheck, lines, port }
}

const requestOf = (id: number, given: Partial<LiveEvent> = {}): LiveEvent => ({
  orgId: 'default',
  name: 'request',
  data: { id },
  ...given,
})

test('a stream begins with `ready`, and tells what happens as it does, numbered', async () => {
  const { events, listen } = await start()
  const reader = await listen()
  const { headers } = reader.response
  expect(headers['content-type']).toBe('text/event-stream; charset=utf-8')
  expect([headers['cache-control'], headers['x-accel-buffering']]).toEqual(['no-store', 'no'])
  events.publish({ orgId: 'default', name: 'link', data: { tunnelId: 'tun_1', state: 'connected' } })
  events.publish({ orgId: 'default', name: 'audit', data: { text: 'two\nlines\n\nand: more' } })
  await until(() => reader.told.length === 3)
  expect(reader.told).toEqual([
    { id: '1', event: 'ready', data: { missed: false } },
    { id: '2', event: 'link', data: { tunnelId: 'tun_1', state: 'connected' } },
    { id: '3', event: 'audit', data: { text: 'two\nlines\n\nand: more' } },
  ])
})

test('one who comes back is told that something was missed', async () => {
  const { listen } = await start()
  expect((await listen({ 'last-event-id': '7' })).told[0]?.data).toEqual({ missed: true })
})

const EVERYTHING: readonly LiveEvent[] = (['default', 'org_2', undefined] as const).flatMap((orgId) =>
  (['link', 'upstream', 'request', 'live', 'key', 'warning', 'audit'] as const).flatMap((name) =>
    ['per_ada', 'per_bob', undefined].map((personId) => ({ orgId, personId, name, data: { orgId, personId, name } })),
  ),
)

test.each<[who: string, actor: Actor, sees: (event: LiveEvent) => boolean]>([
  ['an admin: all of the org', personIn('default', 'admin'), ({ orgId }) => orgId === 'default'],
  ['an owner of another: all of that', personIn('org_2', 'owner'), ({ orgId }) => orgId === 'org_2'],
  [
    'a member: what is of their own keys',
    { ...personIn('default', 'member'), personId: 'per_ada' },
    ({ orgId, personId, name }) =>
      orgId === 'default' && personId === 'per_ada' && ['request', 'live', 'key'].includes(name),
  ],
  ['a system admin in default: that, and what is no org’s', localActor(), ({ orgId }) => orgId !== 'org_2'],
  ['a system admin in another org: that', localActor('org_2'), ({ orgId }) => orgId === 'org_2'],
])('%s', async (_, actor, sees) => {
  const { events, listen } = await start(actor)
  const reader = await listen()
  for (const event of EVERYTHING) events.publish(event)
  events.publish({ orgId: actor.orgId, personId: actor.personId, name: 'key', data: { last: true } })
  await until(() => JSON.stringify(reader.told.at(-1)?.data) === '{"last":true}')
  const wanted = EVERYTHING.filter(sees).map(({ data }) => JSON.parse(JSON.stringify(data)) as unknown)
  expect(reader.told.slice(1, -1).map(({ data }) => data)).toEqual(wanted)
})

test('a member without a person is told of nobody’s keys', async () => {
  const { events, listen } = await start({ ...personIn('default', 'member'), personId: undefined })
  const reader = await listen()
  events.publish({ orgId: 'default', name: 'key', data: {} })
  await new Promise((resolve) => setImmediate(resolve))
  expect(reader.names).toEqual(['ready'])
})

test('nobody signed in is told nothing', async () => {
  const { ask } = await start('nobody')
  expect((await ask()).statusCode).toBe(401)
})

test('whoever is signed in no more is sent off as soon as something of theirs changes', async () => {
  const { events, caller, listen, recheck } = await start()
  const reader = await listen()
  caller.actor = 'nobody'
  await recheck()
  await until(() => reader.hasEnded)
  expect(reader.names).toEqual(['ready', 'signed-out'])
  expect(events.hasListeners).toBe(false)
})

test('a session is looked at when its end has come, once, and goes on where it was used meanwhile', async () => {
  const { caller, clock, listen } = await start()
  caller.sessionEndsAt = clock.now() + 60_000
  const reader = await listen()
  await until(() => caller.asked === 1)
  clock.advance(59_000)
  await nextTurn()
  expect(caller.asked).toBe(1)
  caller.sessionEndsAt = clock.now() + 3_600_000
  clock.advance(1_000)
  await until(() => caller.asked === 2)
  await nextTurn()
  caller.actor = 'nobody'
  clock.advance(3_598_000)
  await nextTurn()
  expect([caller.asked, reader.names]).toEqual([2, ['ready']])
  clock.advance(1_000)
  await until(() => reader.hasEnded)
  expect([caller.asked, reader.names]).toEqual([3, ['ready', 'signed-out']])
})

test('nobody else is asked for, and what changes while somebody is asked for is not missed', async () => {
  const { events, caller, listen, recheck } = await start()
  const reader = await listen()
  await until(() => caller.asked === 1)
  events.recheck(({ personId }) => personId === 'somebody else')
  await nextTurn()
  expect(caller.asked).toBe(1)
  events.recheck(() => true)
  for (let times = 0; times < 5; times++) events.recheck(() => true)
  caller.actor = personIn('default', 'member')
  await until(() => reader.told.length === 2)
  await nextTurn()
  // The one that ran, and one for all that came meanwhile.
  expect(caller.asked).toBe(3)
  expect(reader.names).toEqual(['ready', 'ready'])
  await recheck(({ role }) => role === 'member')
})

test('what changed between the request and the listening is not missed', async () => {
  const ground = await start()
  const { app } = await openTestControl(openMemory, {
    events: ground.events,
    actorOf: () => personIn('default', 'admin'),
    actorNow: async () => undefined,
  })
  const response = await app.request(PATH)
  expect(await response.text()).toContain('event: signed-out')
  expect(ground.events.hasListeners).toBe(false)
})

test('one who leaves the org is sent off, and one whose role changed is told by the new one', async () => {
  const { events, caller, listen, recheck } = await start()
  const reader = await listen()
  caller.actor = personIn('default', 'member')
  await recheck()
  await until(() => reader.told.length === 2)
  expect(reader.told[1]).toMatchObject({ event: 'ready', data: { missed: true } })
  events.publish({ orgId: 'default', name: 'link', data: {} })
  caller.actor = { ...personIn('default', 'member'), orgId: undefined, role: undefined }
  await recheck()
  await until(() => reader.hasEnded)
  expect(reader.names).toEqual(['ready', 'ready', 'signed-out'])
})

test('where nobody can say who it is, the stream ends without a word', async () => {
  const { caller, listen, recheck, events } = await start()
  const reader = await listen()
  caller.actor = 'away'
  await recheck()
  await until(() => reader.hasEnded)
  expect(reader.names).toEqual(['ready'])
  expect(events.hasListeners).toBe(false)
})

test('an answer that never comes ends the stream too', async () => {
  const { clock, ...rest } = await startSilent()
  const reader = await rest.listen()
  for (let seconds = 0; seconds < 7; seconds++) clock.advance(1_000)
  await until(() => reader.hasEnded)
  expect(reader.names).toEqual(['ready'])
})

/** Who asks is known once, and never again. */
async function startSilent() {
  const ground = await start()
  const { app, clock } = await openTestControl(openMemory, {
    events: ground.events,
    actorOf: () => personIn('default', 'admin'),
    actorNow: () => new Promise(() => {}),
  })
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const listen = async () => {
    const [response] = (await once(get({ port, path: PATH, agent: false }), 'response')) as [IncomingMessage]
    const reader = new Reader(response)
    await until(() => reader.told.length > 0)
    return reader
  }
  return { clock, listen }
}

test('a silent stream shows every 15 s that it stands', async () => {
  const { listen, clock } = await start()
  const reader = await listen()
  clock.advance(14_000)
  await nextTurn()
  expect(reader.heartbeats).toBe(0)
  clock.advance(1_000)
  await until(() => reader.heartbeats === 1)
  expect(reader.names).toEqual(['ready'])
})

test('of many requests twenty a second are told, and the rest are counted', async () => {
  const { events, listen, clock } = await start()
  const reader = await listen()
  for (let id = 0; id < 500; id++) events.publish(requestOf(id))
  events.publish({ orgId: 'default', name: 'link', data: {} })
  clock.advance(1_000)
  await until(() => reader.names.includes('live'))
  expect(reader.names.filter((name) => name === 'request')).toHaveLength(20)
  expect(reader.told.find(({ event }) => event === 'live')?.data).toEqual({ requests: 480 })
  expect(reader.names).toContain('link')
  events.publish(requestOf(1_000))
  await until(() => reader.told.at(-1)?.event === 'request')
})

test('one who does not read is not waited for and holds little; then it is told what to read anew', async () => {
  const { events, ask } = await start()
  const response = await ask()
  response.pause()
  const filler = 'x'.repeat(1_000)
  // Far more than the sockets between hold.
  for (let turn = 0; turn < 200; turn++) {
    for (let index = 0; index < 200; index++) events.publish({ orgId: 'default', name: 'link', data: { filler, turn } })
    await new Promise((resolve) => setImmediate(resolve))
  }
  const reader = new Reader(response)
  response.resume()
  await until(() => reader.told.some(({ data }) => JSON.stringify(data).includes('"turn":199')))
  expect(reader.told.length).toBeLessThan(40_000)
  expect(reader.told.slice(1).map(({ event, data }) => [event, data])).toContainEqual(['ready', { missed: true }])
})

test('one that fails hurts neither who publishes nor who listens', async () => {
  const { events, listen, lines } = await start()
  using _broken = events.subscribe({
    heard() {
      throw new Error('broken')
    },
    standingChanged() {},
  })
  const reader = await listen()
  events.publish(requestOf(1))
  await until(() => reader.told.length === 2)
  expect(lines).toHaveLength(1)
})

test('a session may listen ten times; whoever leaves makes room', async () => {
  const { events, clock, listen, ask } = await start()
  const others = clock.pendingTimers
  const readers = await Promise.all(Array.from({ length: 10 }, () => listen()))
  const refused = await ask()
  expect(refused.statusCode).toBe(409)
  refused.resume()
  readers[0]?.response.destroy()
  await until(() => readers[0]?.hasEnded === true)
  await until(() => clock.pendingTimers === others + 9)
  await listen()
  for (const { response } of readers) response.destroy()
  await until(() => clock.pendingTimers === others + 1)
  expect(events.hasListeners).toBe(true)
})

test('asking for the head alone leaves nobody listening', async () => {
  const { events, ask } = await start()
  for (let times = 0; times < 20; times++) {
    const response = await ask({}, 'HEAD')
    expect(response.statusCode).toBe(200)
    response.resume()
  }
  expect(events.hasListeners).toBe(false)
})

test('where only the database is open there is nothing to listen to', async () => {
  const { refused } = await openTestControl(openMemory, { actorOf: () => localActor() })
  expect((await refused('GET', '/events')).code).toBe('gateway_not_running')
})
