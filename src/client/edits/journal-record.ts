import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import { readSecretFile, writeSecretFile } from '../../config/secret-file.ts'
import type { DocumentValue } from './documents/document-format.ts'

const OWNER = /^[a-z0-9][a-z0-9-]*$/

const value = z.custom<DocumentValue>((given) => given !== undefined)
/** What stands at a place: a value, or, without one, nothing. */
const held = z.strictObject({ value: value.optional() })
const change = z.strictObject({
  path: z.array(z.string()),
  item: z.strictObject({ by: z.string(), id: value }).optional(),
  /** How many names of the path were there before. */
  standing: z.number().int(),
  old: held,
  /** What we put there: one, or while files are being written also what was there before that was ours. */
  news: z.array(held).min(1),
})
const file = z.strictObject({
  file: z.string(),
  format: z.enum(['json', 'jsonc', 'yaml', 'toml', 'whole', 'block']),
  /** What it was before us; `undefined`: there was none. */
  first: z.strictObject({ sha256: z.string(), mode: z.number().int(), backup: z.string() }).optional(),
  madeFolders: z.array(z.string()),
  /** The hashes of the texts that are ours whole: the one we left there, or while it is written also the one before. */
  left: z.array(z.string()),
  changes: z.array(change),
})
const record = z.strictObject({ version: z.literal(1), appliedAt: z.number(), files: z.array(file) })

/** A place that a set-up changed, what stood there first and what it put there. */
export type JournalChange = Readonly<z.infer<typeof change>>

/** What a set-up made of one file, and what is needed to take it back. */
export type JournalFile = Readonly<z.infer<typeof file>>

/** All files of a set-up. */
export type JournalRecord = Readonly<z.infer<typeof record>>

/** The set-ups that are recorded in the folder, by name. */
export function recordedOwners(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).map((name) => /^(.*)\.json$/.exec(name)?.[1] ?? '')
    return names.filter((name) => OWNER.test(name)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** What is recorded of a set-up; `undefined` where it is not set up. @throws ConfigError for a damaged record */
export function readRecord(folder: string, owner: string): JournalRecord | undefined {
  const path = pathOf(folder, owner)
  const text = readSecretFile(path)
  if (text === undefined) return undefined
  try {
    return record.parse(JSON.parse(text))
  } catch (error) {
    throw new ConfigError(
      [
        `${path} is damaged: what was set up cannot be taken back by it. The old files stand beside it; move it away to go on.`,
      ],
      // A schema's complaint may hold a value, and a value may be a key.
      { cause: error instanceof SyntaxError ? undefined : (error as Error).name },
    )
  }
}

/** Writes what is recorded of a set-up; without any file it is forgotten, with its backups. */
export function writeRecord(folder: string, owner: string, { appliedAt, files }: Omit<JournalRecord, 'version'>): void {
  if (files.length > 0) {
    writeSecretFile(pathOf(folder, owner), JSON.stringify({ version: 1, appliedAt, files } satisfies JournalRecord))
  } else rmSync(pathOf(folder, owner), { force: true })
  const needed = new Set(files.map(({ first }) => first?.backup))
  const isBackup = (name: string) => name.startsWith(`${owner}.`) && name.endsWith('.old')
  for (const name of readdirSync(folder)) {
    if (isBackup(name) && !needed.has(name)) rmSync(join(folder, name), { force: true })
  }
}

function pathOf(folder: string, owner: string): string {
  if (!OWNER.test(owner)) throw new TypeError(`${owner} is no name of a set-up`)
  return join(folder, `${owner}.json`)
}
