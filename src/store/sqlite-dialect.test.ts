import { DatabaseSync } from 'node:sqlite'
import { type Generated, Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NodeSqliteDialect } from './sqlite-dialect.ts'

interface Tables {
  letters: { id: Generated<number>; letter: string }
}

let db: Kysely<Tables>

beforeEach(async () => {
  const database = new DatabaseSync(':memory:')
  database.exec('create table letters (id integer primary key, letter text not null)')
  db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) })
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

test('a transaction has the connection to itself', async () => {
  const order: string[] = []
  const inside = db.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('letters').execute()
    order.push('deleted')
    await transaction.insertInto('letters').values({ letter: 'z' }).execute()
    order.push('inserted')
  })
  const outside = db
    .selectFrom('letters')
    .select('letter')
    .execute()
    .then((rows) => {
      order.push('read')
      return rows
    })
  await inside
  expect(await outside).toEqual([{ letter: 'z' }])
  expect(order).toEqual(['deleted', 'inserted', 'read'])
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
