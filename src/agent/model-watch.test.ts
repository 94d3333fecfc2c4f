import { pino } from 'pino'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../../test/support/scripted-upstream.ts'
import { systemClock } from '../core/clock.ts'
import { DirectUpstream } from '../gateway/upstreams/direct-upstream.ts'
import { HttpDispatcher } from '../http-client/http-dispatcher.ts'
import { type LocalModels, ModelWatch } from './model-watch.ts'

let server: ScriptedUpstream
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock()
  server = await startScriptedUpstream({ server: 'ollama', models: ['b', 'a'] })
})
afterEach(() => server.close())

async function start() {
  const changes: LocalModels[] = []
  const upstream = new DirectUpstream({
    orgId: 'default',
    url: server.origin,
    createDispatcher: (origin) => new HttpDispatcher({ origin, clock: systemClock }),
    clock,
    log: pino({ level: 'silent' }),
  })
  onTestFinished(() => upstream.close())
  const watch = new ModelWatch({
    id: upstream.id,
    server: upstream.known,
    clock,
    onChange: (known) => changes.push(known),
  })
  onTestFinished(() => watch[Symbol.dispose]())
  await watch.start()
  return { watch, upstream, changes }
}

const asked = () => server.requests.filter(({ path }) => path === '/api/tags').length

test('knows the server and its models after the first look, and says nothing while nothing changes', async () => {
  const { watch, changes } = await start()
  expect(watch.known).toMatchObject({
    id: `127.0.0.1:${server.port}`,
    state: 'up',
    server: 'ollama',
    models: ['a', 'b'],
  })
  // Only its own timer: a look that is under way has one too.
  await expect.poll(() => clock.pendingTimers).toBe(1)
  clock.advance(59_999)
  expect(clock.pendingTimers).toBe(1)
  clock.advance(1)
  await expect.poll(asked).toBe(2)
  expect(changes).toEqual([])
})

test('tells of other models, of a server that has gone, and within 5 s of one that is back', async () => {
  const { changes } = await start()
  const { port } = server
  await server.close()
  server = await startScriptedUpstream({ server: 'ollama', models: ['c'], port })
  clock.advance(60_000)
  await expect.poll(() => changes.at(-1)?.models).toEqual(['c'])

  await server.close()
  clock.advance(60_000)
  await expect.poll(() => changes.at(-1)?.state).toBe('down')

  server = await startScriptedUpstream({ server: 'ollama', models: ['c'], port })
  clock.advance(5_000)
  await expect.poll(() => changes.at(-1)?.state).toBe('up')
  expect(changes.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
})

test('ends with its disposal', async () => {
  const { watch } = await start()
  await expect.poll(() => clock.pendingTimers).toBe(1)
  watch[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
})

test('a server that is down at first is no error', async () => {
  await server.close()
  const { watch, changes } = await start()
  expect(watch.known).toMatchObject({ state: 'down', server: undefined, models: undefined })
  expect(changes).toEqual([])
})
