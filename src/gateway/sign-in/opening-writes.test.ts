import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { expect, test } from 'vitest'
import { opensChange } from './opening-writes.ts'

const db = new Kysely<Record<string, Record<string, unknown>>>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (of) => new SqliteIntrospector(of),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

const opens = (query: { compile(): { readonly query: Parameters<typeof opensChange>[0] } }) =>
  opensChange(query.compile().query)

test('a change begins where it is changed who comes in, and how', () => {
  for (const table of ['people', 'accounts', 'two_factors', 'passkeys']) {
    expect(opens(db.insertInto(table).values({ id: 'a' }).returningAll()), table).toBe(true)
    expect(opens(db.updateTable(table).set({ id: 'a' })), table).toBe(true)
    expect(opens(db.deleteFrom(table).where('id', '=', 'a')), table).toBe(true)
  }
  expect(opens(db.insertInto('sessions').values({ id: 'a' }))).toBe(true)
  expect(opens(db.deleteFrom('sessions').where('id', 'in', db.selectFrom('sessions').select('id')))).toBe(true)
  expect(opens(db.updateTable('login_codes').set({ status: 'approved' }))).toBe(true)
  expect(opens(db.deleteFrom('login_codes').where('id', '=', 'a').returningAll())).toBe(true)
})

test('none begins where something is read, used or asked for', () => {
  for (const table of ['people', 'sessions', 'login_codes']) expect(opens(db.selectFrom(table).selectAll())).toBe(false)
  expect(opens(db.updateTable('sessions').set({ expiresAt: 'later' }))).toBe(false)
  expect(opens(db.updateTable('login_codes').set({ lastPolledAt: 'now' }))).toBe(false)
  expect(opens(db.insertInto('login_codes').values({ id: 'a', status: 'pending' }))).toBe(false)
  for (const table of ['sign_in_rates', 'verifications']) {
    expect(opens(db.insertInto(table).values({ id: 'a' }))).toBe(false)
    expect(opens(db.updateTable(table).set({ id: 'a' }))).toBe(false)
    expect(opens(db.deleteFrom(table).where('id', '=', 'a'))).toBe(false)
  }
})
