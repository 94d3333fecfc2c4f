import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase, type TestDatabase } from '../../../test/support/databases.ts'
import { openTestStore } from '../../../test/support/store.ts'
import { newKey, storedKeys } from '../../../test/support/stored-keys.ts'
import { SYSTEM_ACTOR } from './audit-note.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { KeyWriter } from './key-writer.ts'
import type { AuditRow } from './schema.ts'
import type { OpenChange } from './store.ts'

const NOTE = { orgId: 'default', action: 'key.create', target: { id: 'k1' } }

/** Makes every insert into a table fail, as a full disk or a broken trigger would, until it is disposed. */
async function refuseInserts({ db, dialect }: OpenDatabase, table: 'audit' | 'changes'): Promise<AsyncDisposable> {
  if (dialect === 'postgres') {
    await sql`create function refuse() returns trigger language plpgsql
      as $$ begin raise exception 'refused'; end $$`.execute(db)
    await sql`create trigger refuse before insert on ${sql.table(table)} execute function refuse()`.execute(db)
  } else {
    await sql`create trigger refuse before insert on ${sql.table(table)}
      begin select raise(abort, 'refused'); end`.execute(db)
  }
  return {
    async [Symbol.asyncDispose]() {
      await (dialect === 'postgres' ? sql`drop function refuse cascade` : sql`drop trigger refuse`).execute(db)
    },
  }
}

async function openStore(open: OpenTestDatabase) {
  const database = await open()
  const parts = await openTestStore(database)
  const rowsOf = (table: 'keys' | 'key_secrets' | 'changes' | 'audit') =>
    database.db.selectFrom(table).selectAll().execute()
  const makeKey = (run?: (change: OpenChange) => void | Promise<void>) =>
    parts.store.change(SYSTEM_ACTOR, async (change) => {
      await new KeyWriter(change).insert(newKey('k1'), 'hash')
      await (run ?? (({ record }) => record(NOTE)))(change)
    })
  const stored = async () => ({
    keys: (await rowsOf('keys')).length,
    secrets: (await rowsOf('key_secrets')).length,
    marks: (await rowsOf('changes')).length,
    entries: (await rowsOf('audit')).length,
  })
  return { ...parts, database, rowsOf, makeKey, stored }
}

const NOTHING = { keys: 0, secrets: 0, marks: 0, entries: 0 }

describeDatabases((open) => {
  test('a change stores rows, entry and mark, and gives what it was run for', async () => {
    const { store, clock, rowsOf, stored, makeKey } = await openStore(open)
    await makeKey()
    expect(await stored()).toEqual({ keys: 1, secrets: 1, marks: 1, entries: 1 })
    expect(await rowsOf('changes')).toEqual([{ seq: 1, noun: 'keys', thing_id: 'k1' }])
    expect(await rowsOf('audit')).toMatchObject([
      { seq: 1, at: clock.now(), actor_name: SYSTEM_ACTOR.name, action: 'key.create', target_id: 'k1' },
    ])
    expect(await store.change(SYSTEM_ACTOR, async ({ at }) => at)).toBe(clock.now())
    expect(await stored()).toEqual({ keys: 1, secrets: 1, marks: 1, entries: 1 })
  })

  test.each(['audit', 'changes'] as const)(
    'where no row of %s can be written, nothing is, and nobody is told',
    async (table) => {
      const { database, entries, makeKey, stored } = await openStore(open)
      {
        await using _refusing = await refuseInserts(database, table)
        await expect(makeKey()).rejects.toThrow('refused')
        expect(await stored()).toEqual(NOTHING)
        expect(entries).toEqual([])
      }
      await makeKey()
      expect(await stored()).toEqual({ keys: 1, secrets: 1, marks: 1, entries: 1 })
    },
  )

  test('what fails half-way leaves nothing, and rejects as it failed', async () => {
    const { makeKey, stored, entries } = await openStore(open)
    const failure = new Error('changed its mind')
    const failing = makeKey(({ record }) => {
      record(NOTE)
      throw failure
    })
    await expect(failing).rejects.toBe(failure)
    expect(await stored()).toEqual(NOTHING)
    expect(entries).toEqual([])
  })

  test('a change that marks something and records nothing is refused', async () => {
    const { makeKey, stored } = await openStore(open)
    await expect(makeKey(() => {})).rejects.toThrow('has to be recorded')
    expect(await stored()).toEqual(NOTHING)
  })

  test('entries are told once they stand, also where one who is told fails', async () => {
    const { database, store, entries, makeKey } = await openStore(open)
    const elsewhere = openDatabase({ url: database.url })
    const seen: Promise<unknown>[] = []
    const told: AuditRow[] = []
    store.onRecorded(() => {
      seen.push(elsewhere.db.selectFrom('audit').selectAll().execute())
      throw new Error('broken listener')
    })
    store.onRecorded((entry) => void told.push(entry))
    let isToldEarly = false
    await makeKey(({ record }) => {
      record(NOTE)
      isToldEarly = entries.length > 0
    })
    expect(isToldEarly).toBe(false)
    expect(told).toMatchObject([{ action: 'key.create' }])
    expect(await Promise.all(seen)).toEqual([told])
    await elsewhere.close()
  })

  test('it resolves when those who follow here have seen it; a change stands where they cannot', async () => {
    const { store, makeKey, stored } = await openStore(open)
    const seen: unknown[] = []
    store.followedBy(async () => {
      seen.push(await stored())
      throw new Error('the database is away')
    })
    await makeKey()
    expect(seen).toEqual([{ keys: 1, secrets: 1, marks: 1, entries: 1 }])
    await store.change(SYSTEM_ACTOR, async ({ record }) => record(NOTE))
    // Nobody follows what is marked by nothing.
    expect(seen).toHaveLength(1)
  })

  test('what is read within a change stays so until it ends, whoever else makes one', async () => {
    const { store, rowsOf } = await openStore(open)
    const count = () =>
      store.change(SYSTEM_ACTOR, async (change) => {
        const before = (await storedKeys(new KeyWriter(change))).length
        await new KeyWriter(change).insert(newKey(`k${before}`), `hash ${before}`)
        change.record(NOTE)
      })
    await Promise.all(Array.from({ length: 10 }, count))
    expect((await rowsOf('keys')).map(({ id }) => id).sort()).toEqual(Array.from({ length: 10 }, (_, at) => `k${at}`))
  })

  test('one that waits for a change elsewhere that does not end is refused, and holds up no read', async () => {
    const { database, store, rowsOf } = await openStore(open)
    if (database.dialect === 'sqlite') return
    const elsewhere = openDatabase({ url: (database as TestDatabase).url })
    const other = await openTestStore(elsewhere)
    const held = Promise.withResolvers<void>()
    const holding = other.store.transaction(() => held.promise)
    const waiting = Array.from({ length: 12 }, () => store.change(SYSTEM_ACTOR, async ({ record }) => record(NOTE)))
    const settled = Promise.allSettled(waiting)
    expect(await rowsOf('keys')).toEqual([])
    await expect(waiting[0]).rejects.toMatchObject({ code: 'store_unavailable' })
    held.resolve()
    await holding
    expect((await settled).slice(1).map(({ status }) => status)).toContain('fulfilled')
    await elsewhere.close()
  })
})
