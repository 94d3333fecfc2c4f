import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'

/** A configuration is a few kilobytes. What is larger is something else. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/** A file of another program as it is now. */
export interface ForeignFile {
  /** Where it is once all links are followed: what is written, so that the link itself stays. */
  readonly target: string
  /** With its byte order mark; `undefined` where there is no file. */
  readonly text: string | undefined
  /** Its permission bits; `undefined` where there is no file. */
  readonly mode: number | undefined
  /** Folders on the way that would have to be made, the outermost first. */
  readonly missingFolders: readonly string[]
}

/**
 * Reads a file that is to be changed.
 * @throws ConfigError for all that is not changed: a folder, a device, another user's file, one that may not be
 * written, one that is no UTF-8 or larger than 4 MiB. The message says what to do.
 */
export function readForeignFile(file: string): ForeignFile {
  try {
    const entry = lstatSync(file, { throwIfNoEntry: false })
    if (entry === undefined) return absent(file)
    if (entry.isSymbolicLink() && statSync(file, { throwIfNoEntry: false }) === undefined) {
      throw refusal(file, 'is a link that leads nowhere. Remove it, or put the file there that it should lead to')
    }
    return present(file, realpathSync(file))
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError([`${file} cannot be read (${code}). Check its path and rights, and try again.`], {
      cause: error,
    })
  }
}

/**
 * Writes the file beside its place and moves it there, so that after a crash the old or the new text is there, never a
 * part. Folders on the way are made, for this user alone.
 * @param mode its permission bits. Default: those of any new file
 * @throws ConfigError where the disk or its rights do not allow it
 */
export function writeForeignFile(target: string, text: string, mode?: number): void {
  const temporary = join(dirname(target), `${temporaryPrefix(target)}${randomBytes(6).toString('hex')}`)
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
    removeTemporary(target)
    // What may hold a key is open to nobody else for a moment either.
    const file = openSync(temporary, 'wx', mode === undefined ? 0o666 : mode & 0o600)
    try {
      if (mode !== undefined) fchmodSync(file, mode)
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    const { code } = error as NodeJS.ErrnoException
    const what =
      code === 'ENOSPC' ? 'its disk is full; make room' : `${code ?? 'unknown'}; check its rights and its disk`
    throw new ConfigError([`${target} cannot be written: ${what}, and try again.`], { cause: error })
  }
}

/** Deletes the file, and of these folders those that are empty then. */
export function deleteForeignFile(target: string, folders: readonly string[]): void {
  unlinkSync(target)
  clearBeside(target, folders)
}

/** Takes away what an interrupted `writeForeignFile` left: its half-written file, and of these folders those that are empty. */
export function clearBeside(target: string, folders: readonly string[]): void {
  removeTemporary(target)
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // Somebody keeps something in it.
      return
    }
  }
}

function temporaryPrefix(target: string): string {
  return `.${basename(target)}.punku-`
}

/** One writes at a time: what has such a name was left by a process that died, and may hold a key. */
function removeTemporary(target: string): void {
  const folder = dirname(target)
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    if (name.startsWith(temporaryPrefix(target))) rmSync(join(folder, name), { force: true })
  }
}

function absent(file: string): ForeignFile {
  const missingFolders: string[] = []
  let folder = dirname(file)
  for (; statSync(folder, { throwIfNoEntry: false }) === undefined; folder = dirname(folder)) {
    if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) {
      throw refusal(folder, 'is a link that leads nowhere. Remove it, or make the folder that it should lead to')
    }
    missingFolders.unshift(folder)
  }
  if (!statSync(folder).isDirectory()) throw refusal(folder, 'is a file, where a folder has to be. Move it away')
  refuseUnwritable(folder)
  return {
    target: join(realpathSync(folder), file.slice(folder.length)),
    text: undefined,
    mode: undefined,
    missingFolders,
  }
}

function present(file: string, target: string): ForeignFile {
  const stats = statSync(target)
  const user = process.getuid?.()
  if (stats.isDirectory()) throw refusal(file, 'is a folder, where a file has to be. Move it away')
  if (!stats.isFile()) throw refusal(file, 'is no plain file. Move it away')
  if (user !== undefined && stats.uid !== user) {
    throw refusal(file, `belongs to the user with the id ${stats.uid}, and this is ${user}. Run this as that user`)
  }
  if ((stats.mode & 0o200) === 0) {
    throw refusal(file, `may not be written: somebody wants it to stay as it is. To allow it: chmod u+w ${target}`)
  }
  if (stats.size > MAX_FILE_BYTES) {
    throw refusal(file, `has ${stats.size} bytes, and a configuration of more than ${MAX_FILE_BYTES} is not read`)
  }
  refuseUnwritable(dirname(target))
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(target))
    return { target, text, mode: stats.mode & 0o777, missingFolders: [] }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw refusal(file, 'is not written in UTF-8. Save it as UTF-8 in an editor')
  }
}

function refuseUnwritable(folder: string): void {
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    throw refusal(folder, `may not be written to, and a file in it is to be changed. Check its rights`)
  }
}

function refusal(file: string, what: string): ConfigError {
  return new ConfigError([`${file} ${what}, and try again. Nothing was changed.`])
}
