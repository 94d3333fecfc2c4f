import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, inject, onTestFinished } from 'vitest'
import { randomId } from '../../src/core/id.ts'
import { type OpenDatabase, openDatabase } from '../../src/gateway/store/database.ts'
import { migrate } from '../../src/gateway/store/migrations.ts'
import './postgres-global.ts'
import { runStatement } from './postgres-statement.ts'

/** A database of one test's own. It is closed and deleted after the test; a second `openDatabase(url)` is the test's. */
export interface TestDatabase extends OpenDatabase {
  readonly url: string
}

/** Opens a new database: with all tables, or empty when `isEmpty`. */
export type OpenTestDatabase = (options?: { readonly isEmpty: boolean }) => Promise<TestDatabase>

/**
 * SQLite, whose database a gateway makes by itself, and PostgreSQL, where `url` makes one, which is gone with the cluster.
 * Where there is no PostgreSQL it has no `url`: for `describe.skipIf`; in CI that fails.
 */
export function databaseUrls(): readonly {
  readonly name: string
  readonly url: (() => Promise<string | undefined>) | undefined
}[] {
  const postgresUrl = inject('postgresUrl')
  if (postgresUrl === undefined && process.env['CI'] !== undefined) throw new Error(NO_POSTGRES)
  return [
    { name: 'on SQLite', url: async () => undefined },
    postgresUrl === undefined
      ? { name: 'on PostgreSQL (NOT RUN: install it, or set PUNKU_TEST_POSTGRES)', url: undefined }
      : { name: 'on PostgreSQL', url: async () => (await createPostgres(postgresUrl)).url },
  ]
}

type CreateDatabase = (isEmpty: boolean) => Promise<{ url: string; remove(): Promise<void> }>

const NO_POSTGRES = 'No PostgreSQL for the tests: install it, or set PUNKU_TEST_POSTGRES to the URL of one.'

/** Opens a new database with all tables, for tests to which it does not matter which; it is gone after the test. */
export async function openMemory(): Promise<OpenDatabase> {
  const database = openDatabase({ url: ':memory:' })
  onTestFinished(() => database.close())
  await migrate(database)
  return database
}

/** Defines the tests of a database. Those of rules, which no database tells apart, it leaves out where it is not SQLite. */
type Define = (open: OpenTestDatabase, isSqlite: boolean) => void

/** Runs the tests of `define` on SQLite and on PostgreSQL. Where there is no PostgreSQL that half is skipped by name, and in CI fails. */
export function describeDatabases(define: Define): void {
  describe('on SQLite', () => defineOn(createSqlite, define))

  const postgresUrl = inject('postgresUrl')
  if (postgresUrl === undefined && process.env['CI'] !== undefined) {
    throw new Error(NO_POSTGRES)
  }
  describe.skipIf(postgresUrl === undefined)(
    postgresUrl === undefined ? 'on PostgreSQL (NOT RUN: install it, or set PUNKU_TEST_POSTGRES)' : 'on PostgreSQL',
    () => defineOn((isEmpty) => createPostgres(postgresUrl ?? '', isEmpty), define),
  )
}

function defineOn(create: CreateDatabase, define: Define): void {
  const cleanUps: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  })
  define(async (options) => {
    const { url, remove } = await create(options?.isEmpty === true)
    cleanUps.push(remove)
    const database = openDatabase({ url })
    cleanUps.push(() => database.close())
    return { ...database, url }
  }, create === createSqlite)
}

const createSqlite: CreateDatabase = async (isEmpty) => {
  const folder = mkdtempSync(join(tmpdir(), 'punku-db-'))
  const file = join(folder, 'punku.db')
  if (!isEmpty) copyFileSync(inject('sqliteTemplate'), file)
  return { url: pathToFileURL(file).href, remove: async () => rmSync(folder, { recursive: true, force: true }) }
}

/** Databases with all tables and nothing in them, which tests before have given back. */
const free: string[] = []

async function createPostgres(clusterUrl: string, isEmpty = false): Promise<{ url: string; remove(): Promise<void> }> {
  const kept = isEmpty ? undefined : free.pop()
  if (kept !== undefined) return { url: kept, remove: () => giveBack(kept) }
  const name = inject('postgresPrefix') + randomId(12)
  await runStatement(clusterUrl, `create database ${name}${isEmpty ? '' : ` template ${inject('postgresTemplate')}`}`)
  const parsed = new URL(clusterUrl)
  parsed.pathname = `/${name}`
  const url = parsed.href
  return {
    url,
    remove: async () =>
      void (await (isEmpty ? runStatement(clusterUrl, `drop database ${name} with (force)`) : giveBack(url))),
  }
}

/**
 * Empties a database: that takes a hundredth of what a new one does. Rows are deleted, since to truncate a table is to
 * make it and its indexes anew; sequences begin again where they were used.
 */
async function giveBack(url: string): Promise<void> {
  await runStatement(
    url,
    `do $$ declare name text; is_empty boolean := false; begin
      while not is_empty loop
        is_empty := true;
        for name in select quote_ident(tablename) from pg_tables
          where schemaname = 'public' and tablename not like 'kysely%' loop
          begin
            execute 'delete from ' || name;
          exception when foreign_key_violation then
            -- What refers to it is deleted later in this turn, and this in the next.
            is_empty := false;
          end;
        end loop;
      end loop;
      for name in select quote_ident(sequencename) from pg_sequences where last_value is not null loop
        execute 'alter sequence ' || name || ' restart';
      end loop;
      insert into orgs (id, slug, name, settings, version, created_at, updated_at)
        values ('default', 'default', 'Default', '{}', 1, 0, 0);
    end $$`,
  )
  free.push(url)
}
