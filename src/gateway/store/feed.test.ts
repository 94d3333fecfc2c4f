import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import type { Noun } from './change-table.ts'

const WRITER = fileURLToPath(new URL('../../../test/support/change-writer.ts', import.meta.url))
/** One more than the marks that are kept. */
const MORE_THAN_KEPT = 10_001
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

async function openFeed(open: OpenTestDatabase) {
  const database = await open()
  const counted = countQueries(database)
  const { store, feed, clock, reached } = await openTestStore(counted)
  onTestFinished(() => expect(clock.pendingTimers).toBe(0))
  const told: string[] = []
  const held = { isFailing: false }
  const follow = (noun: Noun) =>
    feed.follow(noun, {
      async changed(ids) {
        if (held.isFailing) throw new Error('cannot read')
        told.push(...ids.map((id) => `${noun} ${id}`))
      },
      async reload() {
        told.push(`${noun} all`)
      },
    })
  return {
    database,
    counted,
    store,
    feed,
    clock,
    reached,
    told,
    held,
    follow,
    mark: (...marks: readonly (readonly [Noun, string])[]) =>
      recordedChange(store, async ({ changed }) => {
        for (const [noun, id] of marks) changed(noun, id)
      }),
    marks: () => database.db.selectFrom('changes').selectAll().orderBy('seq').execute(),
  }
}

