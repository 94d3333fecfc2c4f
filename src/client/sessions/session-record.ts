import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import { ensureHome } from '../../config/home.ts'
import { readSecretFile, writeSecretFile } from '../../config/secret-file.ts'
import { parseJson } from '../../core/parse-json.ts'

const FOLDER = 'sessions'
const ENDING = '.json'
/** It is the name of a file. */
const SESSION_ID = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/
const count = z.int().min(0)
const name = z.string().regex(/^[\x20-\x7e]{1,128}$/)

const schema = z.strictObject({
  form: z.literal(1),
  id: z.string().regex(SESSION_ID),
  label: name.max(64).nullable(),
  tool: z.enum(['claude', 'codex']),
  toolVersion: name.nullable(),
  models: z.array(name).max(20),
  /** Epoch milliseconds; null: the transcript tells no times. */
  firstAt: count.nullable(),
  wallMs: z.number().min(0).nullable(),
  turns: count,
  errors: count,
  promptTokens: count,
  completionTokens: count,
  cachedTokens: count,
  /** In US dollars, as the tool says; null: it does not. */
  cost: z.number().min(0).nullable(),
  toolCalls: z.array(z.strictObject({ name, count })).max(201),
})

/** What was counted in a tool's own transcript: numbers and names, nothing of what was said. */
export type SessionRecord = z.output<typeof schema>

/** Whether a session may be kept under this id. */
export function isRecordId(text: string): boolean {
  return SESSION_ID.test(text)
}

/** Whether a label may be kept: visible ASCII, with no space at its ends. */
export function isRecordLabel(text: string): boolean {
  return text.length <= 64 && text.trim() === text && name.safeParse(text).success
}

/** Keeps a record in the state folder, in the place of an earlier one of the session. */
export function writeSessionRecord(home: string, record: SessionRecord): void {
  ensureHome(home)
  mkdirSync(join(home, FOLDER), { recursive: true, mode: 0o700 })
  writeSecretFile(fileOf(home, record.id), `${JSON.stringify(schema.parse(record), undefined, 2)}\n`)
}

/** The record of a session; `undefined`: none is kept. @throws ConfigError when its file is damaged */
export function readSessionRecord(home: string, id: string): SessionRecord | undefined {
  if (!isRecordId(id)) return undefined
  const file = fileOf(home, id)
  const text = readSecretFile(file)
  if (text === undefined) return undefined
  const result = schema.safeParse(parseJson(text))
  if (result.success) return result.data
  throw new ConfigError([`${file} is damaged. Remove it, and import the transcript anew.`])
}

/** All records that are kept, the last begun first. @throws ConfigError when a file is damaged */
export function readSessionRecords(home: string): readonly SessionRecord[] {
  const records = namesIn(join(home, FOLDER)).flatMap((file) => {
    const record = file.endsWith(ENDING) ? readSessionRecord(home, file.slice(0, -ENDING.length)) : undefined
    return record === undefined ? [] : [record]
  })
  return records.sort((one, other) => (other.firstAt ?? 0) - (one.firstAt ?? 0))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function fileOf(home: string, id: string): string {
  return join(home, FOLDER, `${id}${ENDING}`)
}
