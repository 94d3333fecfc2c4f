import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterEach, describe, inject, onTestFinished } from 'vitest'
import { randomId } from '../../src/core/id.ts'
import { type OpenDatabase, openDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrations.ts'
import './postgres-global.ts'

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

type CreateDatabase = () => Promise<{ url: string; remove(): Promise<void> }>

const NO_POSTGRES = 'No PostgreSQL for the tests: install it, or set PUNKU_TEST_POSTGRES to the URL of one.'

/** Opens a new database with all tables, for tests to which it does not matter which; it is gone after the test. */
export async function openMemory(): Promise<OpenDatabase> {
  const database = openDatabase({ url: ':memory:' })
  onTestFinished(() => database.close())
  await migrate(database)
  return database
}

/** Runs the tests of `define` on SQLite and on PostgreSQL. Where there is no PostgreSQL that half is skipped by name, and in CI fails. */
export function describeDatabases(define: (open: OpenTestDatabase) => void): void {
  describe('on SQLite', () => defineOn(createSqlite, define))

  const postgresUrl = inject('postgresUrl')
  if (postgresUrl === undefined && process.env['CI'] !== undefined) {
    throw new Error(NO_POSTGRES)
  }
  describe.skipIf(postgresUrl === undefined)(
    postgresUrl === undefined ? 'on PostgreSQL (NOT RUN: install it, or set PUNKU_TEST_POSTGRES)' : 'on PostgreSQL',
    () => defineOn(() => createPostgres(postgresUrl ?? ''), define),
  )
}

function defineOn(create: CreateDatabase, define: (open: OpenTestDatabase) => void): void {
  const cleanUps: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  })
  define(async (options) => {
    const { url, remove } = await create()
    cleanUps.push(remove)
    const database = openDatabase({ url })
    cleanUps.push(() => database.close())
    if (options?.isEmpty !== true) await migrate(database)
    return { ...database, url }
  })
}

const createSqlite: CreateDatabase = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'punku-db-'))
  return {
    url: pathToFileURL(join(folder, 'punku.db')).href,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function createPostgres(clusterUrl: string): Promise<{ url: string; remove(): Promise<void> }> {
  const name = `punku_test_${randomId(12)}`
  await runOnce(clusterUrl, `create database ${name}`)
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return { url: url.href, remove: () => runOnce(clusterUrl, `drop database ${name} with (force)`) }
}

async function runOnce(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
