import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { ConfigError } from '../../config/config-error.ts'
import type { Config } from '../../config/load.ts'
import { createPepper, pepperPath, readPepper } from '../../config/pepper.ts'
import { derivedKey } from '../../core/derived-key.ts'
import { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { FactRepository } from '../store/fact-repository.ts'
import { isMigrated, migrate } from '../store/migrations.ts'
import { explainDatabase, fileError, serverOf } from './database-trouble.ts'

/** Keeps the fingerprint apart from all else that is made from the pepper. */
const FINGERPRINT_LABEL = 'punku pepper fingerprint 1'

/** A database that is whole, brought up to date, and the pepper under which all in it was made. */
export interface CheckedDatabase {
  readonly database: OpenDatabase
  readonly pepper: Secret
  readonly facts: FactRepository
  /** What people call it: its file, or host and port of its server. */
  readonly name: string
}

/**
 * Opens the database that the configuration names, and the pepper it belongs to. Both are made where there is neither.
 * @throws ConfigError where one is there without the other, where they do not belong together, and for a database that
 * cannot be used; CommandFailure where its server is away.
 */
export async function openCheckedDatabase(options: {
  readonly home: string
  readonly config: Config
  readonly log: Logger
}): Promise<CheckedDatabase> {
  const { home, config, log } = options
  const given = config.secrets.pepper ?? readPepper(home)
  const url = config.database.url?.reveal() ?? pathToFileURL(join(home, 'punku.db')).href
  let database: OpenDatabase | undefined
  try {
    refuseOtherThanFile(url)
    database = openDatabase({ url, log })
    await refuseOther(database, given, () => otherPepper(url, home, config))
    const isNew = !(await isMigrated(database))
    if (isNew && given !== undefined) throw emptied(url, home)
    await requireWhole(database, isNew, url)
    await migrate(database)
    const facts = new FactRepository(database)
    const pepper = given ?? (await newPepper(home, database, facts, url))
    const fingerprint = fingerprintOf(pepper)
    if ((await facts.claim('pepper', fingerprint)) !== fingerprint) throw otherPepper(url, home, config)
    return { database, pepper, facts, name: nameOf(url) }
  } catch (error) {
    await database?.close().catch(() => {})
    const explained = explainDatabase(error, url)
    // Of the database itself: it is of a newer version, or its tables are not ours.
    throw explained instanceof PunkuError
      ? new ConfigError([`${nameOf(url)} cannot be used. ${explained.message}`], { cause: error })
      : explained
  }
}

/**
 * Looks at the fingerprint before anything is written: SQLite folds a write-ahead log that lies beside a file into it when
 * the first one who may write leaves, and where that is another database's, nothing is left of this one.
 */
async function refuseOther(
  database: OpenDatabase,
  given: Secret | undefined,
  refusal: () => ConfigError,
): Promise<void> {
  if (given === undefined) return
  const found = await new FactRepository(database).find('pepper').catch((error: unknown) => {
    if (isMissingTable(error)) return undefined
    throw error
  })
  if (found !== undefined && found !== fingerprintOf(given)) throw refusal()
}

/** An older version's database has no such table, and a new one none. */
function isMissingTable(error: unknown): boolean {
  const { code, message } = error as { readonly code?: string; readonly message?: string }
  return code === '42P01' || message?.includes('no such table') === true
}

function fingerprintOf(pepper: Secret): string {
  return derivedKey(pepper, FINGERPRINT_LABEL).toString('hex')
}

function refuseOtherThanFile(url: string): void {
  if (!url.startsWith('file:')) return
  const path = fileURLToPath(url)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isDirectory()) throw fileError(url, 'is a folder. Move it away; a file is made in its place')
  if (stats?.isFile() === false)
    throw fileError(url, 'is a pipe or a device. Move it away; a file is made in its place')
  for (const beside of [`${path}-wal`, `${path}-shm`]) {
    if (statSync(beside, { throwIfNoEntry: false })?.isFile() !== false) continue
    throw fileError(url, `cannot be opened, because ${beside} is no file. Move that away, and try again`)
  }
}

/**
 * A file that was copied while a gateway wrote to it, or lost pages in a crash, can be read a long way before it shows.
 * To look at all of it takes a second for a gigabyte, so one that was closed in order is taken at its word.
 */
async function requireWhole(database: OpenDatabase, isNew: boolean, url: string): Promise<void> {
  if (database.dialect !== 'sqlite' || isNew || (await wasClosed(database))) return
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(database.db)
  if (rows[0]?.quick_check === 'ok') return
  throw fileError(
    url,
    'is damaged: it was copied while a gateway ran, or its disk lost a part of it. Put it back from a backup, with the files beside it moved away',
    rows[0]?.quick_check,
  )
}

async function wasClosed(database: OpenDatabase): Promise<boolean> {
  try {
    return (await new FactRepository(database).find('gateway')) === 'closed'
  } catch {
    // An older version's, which has no such table: or damaged.
    return false
  }
}

/** A new pepper for what is new; for all else it would be the wrong one. */
async function newPepper(home: string, database: OpenDatabase, facts: FactRepository, url: string): Promise<Secret> {
  // Before there was a fingerprint, chains were begun under it.
  const chain = await database.db.selectFrom('chains').select('name').limit(1).executeTakeFirst()
  if (chain === undefined && (await facts.find('pepper')) === undefined) return createPepper(home)
  throw new ConfigError([
    `${nameOf(url)} was made with a pepper that is not here, and without it no key, tunnel or entry in it is valid. Put it back as ${pepperPath(home)} from a backup or from the other gateway of this database, or name it in \`secrets.pepperFile\`.`,
  ])
}

function emptied(url: string, home: string): ConfigError {
  return new ConfigError([
    `${nameOf(url)} is empty or gone, though this state folder has been in use: ${pepperPath(home)} is there. Put the database back from a backup. To begin anew, move the pepper away: every key made so far ends with it.`,
  ])
}

function otherPepper(url: string, home: string, config: Config): ConfigError {
  const own = config.secrets.pepper === undefined ? pepperPath(home) : 'the one of `secrets.pepperFile`'
  return new ConfigError([
    `${nameOf(url)} was made with another pepper than ${own}, and its keys would not be known here. Put the right one in its place: that of the first gateway on this database, or of the backup; \`secrets.pepperFile\` can name it.`,
  ])
}

function nameOf(url: string): string {
  return url.startsWith('file:')
    ? `The database ${fileURLToPath(url)}`
    : `The database at PostgreSQL on ${serverOf(url)}`
}
