import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import { writeSecretFile } from '../../config/secret-file.ts'
import { parseJson } from '../../core/parse-json.ts'

/** A version that worked, kept to come back to. */
export interface PinnedVersion {
  /** The name of a tool. */
  readonly tool: string
  readonly version: string
  /** Epoch milliseconds. */
  readonly pinnedAt: number
  /** How it was known to work. */
  readonly evidence: string
}

/** A version is put into a command line: nothing but what versions have, and no word such as `latest`. */
const VERSION = /^\d[0-9A-Za-z.+_-]{0,63}$/
/** The lists of a few dozen tools; more is another file. */
const MAX_BYTES = 262_144

const lockSchema = z.strictObject({
  pinned: z
    .array(
      z.strictObject({
        tool: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
        version: z.string().regex(VERSION),
        pinnedAt: z.iso.datetime(),
        evidence: z.string().max(512),
      }),
    )
    .max(100),
})

/**
 * The pinned versions of a lock file, which is data alone; empty where there is no file.
 * @throws ConfigError when it cannot be read or is none; the message says what to do.
 */
export function readVersionLock(file: string): readonly PinnedVersion[] {
  let text: string
  try {
    const stats = statSync(file)
    // A device may have no end.
    text = stats.isFile() && stats.size <= MAX_BYTES ? readFileSync(file, 'utf8') : ''
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new ConfigError([`${file} cannot be read (${code}).`], { cause: error })
  }
  const result = lockSchema.safeParse(parseJson(text))
  if (!result.success) {
    const fault = result.error.issues[0]?.path.join('.') || 'it is no JSON object of the form that is written here'
    throw new ConfigError([
      `${file} is no list of pinned versions (${fault}). If it was one, remove it and pin the versions anew; else name another with --file.`,
    ])
  }
  return result.data.pinned.map(({ pinnedAt, ...rest }) => ({ ...rest, pinnedAt: Date.parse(pinnedAt) }))
}

/**
 * Pins versions, each in place of the one of its tool; others stay.
 * @throws ConfigError when the file cannot be read or written; the message says what to do
 */
export function writeVersionLock(file: string, pins: readonly PinnedVersion[]): void {
  const kept = readVersionLock(file).filter(({ tool }) => pins.every((pin) => pin.tool !== tool))
  const pinned = [...kept, ...pins].map(({ pinnedAt, ...rest }) => ({
    ...rest,
    pinnedAt: new Date(pinnedAt).toISOString(),
  }))
  try {
    writeSecretFile(file, `${JSON.stringify({ pinned } satisfies z.input<typeof lockSchema>, undefined, 2)}\n`)
  } catch (cause) {
    const { code = 'it failed' } = cause as NodeJS.ErrnoException
    throw new ConfigError([`${file} cannot be written (${code}). Check that its folder is there, and yours.`], {
      cause,
    })
  }
}
