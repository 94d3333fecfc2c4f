import { pino } from 'pino'
import { expect, test } from 'vitest'
import { fullRequest, openTestChains } from '../../../test/support/chains.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { OpenRequests } from './open-requests.ts'

const ALL = { orgId: 'default', seesUnnamed: true }
const MINUTE_MS = 60_000

describeDatabases((open) => {
  test('what runs for a minute is noted each minute, and is gone with its row', async () => {
    const { openRequests: notes, clock, intruder, requests } = await openTestChains(await open())
    const log = pino({ level: 'silent' })
    const running: NewRequestRow[] = []
    const asked: number[] = []
    const gateway = (isAlone: boolean) =>
      new OpenRequests({
        notes,
        isAlone,
        running: (forMs) => {
          asked.push(forMs)
          return [...running]
        },
        clock,
        log,
      })
    const noted = async () =>
      (await intruder.selectFrom('open_requests').select('id').orderBy('id').execute()).map(({ id }) => id)
    const recorded = async () => (await requests.list(ALL, { limit: 10 })).map(({ id }) => id)

    const first = gateway(false)
    await first.start()
    running.push(fullRequest({ id: 'req_1' }), fullRequest({ id: 'req_2' }))
    clock.advance(MINUTE_MS - 1)
    expect(asked).toEqual([])
    clock.advance(1)
    await first.insert([])
    expect([asked, await noted()]).toEqual([[MINUTE_MS], ['req_1', 'req_2']])
    running.pop()
    await first.insert([fullRequest({ id: 'req_2' }), fullRequest({ id: 'req_short' })])
    expect([await noted(), await recorded()]).toEqual([['req_1'], ['req_short', 'req_2']])

    // Another beside it waits until it is silent for minutes; it looks each minute.
    const second = gateway(false)
    running.length = 0
    await second.start()
    expect(await noted()).toEqual(['req_1'])
    // What was killed renews no notes.
    await first.close()
    for (let minutes = 0; minutes < 6; minutes++) {
      expect(await recorded()).toHaveLength(2)
      clock.advance(MINUTE_MS)
    }
    await expect.poll(recorded).toEqual(['req_1', 'req_short', 'req_2'])
    expect(await noted()).toEqual([])
    await second.close()

    // One that has the database alone need not wait.
    await notes.note('killed', [fullRequest({ id: 'req_3' })], clock.now())
    const third = gateway(true)
    await third.start()
    expect([await noted(), await recorded()]).toEqual([[], ['req_3', 'req_1', 'req_short', 'req_2']])
    await third.close()
    expect(clock.pendingTimers).toBe(0)
  })
})
