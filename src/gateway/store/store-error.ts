import { PunkuError } from '../../core/error.ts'
import { FILE_LOST_CODES, type FileLoss } from './sqlite/database-file.ts'

/** What a database that cannot work says, by SQLite's primary result code (sqlite.org/rescode.html). */
const SQLITE_REASONS: Readonly<Record<number, string>> = {
  5: 'another program holds it locked',
  8: 'it may not be written to',
  10: 'its disk fails',
  11: 'it is damaged',
  13: 'its disk is full',
  14: 'its file cannot be opened',
}

/** Why a SQLite file is not written to that is not where it was, in words that follow "because". */
export const FILE_LOST_REASONS: Readonly<Record<FileLoss, string>> = {
  gone: 'its file was moved away or deleted while the gateway ran',
  replaced: 'another file was put in place of its own while the gateway ran',
}

/** What to do then. */
export const LOST_FILE_ADVICE =
  'Put the same file back, and it goes on; where that is gone, stop the gateway, put a backup in its place, and start it.'

/** The same by PostgreSQL's code (appendix A). */
const POSTGRES_REASONS: Readonly<Record<string, string>> = {
  '53100': 'its disk is full',
  '53300': 'it has no connection left',
  '25006': 'it may not be written to',
  '55P03': 'another program holds it locked',
}

/** The reason where its server is gone. */
export const POSTGRES_AWAY = 'PostgreSQL does not answer'

/** Its server is gone, starts, or cannot be reached: by PostgreSQL's code, or the system's. */
const AWAY =
  /^(57P0[1-3]|08\d{3}|E(NOENT|CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND)|EAI_AGAIN)$/
/** `pg` has no codes for these. */
const AWAY_WORDS = /connection terminated|timeout exceeded when trying to connect|connection error/i

/** Why the database could not do what it was asked, in words that follow "because"; `undefined` for any other error. */
export function storeTroubleOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof PunkuError) return undefined
  const { code, errcode } = error as { readonly code?: string; readonly errcode?: number }
  const loss = lossOf(error)
  if (loss !== undefined) return FILE_LOST_REASONS[loss]
  if (errcode !== undefined) return SQLITE_REASONS[errcode & 0xff]
  const reason = POSTGRES_REASONS[code ?? '']
  if (reason !== undefined) return reason
  if (AWAY.test(code ?? '') || AWAY_WORDS.test(error.message)) return POSTGRES_AWAY
  return error.cause === undefined ? undefined : storeTroubleOf(error.cause)
}

/** The error for whoever asked for something that the database could not do; any other error is given back as it is. */
export function storeError(error: unknown): unknown {
  const reason = storeTroubleOf(error)
  if (reason === undefined) return error
  const advice = lossOf(error) === undefined ? '' : ` ${LOST_FILE_ADVICE}`
  return new PunkuError(
    'store_unavailable',
    `The database cannot be used, because ${reason}. Nothing was changed.${advice} Models are served all the same; \`punku status\` says when it is well again.`,
    { cause: error },
  )
}

function lossOf(error: unknown): FileLoss | undefined {
  const { code, cause } = error as { readonly code?: string; readonly cause?: unknown }
  if (code === FILE_LOST_CODES.gone) return 'gone'
  if (code === FILE_LOST_CODES.replaced) return 'replaced'
  return cause instanceof Error ? lossOf(cause) : undefined
}
