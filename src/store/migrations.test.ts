import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { PunkuError } from '../core/error.ts'
import { migrate } from './migrations.ts'

const execFileAsync = promisify(execFile)
const urlOf = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
/** A program that migrates the database of its first argument. */
const MIGRATE = `
  const [{ openDatabase }, { migrate }] = await Promise.all([import(${urlOf('./database.ts')}), import(${urlOf('./migrations.ts')})])
  const database = openDatabase({ url: process.argv[1] })
  await migrate(database)
  await database.close()
  process.stdout.write('done')
`

describeDatabases((open) => {
  test('an empty database gets every table', async () => {
    const database = await open({ isEmpty: true })
    await migrate(database)
    const tables = await database.db.introspection.getTables()
    expect(tables.map((table) => table.name).sort()).toEqual([
      'key_secrets',
      'keys',
      'pairings',
      'requests',
      'tunnel_credentials',
      'tunnels',
    ])
  })

  test('a second run changes nothing', async () => {
    const database = await open()
    await migrate(database)
    const { rows } = await sql`select name from kysely_migration order by name`.execute(database.db)
    expect(rows).toEqual([{ name: '0001-keys-and-requests' }, { name: '0002-tunnels' }])
  })

  test('several processes may migrate at once', async () => {
    const { db, url } = await open({ isEmpty: true })
    const answers = await Promise.all([1, 2, 3].map(() => execFileAsync(process.execPath, ['-e', MIGRATE, url])))
    expect(answers.map(({ stdout }) => stdout)).toEqual(['done', 'done', 'done'])
    expect(await db.selectFrom('keys').selectAll().execute()).toEqual([])
  })

  test('a database made by a newer version is refused by name and left as it is', async () => {
    const database = await open()
    const newer = { name: '9999-later', timestamp: new Date().toISOString() }
    await sql`insert into kysely_migration (name, timestamp) values (${newer.name}, ${newer.timestamp})`.execute(
      database.db,
    )
    const error = await migrate(database).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PunkuError)
    expect((error as PunkuError).message).toMatch(/newer version of Punku.*"9999-later"/)
  })

  test('what keeps the tables from being made is the cause of the error', async () => {
    const database = await open({ isEmpty: true })
    await sql`create table requests (id integer)`.execute(database.db)
    const error = await migrate(database).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PunkuError)
    expect(String((error as PunkuError).cause)).toMatch(/exists/)
    const tables = await database.db.introspection.getTables()
    expect(tables.map((table) => table.name)).toEqual(['requests'])
  })
})
