import { ConfigError } from '../../config/config-error.ts'
import { CommandFailure } from '../../core/command-failure.ts'

/** What is said of a SQLite file by the primary result code (sqlite.org/rescode.html); the file's path comes before it. */
const SQLITE_TROUBLES: Readonly<Record<number, string>> = {
  5: 'is locked by another program. Close that one, and try again',
  8: 'may not be written by this user. Check who owns it and its folder, and whether the disk is mounted read-only',
  10: 'cannot be read or written: the disk or its file system fails. Check it, and put the database back from a backup',
  11: 'is damaged: a part of it was overwritten or is missing, or it was copied while a gateway ran. Put it back from a backup, with the files beside it moved away',
  13: 'cannot be written: the disk is full. Make room, and try again',
  14: 'cannot be opened. Check that it is a file, and who may read and write it and its folder',
  26: 'is no database of Punku. Put the right file back, or move this one away',
}

/** The same by the system's code, for what fails before SQLite has seen the file. */
const FILE_TROUBLES: Readonly<Record<string, string>> = {
  EACCES: SQLITE_TROUBLES[8] ?? '',
  EPERM: SQLITE_TROUBLES[8] ?? '',
  EROFS: SQLITE_TROUBLES[8] ?? '',
  ENOSPC: SQLITE_TROUBLES[13] ?? '',
  ENOENT: 'cannot be made: its folder is not there. Make the folder, or set another `database.url`',
  ELOOP: 'is a link to itself. Remove it, and put the database there',
  ENOTDIR: 'cannot be made: a part of its path is no folder. Set another `database.url`',
}

const POSTGRES_PORT = '5432'

/** PostgreSQL's and the network's codes of a server that is away for now, and not set up otherwise. */
const AWAY_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  // Its socket is not there.
  'ENOENT',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  '53300',
  '57P01',
  '57P02',
  '57P03',
])

/** What the database's server refuses until the configuration is another (postgresql.org, appendix A). */
const REFUSALS: Readonly<Record<string, string>> = {
  '28000': 'it refuses this user from here. Check `database.url` and the server’s pg_hba.conf',
  '28P01': 'the password is wrong. Check `database.url`',
  '3D000': 'it has no database of that name. Make one with createdb, or change `database.url`',
  '42501': 'this user may not make tables. Give it the right to, or its own database',
}

/**
 * The error for whoever started the program, where a database cannot be used: one sentence that names the file or the
 * server and says what to do. Any other error is given back as it is.
 */
export function explainDatabase(error: unknown, url: string): unknown {
  const { code, errcode } = innermost(error)
  if (url.startsWith('file:')) {
    const trouble = errcode === undefined ? FILE_TROUBLES[code ?? ''] : SQLITE_TROUBLES[errcode & 0xff]
    return trouble === undefined ? error : fileError(url, trouble, error)
  }
  const server = serverOf(url)
  const refusal = REFUSALS[code ?? '']
  if (refusal !== undefined)
    return new ConfigError([`PostgreSQL at ${server} cannot be used: ${refusal}.`], { cause: error })
  if (!AWAY_CODES.has(code ?? '') && !isTimeout(error)) return error
  return new CommandFailure(
    'away',
    `PostgreSQL at ${server} does not answer (${code ?? 'it took too long'}). Check that it runs and can be reached from here; start Punku again then.`,
    { cause: error },
  )
}

/** A file that is no database can be told by its path alone. */
export function fileError(url: string, trouble: string, cause?: unknown): ConfigError {
  return new ConfigError([`The database ${decodeURIComponent(new URL(url).pathname)} ${trouble}.`], { cause })
}

/** Host and port, or the folder of its socket, which `pg` takes before the host; never the password. */
export function serverOf(url: string): string {
  const { hostname, port, searchParams } = new URL(url)
  const host = searchParams.get('host') || decodeURIComponent(hostname) || 'localhost'
  return host.startsWith('/') ? host : `${host}:${searchParams.get('port') || port || POSTGRES_PORT}`
}

interface Coded {
  readonly code?: string | undefined
  readonly errcode?: number | undefined
}

/** The database's own error, behind those that say what was tried; of several tries the last. */
function innermost(error: unknown): Coded {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors.at(-1))
  if (error instanceof Error && error.cause !== undefined) return innermost(error.cause)
  return error instanceof Error ? (error as Coded) : {}
}

/** The pool says so in words alone. */
function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return /timeout/i.test(error.message) || isTimeout(error.cause)
}
