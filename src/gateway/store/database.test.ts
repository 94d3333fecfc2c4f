import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { holdDatabaseLock } from '../../../test/support/database-lock.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openDatabase } from './database.ts'
import { migrate } from './migrations.ts'

const folder = mkdtempSync(join(tmpdir(), 'punku-database-'))
afterAll(() => rmSync(folder, { recursive: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a new file and the files beside it are its owner’s alone, whatever the umask', async () => {
  const path = join(folder, 'new.db')
  const umask = process.umask(0)
  try {
    const database = openDatabase({ url: pathToFileURL(path).href })
    await migrate(database)
    expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual([0o600, 0o600, 0o600])
    await database.close()
  } finally {
    process.umask(umask)
  }
})

test('a file that others could read is closed to them when it is opened', async () => {
  const path = join(folder, 'open.db')
  const url = pathToFileURL(path).href
  await openDatabase({ url }).close()
  chmodSync(path, 0o644)
  await openDatabase({ url }).close()
  expect(modeOf(path)).toBe(0o600)
})

test('SQLite runs in WAL mode, waits for other writers, and holds to foreign keys', async () => {
  const database = openDatabase({ url: pathToFileURL(join(folder, 'pragmas.db')).href })
  const pragma = async (name: string) => {
    const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(database.db)
    return Object.values(rows[0] ?? {})[0]
  }
  expect(await pragma('journal_mode')).toBe('wal')
  expect(await pragma('synchronous')).toBe(1)
  expect(await pragma('busy_timeout')).toBe(5_000)
  expect(await pragma('foreign_keys')).toBe(1)
  await database.close()
})

test('a database in memory works', async () => {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  expect(await database.db.selectFrom('keys').selectAll().execute()).toEqual([])
  await database.close()
})

test.each(['punku.db', 'file:punku.db', 'mysql://localhost/punku', ''])('%j is refused', (url) => {
  expect(() => openDatabase({ url })).toThrow(TypeError)
})

test('closing before the first query frees the database', async () => {
  await openDatabase({ url: ':memory:' }).close()
  await openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' }).close()
})

describeDatabases((open) => {
  test('64-bit numbers and sums come back as numbers', async () => {
    const { db } = await open()
    const at = Date.UTC(2026, 0, 1)
    const { rows } = await sql`select cast(${sql.lit(at)} as bigint) as at, sum(cast(3 as bigint)) as total`.execute(db)
    expect(rows).toEqual([{ at, total: 3 }])
  })

  test('one that is given up lets what waits behind another process fail, and all that comes', async () => {
    const { db, dialect, url, giveUp, close } = await open()
    await db.selectFrom('facts').selectAll().execute()
    await using lock = await holdWrites(url)
    const waiting = db.insertInto('facts').values({ name: 'gateway', value: 'late' }).execute()
    expect(await Promise.race([waiting, someTurns()])).toBe('no outcome')
    giveUp()
    const refusal = dialect === 'sqlite' ? 'not waited for any longer' : 'Connection terminated'
    await expect(waiting).rejects.toThrow(refusal)
    await expect(db.selectFrom('facts').selectAll().execute()).rejects.toThrow()
    await close()
    await lock[Symbol.asyncDispose]()
  })

  test('a failed transaction leaves nothing behind', async () => {
    const { db } = await open()
    const secret = { key_id: 'nobody', hash: 'ab', created_at: 1, expires_at: null }
    await expect(
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('keys').execute()
        await transaction.insertInto('key_secrets').values(secret).execute()
      }),
    ).rejects.toThrow(/foreign key/i)
    expect(await db.selectFrom('key_secrets').selectAll().execute()).toEqual([])
  })
})

async function someTurns(): Promise<string> {
  for (let turn = 0; turn < 100; turn++) await nextTurn()
  return 'no outcome'
}

/** Has somebody else hold what a write of a fact needs. */
async function holdWrites(url: string): Promise<AsyncDisposable> {
  if (url.startsWith('file:')) return await holdDatabaseLock(fileURLToPath(url))
  const other = openDatabase({ url })
  const { promise, resolve } = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const holding = other.db.transaction().execute(async (transaction) => {
    await sql`lock table facts in exclusive mode`.execute(transaction)
    held.resolve()
    await promise
  })
  await held.promise
  return {
    async [Symbol.asyncDispose]() {
      resolve()
      await holding
      await other.close()
    },
  }
}
