import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { Counts } from './counts.ts'
import { openDatabase } from './database.ts'

const LIMIT = { max: 3, windowMs: 1_000 }
const hash = (text: string) => createHash('sha256').update(text).digest()

async function countsOn(open: OpenTestDatabase) {
  const database = await open()
  const clock = new ManualClock()
  const counts = new Counts({ database, hash, clock })
  const take = (key = 'ada') => counts.take('passwords', key, LIMIT)
  const rows = async () => await database.db.selectFrom('counts').selectAll().execute()
  return { database, clock, counts, take, rows }
}

describeDatabases((open, isSqlite) => {
  describe('counts', () => {
    test('so many may be taken in a window, and no more; then it says how long', async () => {
      const { clock, take } = await countsOn(open)
      expect([await take(), await take(), await take()]).toEqual([undefined, undefined, undefined])
      clock.advance(400)
      expect(await take()).toBe(600)
      expect(await take('bob')).toBeUndefined()
      clock.advance(599)
      expect(await take()).toBe(1)
      clock.advance(1)
      expect([await take(), await take(), await take(), await take()]).toEqual([undefined, undefined, undefined, 1_000])
    })

    test('of many at once, at several gateways, only so many get one', async () => {
      const { database, clock, counts } = await countsOn(open)
      const second = openDatabase({ url: database.url })
      try {
        const others = new Counts({ database: second, hash, clock })
        const tries = Array.from({ length: 16 }, (_, index) =>
          (index % 2 === 0 ? counts : others).take('used-codes', 'ada 123456', { max: 1, windowMs: 90_000 }),
        )
        expect((await Promise.all(tries)).filter((waitMs) => waitMs === undefined)).toHaveLength(1)
      } finally {
        await second.close()
      }
    })

    test('what is given back can be taken again, and never more than was taken', async () => {
      const { counts, take } = await countsOn(open)
      for (let index = 0; index < 3; index++) await take()
      await counts.giveBack('passwords', 'ada')
      expect([await take(), await take()]).toEqual([undefined, 1_000])
      for (let index = 0; index < 9; index++) await counts.giveBack('passwords', 'ada')
      for (let index = 0; index < 3; index++) expect(await take()).toBeUndefined()
      expect(await take()).toBe(1_000)
      await counts.giveBack('passwords', 'nobody')
    })

    test('buckets do not count for each other', async () => {
      const { counts, take } = await countsOn(open)
      for (let index = 0; index < 3; index++) await take()
      expect(await counts.take('reset-mails', 'ada', LIMIT)).toBeUndefined()
      expect(await take()).toBe(1_000)
    })

    test('a clock that is put back keeps nobody out for longer than a window', async () => {
      const { clock, counts } = await countsOn(open)
      const far = { max: 1, windowMs: 86_400_000 }
      await counts.take('passwords', 'ada', far)
      expect(await counts.take('passwords', 'ada', { max: 1, windowMs: 1_000 })).toBeUndefined()
      expect(await counts.take('passwords', 'ada', { max: 1, windowMs: 1_000 })).toBe(1_000)
      expect(clock.now()).toBeGreaterThan(0)
    })

    test('what is counted by is not in the database, and what has ended is swept', async () => {
      const { clock, counts, take, rows } = await countsOn(open)
      await take('somebody@example.org')
      clock.advance(500)
      await take('else@example.org')
      expect(JSON.stringify(await rows())).not.toContain('example')
      clock.advance(500)
      await counts.sweep()
      expect(await rows()).toHaveLength(1)
    })

    // What follows is told apart by no database.
    if (!isSqlite) return

    test('strangers who come from everywhere do not fill the table, nor push others out', async () => {
      const { database, counts, rows } = await countsOn(open)
      await counts.take('used-codes', 'ada 123456', LIMIT)
      const ends_at = Date.UTC(2030, 0, 1)
      await database.db.transaction().execute(async (transaction) => {
        for (let index = 0; index < 10_500; index++) {
          const row = { bucket: 'passwords', key: `k${index}`, count: 1, ends_at: ends_at + index }
          await transaction.insertInto('counts').values(row).execute()
        }
      })
      for (let index = 0; index < 999; index++) {
        await counts.take('passwords', `stranger ${index}`, { max: 1, windowMs: 5 * 365 * 86_400_000 })
      }
      const left = await rows()
      expect(left.filter(({ bucket }) => bucket === 'passwords')).toHaveLength(10_000)
      expect(left.filter(({ bucket }) => bucket === 'used-codes')).toHaveLength(1)
    })
  })
})
