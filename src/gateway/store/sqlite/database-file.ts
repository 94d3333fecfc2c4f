import { statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Which file it is, whatever its path. It can be sent to a thread. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

/** What has become of a file whose path does not lead to it any more. */
export type FileLoss = 'gone' | 'replaced'

/** The file at a path. Throws the system's error where there is none. */
export function identityOf(path: string): FileIdentity {
  const { dev, ino } = statSync(path, { bigint: true })
  return { dev, ino }
}

/** Whether the path leads to that file no more, and why; `undefined`: it does, or that cannot be told. */
export async function fileLossOf(path: string, file: FileIdentity): Promise<FileLoss | undefined> {
  try {
    return isSame(await stat(path, { bigint: true }), file) ? undefined : 'replaced'
  } catch (error) {
    return lossBy(error)
  }
}

/**
 * For whoever is about to write, in a thread of its own. A file that was deleted can still be written to as long as it is
 * open, and all of that is gone with the process.
 * @throws DatabaseFileLost where the path leads to that file no more
 */
export function requireFile(path: string, file: FileIdentity): void {
  let loss: FileLoss | undefined
  try {
    if (!isSame(statSync(path, { bigint: true }), file)) loss = 'replaced'
  } catch (error) {
    loss = lossBy(error)
  }
  if (loss !== undefined) throw new DatabaseFileLost(loss)
}

/** The path of an open database leads to its file no more. */
export class DatabaseFileLost extends Error {
  override readonly name = 'DatabaseFileLost'
  /** It is what is left of the error on its way between threads. */
  readonly code: string

  constructor(loss: FileLoss) {
    super(`the file of the database is ${loss}`)
    this.code = FILE_LOST_CODES[loss]
  }
}

/** The codes of a `DatabaseFileLost`. */
export const FILE_LOST_CODES = {
  gone: 'DATABASE_FILE_GONE',
  replaced: 'DATABASE_FILE_REPLACED',
} as const satisfies Record<FileLoss, string>

function isSame(one: FileIdentity, other: FileIdentity): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

/** Rights that were taken away say nothing of the file, and it can be written to as before. */
function lossBy(error: unknown): FileLoss | undefined {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : undefined
}