describeDatabases((open) => {
  test('who follows a noun is told of its things in their order, once for a change, and of no other', async () => {
    const { feed, follow, mark, told } = await openFeed(open)
    follow('keys')
    follow('orgs')
    await mark(['keys', 'before'])
    await feed.start()
    await mark(['keys', 'k2'], ['people', 'ada'], ['keys', 'k1'], ['keys', 'k2'])
    await mark(['orgs', 'default'])
    await feed.refresh()
    await feed.refresh()
    expect(told).toEqual(['keys k2', 'keys k1', 'orgs default'])
    await feed.close()
  })

  test('the time alone tells it, and where nothing changed that takes one statement', async () => {
    const { feed, follow, mark, told, clock, counted } = await openFeed(open)
    follow('keys')
    await feed.start()
    await mark(['keys', 'k1'])
    clock.advance(500)
    await expect.poll(() => told).toEqual(['keys k1'])
    counted.takeCounts()
    await feed.refresh()
    expect(counted.takeCounts()).toEqual({ statements: 1, rows: 1 })
    await feed.close()
  })

  test('two processes that change at once are followed in the order of the changes, and none is missed', async () => {
    const { database, feed, follow, mark, marks, told } = await openFeed(open)
    follow('keys')
    await feed.start()
    let isOver = false
    const other = promisify(execFile)(process.execPath, [WRITER, database.url, '20']).finally(() => {
      isOver = true
    })
    let made = 0
    while (!isOver || made < 20) {
      await mark(['keys', `ours ${made++}`])
      // While others write, and so between any two of theirs.
      await feed.refresh()
      await nextTurn()
    }
    await other
    await feed.refresh()
    const stored = await marks()
    expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: made + 20 }, (_, at) => at + 1))
    expect(told).toEqual(stored.map(({ noun, thing_id }) => `${noun} ${thing_id}`))
    expect(new Set(told).size).toBe(made + 20)
    await feed.close()
  })

  test('who was away for more changes than are kept reads all anew, and follows on from there', async () => {
    const { feed, follow, mark, marks, told } = await openFeed(open)
    follow('keys')
    follow('people')
    await mark(['keys', 'known'])
    await feed.start()
    await mark(...Array.from({ length: MORE_THAN_KEPT }, (_, at) => ['keys', `k${at}`] as const))
    expect(await marks()).toHaveLength(MORE_THAN_KEPT - 1)
    await feed.refresh()
    expect(told.splice(0)).toEqual(['keys all', 'people all'])
    await mark(['keys', 'k1'])
    await feed.refresh()
    expect(told).toEqual(['keys k1'])
    await feed.close()
  })

  test('many changes that are still kept are told one by one', async () => {
    const { feed, follow, mark, told } = await openFeed(open)
    follow('keys')
    await feed.start()
    const many = Array.from({ length: 2_500 }, (_, at) => `k${at}`)
    await mark(...many.map((id) => ['keys', id] as const))
    await feed.refresh()
    expect(told).toEqual(many.map((id) => `keys ${id}`))
    await feed.close()
  })

  test.each([
    ['older', false],
    ['older, and others were made in it since', true],
  ])('a database that was restored to a state that is %s is read anew', async (_, isOvertaken) => {
    const { database, feed, follow, mark, told } = await openFeed(open)
    follow('keys')
    await mark(['keys', 'k1'])
    await mark(['keys', 'k2'])
    await feed.start()
    await mark(['keys', 'k3'])
    await feed.refresh()
    await database.db.deleteFrom('changes').where('seq', '>', 1).execute()
    if (isOvertaken) for (const id of ['k4', 'k5', 'k6']) await mark(['keys', id])
    await feed.refresh()
    await mark(['keys', 'k7'])
    await feed.refresh()
    expect(told).toEqual(['keys k3', 'keys all', 'keys k7'])
    await feed.close()
  })

  test('a store that is away is said once, and so is its return; all is told then', async () => {
    const { database, feed, follow, mark, told, clock, reached } = await openFeed(open)
    follow('keys')
    await feed.start()
    await mark(['keys', 'k1'])
    await mark(['keys', 'k2'])
    await sql`alter table changes rename to away`.execute(database.db)
    for (let poll = 0; poll < 5; poll++) {
      await expect(feed.refresh()).rejects.toThrow()
      clock.advance(500)
      await nextTurn()
    }
    await sql`alter table away rename to changes`.execute(database.db)
    expect(told).toEqual([])
    await expect.poll(() => reached).toEqual(['away'])
    await expect
      .poll(() => {
        clock.advance(500)
        return reached.slice(1)
      })
      .toEqual(['here'])
    expect(told).toEqual(['keys k1', 'keys k2'])
    await feed.close()
  })

  test('who could not read is told the same again', async () => {
    const { feed, follow, mark, told, held } = await openFeed(open)
    follow('keys')
    await feed.start()
    await mark(['keys', 'k1'])
    held.isFailing = true
    await expect(feed.refresh()).rejects.toThrow('cannot read')
    await mark(['keys', 'k2'])
    held.isFailing = false
    await feed.refresh()
    expect(told).toEqual(['keys k1', 'keys k2'])
    await feed.close()
  })

  test('what changes while things are loaded is told after that, and not over it', async () => {
    const { feed, follow, mark, told, clock } = await openFeed(open)
    follow('keys')
    let refreshed: Promise<void> | undefined
    await feed.start(async () => {
      await mark(['keys', 'k1'])
      clock.advance(500)
      refreshed = feed.refresh()
      await nextTurn()
      told.push('loaded')
    })
    await refreshed
    expect(told).toEqual(['loaded', 'keys k1'])
    await feed.close()
  })

  test('nothing is told before the start, after the end, nor where loading failed', async () => {
    const { feed, follow, mark, told, counted, clock } = await openFeed(open)
    follow('keys')
    await mark(['keys', 'k1'])
    const isQuiet = async () => {
      counted.takeCounts()
      await feed.refresh()
      clock.advance(500)
      expect(counted.takeCounts()).toEqual({ statements: 0, rows: 0 })
    }
    await isQuiet()
    await expect(feed.start(() => Promise.reject(new Error('cannot load')))).rejects.toThrow('cannot load')
    await isQuiet()
    await feed.start()
    await feed.close()
    await mark(['keys', 'k2'])
    await isQuiet()
    expect(told).toEqual([])
  })
})
