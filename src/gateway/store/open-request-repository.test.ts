import { expect, test } from 'vitest'
import { fullRequest, openTestChains } from '../../../test/support/chains.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import type { NewRequestRow } from './schema.ts'

const ALL = { orgId: 'default', seesUnnamed: true }
const requestsOf = (count: number) => Array.from({ length: count }, (_, at) => fullRequest({ id: `req_${at}`, at }))

describeDatabases((open) => {
  async function startGround() {
    const database = await open()
    const ground = await openTestChains(database)
    return {
      ...ground,
      notes: ground.openRequests,
      noted: async () =>
        (await database.db.selectFrom('open_requests').selectAll().orderBy('noted_at').orderBy('id').execute()).map(
          ({ id, noted_at }) => [id, noted_at],
        ),
      rows: async () => (await ground.requests.list(ALL, { limit: 1_000 })).reverse(),
    }
  }

  test('a note is renewed, and gone with its row', async () => {
    const { notes, noted, rows } = await startGround()
    const [one, two] = requestsOf(2) as [NewRequestRow, NewRequestRow]
    await notes.note('a', [one, two], 1)
    await notes.note('a', [two], 2)
    expect(await noted()).toEqual([
      ['req_0', 1],
      ['req_1', 2],
    ])
    await notes.close([{ ...one, completion_tokens: 900 }, fullRequest({ id: 'req_short' })], ['req_0'])
    expect(await noted()).toEqual([['req_1', 2]])
    expect((await rows()).map(({ id }) => id)).toEqual(['req_0', 'req_short'])
  })

  test('a row that cannot be written leaves its note', async () => {
    const { notes, noted, rows } = await startGround()
    await notes.note('a', requestsOf(1), 1)
    const broken = { ...requestsOf(1)[0], route: null } as unknown as NewRequestRow
    await expect(notes.close([broken], ['req_0'])).rejects.toThrow(/route/)
    expect([await noted(), await rows()]).toEqual([[['req_0', 1]], []])
  })

  test('what a gateway left that is gone becomes rows, in one seal, and nothing of one that lives', async () => {
    const { notes, noted, rows, verifyOne } = await startGround()
    const left = requestsOf(250)
    await notes.note('gone', left, 100)
    await notes.note('here', [fullRequest({ id: 'req_here' })], 100)
    await notes.note('there', [fullRequest({ id: 'req_there' })], 200)
    expect(await notes.takeOver('here', 150)).toEqual({ rows: 250, forged: 0 })
    expect(await notes.takeOver('here', 150)).toEqual({ rows: 0, forged: 0 })
    expect((await rows()).map(({ seq: _, ...row }) => row)).toEqual(left)
    expect(await noted()).toEqual([
      ['req_here', 100],
      ['req_there', 200],
    ])
    expect(await verifyOne('requests')).toMatchObject({ checked: 250, fault: undefined, head: { seq: 1 } })
  })

  test('what a version left that knew fewer columns becomes a row', async () => {
    const { notes, rows, verifyOne } = await startGround()
    const { left_out: _, translated: __, ...older } = fullRequest()
    await notes.note('gone', [older as NewRequestRow], 1)
    expect(await notes.takeOver('here', 2)).toEqual({ rows: 1, forged: 0 })
    expect(await rows()).toEqual([{ ...older, left_out: null, translated: null, seq: 1 }])
    expect(await verifyOne('requests')).toMatchObject({ checked: 1, fault: undefined })
  })

  test('two that take over at once make one row of a note', async () => {
    const { notes, rows } = await startGround()
    await notes.note('gone', requestsOf(10), 1)
    const taken = await Promise.all(['b', 'c', 'd'].map((gateway) => notes.takeOver(gateway, 2)))
    expect(taken.map((one) => one.rows).sort()).toEqual([0, 0, 10])
    expect(await rows()).toHaveLength(10)
  })

  test('a note that somebody else wrote or changed becomes no row', async () => {
    const { notes, rows, noted, intruder } = await startGround()
    await notes.note('gone', requestsOf(2), 1)
    const [, second] = requestsOf(2)
    const request = JSON.stringify({ ...second, completion_tokens: 1_000_000 })
    await intruder.updateTable('open_requests').set({ request }).where('id', '=', 'req_1').execute()
    expect(await notes.takeOver('here', 2)).toEqual({ rows: 1, forged: 1 })
    expect((await rows()).map(({ id }) => id)).toEqual(['req_0'])
    expect(await noted()).toEqual([])
  })
})
