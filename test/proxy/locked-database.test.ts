import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdDatabaseLock } from '../support/database-lock.ts'
import { LOCAL } from '../support/key-actors.ts'
import { post } from './client.ts'
import { STREAM_CASES, type StreamGround, startStreamGround } from './stream-cases.ts'
import { settled } from './turns.ts'

const opened = new AsyncDisposableStack()
let ground: StreamGround
beforeAll(async () => {
  ground = opened.use(await startStreamGround())
})
afterAll(() => opened.disposeAsync())

test('while another process holds the lock of the database, requests, streams and reads go on, and what is written waits', async () => {
  const { gateway, key } = ground
  const { recorder, state } = gateway.parts
  const cases = STREAM_CASES.filter(({ server }) => server === 'ollama')
  const askAll = async () => {
    for (const { path, body, terminator } of cases) {
      expect(await (await post({ url: gateway.url, key, path, body })).text()).toContain(terminator)
    }
    await settled(gateway)
  }
  await askAll()
  expect(await gateway.rows()).toHaveLength(cases.length)

  const lock = opened.use(await holdDatabaseLock(join(gateway.home, 'punku.db')))
  await askAll()
  const writing = Promise.allSettled([recorder.flush(), state.keys.create(LOCAL, { name: 'made while it was locked' })])
  expect(await turnsUntil(writing, 100)).toBe(100)
  await askAll()
  expect(await state.requests.list({ orgId: LOCAL.orgId }, { limit: 100 })).toHaveLength(cases.length)
  await lock[Symbol.asyncDispose]()
  await writing
  expect(await gateway.rows()).toHaveLength(3 * cases.length)
})

/** Turns of the event loop until it has settled; so many at most. A loop that is held has none. */
async function turnsUntil(promise: Promise<unknown>, most: number): Promise<number> {
  let isSettled = false
  void promise.then(() => {
    isSettled = true
  })
  let turns = 0
  for (; turns < most && !isSettled; turns++) await nextTurn()
  return turns
}
