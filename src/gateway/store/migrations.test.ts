import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { PunkuError } from '../../core/error.ts'
import { migrate, migrationsFor } from './migrations.ts'

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
      ...[
        'accounts',
        'audit',
        'chains',
        'changes',
        'counts',
        'facts',
        'invitations',
        'key_secrets',
        'keys',
        'known_networks',
        'login_codes',
      ],
      ...[
        'members',
        'model_aliases',
        'model_rules',
        'open_requests',
        'orgs',
        'pairings',
        'passkeys',
        'people',
        'request_seals',
        'requests',
      ],
      ...['session_orgs', 'sessions', 'setup_links', 'sign_in_rates'],
      ...['system_admins', 'tunnel_credentials', 'tunnels', 'two_factors', 'upstreams', 'verifications'],
    ])
  })

  test('a second run changes nothing', async () => {
    const database = await open()
    await migrate(database)
    const { rows } = await sql`select name from kysely_migration order by name`.execute(database.db)
    expect(rows).toEqual([
      { name: '0001-keys-and-requests' },
      { name: '0002-tunnels' },
      { name: '0003-people' },
      { name: '0004-key-terms' },
      { name: '0005-changes' },
      { name: '0006-open-requests' },
      { name: '0007-counts' },
      { name: '0008-facts' },
      { name: '0009-list-indexes' },
      { name: '0010-key-lookup' },
      { name: '0011-tunnel-index' },
      { name: '0012-left-out' },
      { name: '0013-networks-and-turns' },
      { name: '0014-translated' },
      { name: '0015-model-rules' },
      { name: '0016-tool-sessions' },
    ])
  })

  test('what was there before there were orgs belongs to the org that is there from the start', async () => {
    const database = await open({ isEmpty: true })
    const { db, dialect } = database
    const provider = { getMigrations: async () => migrationsFor(dialect) }
    expect(await new Migrator({ db, provider }).migrateTo('0002-tunnels')).not.toHaveProperty('error')
    await sql`insert into keys (id, name, models, routes, networks, allows_cloud, allows_metrics, created_at, updated_at)
      values ('k1', 'old', '["*"]', '["inference"]', '[]', 0, 0, 1, 1)`.execute(db)
    for (const keyId of ['k1', null]) {
      await sql`insert into requests (id, at, key_id, dialect, route, status, is_streamed, duration_ms, is_estimated,
        request_bytes, response_bytes) values ('req_1', 1, ${keyId}, 'openai', '-', 200, 0, 1, 0, 1, 1)`.execute(db)
    }
    await migrate(database)
    const [key] = await db.selectFrom('keys').selectAll().execute()
    expect(key).toMatchObject({
      name: 'old',
      org_id: 'default',
      person_id: null,
      version: 1,
      created_by: 'local admin',
    })
    const rows = await db.selectFrom('requests').select(['key_id', 'org_id']).orderBy('seq').execute()
    expect(rows).toEqual([
      { key_id: 'k1', org_id: 'default' },
      { key_id: null, org_id: null },
    ])
    expect(await db.selectFrom('orgs').select(['id', 'slug']).execute()).toEqual([{ id: 'default', slug: 'default' }])
  })

  test('what a key may do is the same in one column as it was in five', async () => {
    const database = await open({ isEmpty: true })
    const { db, dialect } = database
    const provider = { getMigrations: async () => migrationsFor(dialect) }
    expect(await new Migrator({ db, provider }).migrateTo('0003-people')).not.toHaveProperty('error')
    const add = (id: string, lists: readonly [string, string, string], cloud: number, metrics: number) =>
      sql`insert into keys (id, name, models, routes, networks, allows_cloud, allows_metrics, created_at, updated_at)
        values (${id}, ${id}, ${lists[0]}, ${lists[1]}, ${lists[2]}, ${cloud}, ${metrics}, 1, 1)`.execute(db)
    await add('k1', ['["llama3","q\\"*"]', '["inference","manage"]', '["10.0.0.0/8","fd00::/8"]'], 1, 0)
    await add('k2', ['["*"]', '[]', '[]'], 0, 1)
    await add('k3', ['no list', '[]', '[]'], 2, 2)
    await migrate(database)
    const rows = await db.selectFrom('keys').select(['id', 'terms']).orderBy('id').execute()
    expect(rows.slice(0, 2).map(({ id, terms }) => [id, JSON.parse(terms)])).toEqual([
      [
        'k1',
        {
          models: ['llama3', 'q"*'],
          routes: ['inference', 'manage'],
          networks: ['10.0.0.0/8', 'fd00::/8'],
          allowsCloud: true,
          allowsMetrics: false,
        },
      ],
      ['k2', { models: ['*'], routes: [], networks: [], allowsCloud: false, allowsMetrics: true }],
    ])
    expect(() => JSON.parse(rows[2]?.terms ?? '')).toThrow()
    const table = (await db.introspection.getTables()).find(({ name }) => name === 'keys')
    const columns = table?.columns.map(({ name }) => name)
    expect(columns).toContain('terms')
    expect(columns).not.toContain('models')
  })

  test('no index is kept that nobody looks anything up by', async () => {
    const { db, dialect } = await open()
    const indexes =
      dialect === 'sqlite' ? sql`select name from sqlite_master` : sql`select indexname as name from pg_indexes`
    const { rows } = await sql<{ name: string }>`select name from (${indexes}) as indexes order by name`.execute(db)
    expect(rows.map(({ name }) => name).filter((name) => name.endsWith('_updated_at'))).toEqual([])
  })

  test('several processes may migrate at once', async () => {
    const { db, url } = await open({ isEmpty: true })
    const answers = await Promise.all([1, 2, 3].map(() => execFileAsync(process.execPath, ['-e', MIGRATE, url])))
    expect(answers.map(({ stdout }) => stdout)).toEqual(['done', 'done', 'done'])
    expect(await db.selectFrom('keys').selectAll().execute()).toEqual([])
  })

  test('a database made by a newer version is refused by name and left as it is', async () => {
    const database = await open({ isEmpty: true })
    await migrate(database)
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
