import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ConfigError } from './config-error.ts'

/** Writes the file, or replaces it whole, readable by this user only. After a crash the old or the new text is there, never a part. */
export function writeSecretFile(path: string, text: string): void {
  writeBeside(path, text, (temporary) => renameSync(temporary, path))
}

/** Like `writeSecretFile`, but leaves a file that is there alone: `false` then. Of two at once one wins. */
export function createSecretFile(path: string, text: string): boolean {
  try {
    writeBeside(path, text, (temporary) => {
      linkSync(temporary, path)
      unlinkSync(temporary)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * The text of a file this program wrote; `undefined` when there is none.
 * @throws ConfigError when it is a link, another user's, or open to other users: it must be taken for known to them.
 */
export function readSecretFile(path: string): string | undefined {
  let file: number
  try {
    // A pipe in its place would be waited for until somebody writes to it.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return undefined
    throw new ConfigError([`${path} cannot be read (${code}): it must be a plain file of this user.`], { cause: error })
  }
  try {
    const stats = fstatSync(file)
    const user = process.getuid?.()
    if (!stats.isFile() || (user !== undefined && stats.uid !== user)) {
      throw new ConfigError([`${path} must be a plain file of this user, and is not. Put the right file in its place.`])
    }
    if (user !== undefined && (stats.mode & 0o077) !== 0) {
      throw new ConfigError([
        `Other users of this machine can read ${path}. Close it with: chmod 600 ${path}. If any of them may have read it, replace the secret.`,
      ])
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function writeBeside(path: string, text: string, place: (temporary: string) => void): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  const file = openSync(temporary, 'wx', 0o600)
  try {
    try {
      // The mode given to open is narrowed by the umask: a secret this user cannot read is none.
      fchmodSync(file, 0o600)
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    place(temporary)
  } catch (error) {
    unlinkSync(temporary)
    throw error
  }
  syncFolder(dirname(path))
}

/** The new name outlives a power cut only once its folder is on the disk. Windows has no such call. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
