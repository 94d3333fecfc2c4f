import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { TestProject } from 'vitest/node'
import { randomId } from '../../src/core/id.ts'
import { openDatabase } from '../../src/gateway/store/database.ts'
import { migrate } from '../../src/gateway/store/migrations.ts'
import { startPostgresCluster } from './postgres-cluster.ts'
import { runStatement } from './postgres-statement.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The PostgreSQL the run may use; `undefined` when there is none. */
    postgresUrl: string | undefined
    /** What the names of all databases of this run begin with; whatever is left of them is dropped when it ends. */
    postgresPrefix: string
    /** A database there that has all tables: a copy of it is made in a part of the time that making them takes. */
    postgresTemplate: string
    /** The same as a SQLite file. */
    sqliteTemplate: string
  }
}

/** What Node has compiled of the modules, for every process that tests start: each else takes half a second longer. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/punku-cli', import.meta.url))

/** Vitest's global set-up: `PUNKU_TEST_POSTGRES` if set, else one throw-away cluster for the run where it can be had. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  process.env['NODE_COMPILE_CACHE'] ??= COMPILE_CACHE
  await using opened = new AsyncDisposableStack()
  const given = process.env['PUNKU_TEST_POSTGRES']
  const cluster = given === undefined ? await startPostgresCluster() : undefined
  if (cluster !== undefined) opened.use(cluster)
  const postgresUrl = given ?? cluster?.url
  project.provide('postgresUrl', postgresUrl)

  const postgresPrefix = `punku_${randomId(10)}_`
  const postgresTemplate = `${postgresPrefix}template`
  project.provide('postgresPrefix', postgresPrefix)
  if (postgresUrl !== undefined) {
    await runStatement(postgresUrl, `create database ${postgresTemplate}`)
    if (given !== undefined) opened.defer(() => dropAll(given, postgresPrefix))
    const url = new URL(postgresUrl)
    url.pathname = `/${postgresTemplate}`
    await makeTables(url.href)
  }
  project.provide('postgresTemplate', postgresTemplate)

  const folder = mkdtempSync(join(tmpdir(), 'punku-template-'))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  const sqliteTemplate = join(folder, 'punku.db')
  await makeTables(pathToFileURL(sqliteTemplate).href)
  project.provide('sqliteTemplate', sqliteTemplate)
  // For processes that tests start too.
  process.env['PUNKU_TEST_SQLITE_TEMPLATE'] = sqliteTemplate

  const kept = opened.move()
  return () => kept.disposeAsync()
}

async function makeTables(url: string): Promise<void> {
  const database = openDatabase({ url })
  await migrate(database)
  await database.close()
}

async function dropAll(url: string, prefix: string): Promise<void> {
  const names = await runStatement(url, `select datname from pg_database where starts_with(datname, '${prefix}')`)
  for (const { datname } of names) await runStatement(url, `drop database ${String(datname)} with (force)`)
}
