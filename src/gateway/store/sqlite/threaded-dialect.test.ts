import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Generated, Kysely, sql } from 'kysely'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ThreadedDialect } from './threaded-dialect.ts'
import { ThreadedSqlite } from './threaded-sqlite.ts'

interface Tables {
  letters: { id: Generated<number>; letter: string }
}

const folder = mkdtempSync(join(tmpdir(), 'punku-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.each([
  ['in memory', false],
  ['in a file', true],
])('%s', (_, isFile) => {
  let db: Kysely<Tables>
  let count = 0

  beforeEach(async () => {
    const sqlite = new ThreadedSqlite(isFile ? join(folder, `${++count}.db`) : ':memory:', () => {})
    db = new Kysely<Tables>({ dialect: new ThreadedDialect(sqlite) })
    await sql`create table letters (id integer primary key, letter text not null)`.execute(db)
    await db
      .insertInto('letters')
      .values([{ letter: 'a' }, { letter: 'b' }, { letter: 'c' }])
      .execute()
  })
  afterEach(() => db.destroy())

  test('changes report how many rows they touched', async () => {
    const inserted = await db.insertInto('letters').values({ letter: 'd' }).executeTakeFirstOrThrow()
    const updated = await db.updateTable('letters').set({ letter: 'x' }).where('id', '<=', 2).executeTakeFirstOrThrow()
    const missed = await db.deleteFrom('letters').where('id', '=', 99).executeTakeFirstOrThrow()
    expect([inserted.insertId, inserted.numInsertedOrUpdatedRows]).toEqual([4n, 1n])
    expect(updated.numUpdatedRows).toBe(2n)
    expect(missed.numDeletedRows).toBe(0n)
  })

  test('`returning` gives the rows of a change', async () => {
    const rows = await db.deleteFrom('letters').where('id', '>', 1).returning('letter').execute()
    expect(rows).toEqual([{ letter: 'b' }, { letter: 'c' }])
  })

  test('one text run again and again with other parameters gives each its own answer', async () => {
    for (const [id, letter] of [
      [1, 'a'],
      [3, 'c'],
      [1, 'a'],
    ] as const) {
      expect(await db.selectFrom('letters').select('letter').where('id', '=', id).execute()).toEqual([{ letter }])
    }
  })

  test('more different statements than are kept all work', async () => {
    for (let round = 0; round < 2; round++) {
      for (let number = 0; number < 250; number++) {
        const { rows } = await sql`select ${sql.lit(number)} as number`.execute(db)
        expect(rows).toEqual([{ number }])
      }
    }
  })

  test('rows can be read one after the other, and reading can stop half way', async () => {
    const letters = db.selectFrom('letters').select('letter').orderBy('id')
    for (const wanted of [['a', 'b', 'c'], ['a'], ['a', 'b', 'c']]) {
      const seen: string[] = []
      for await (const { letter } of letters.stream()) {
        seen.push(letter)
        if (seen.length === wanted.length) break
      }
      expect(seen).toEqual(wanted)
    }
  })

  test('a transaction is alone with the connection that writes', async () => {
    const order: string[] = []
    const inside = db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('letters').execute()
      order.push('deleted')
      await transaction.insertInto('letters').values({ letter: 'z' }).execute()
      order.push('inserted')
    })
    const after = db
      .insertInto('letters')
      .values({ letter: 'y' })
      .execute()
      .then(() => order.push('behind it'))
    await Promise.all([inside, after])
    expect(order).toEqual(['deleted', 'inserted', 'behind it'])
    expect(await db.selectFrom('letters').select('letter').orderBy('letter').execute()).toEqual([
      { letter: 'y' },
      { letter: 'z' },
    ])
  })

  test('a query sees what was committed before it, and nothing of a transaction that runs', async () => {
    const count = () => db.selectFrom('letters').select('id').execute()
    let during: Promise<readonly unknown[]> | undefined
    await db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('letters').execute()
      during = count()
      // In memory there is no second connection: there it waits.
      if (isFile) expect(await during).toHaveLength(3)
    })
    if (!isFile) expect(await during).toHaveLength(0)
    expect(await count()).toHaveLength(0)
  })

  test('schema changes roll back with their transaction', async () => {
    await expect(
      db.transaction().execute(async (transaction) => {
        await transaction.schema.createTable('gone').addColumn('id', 'integer').execute()
        throw new Error('stop')
      }),
    ).rejects.toThrow('stop')
    expect(await db.introspection.getTables()).toHaveLength(1)
  })
})
