import type { ControlClient } from '../../contract/client.ts'
import { ControlError } from '../../contract/control-error.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { type RunSummary, summaryOfAll, summaryOfRecord, summaryOfSession } from './run-summary.ts'
import { readSessionRecord, readSessionRecords } from './session-record.ts'

const LABEL_PREFIX = 'label:'
const PAGE_SESSIONS = 200
/** Sessions of one label; more are not added up. */
const MAX_LABELLED = 10_000

export interface FindRunsOptions {
  /** Where records are kept. */
  readonly home: string
  /** The gateway; asked for once, where it is needed. */
  readonly control: () => Promise<ControlClient>
  /** Only what of a label was asked from then on, ISO 8601. Default: in the last 30 days. */
  readonly since: string | undefined
}

/**
 * The run that a word means: the session of this id, or with `label:NAME` all of that label together. Records of imported
 * transcripts count too.
 * @throws CommandFailure `ended` where there is none
 */
export async function findRun(word: string, options: FindRunsOptions): Promise<RunSummary> {
  if (word.startsWith(LABEL_PREFIX)) return await labelledRun(word, options)
  const record = readSessionRecord(options.home, word)
  if (record !== undefined) return summaryOfRecord(record)
  const client = await options.control()
  try {
    const { currency, ...session } = await client.call('showToolSession', { params: { session: word } })
    return summaryOfSession(session, currency)
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== 'not_found') throw error
    throw new CommandFailure('ended', `There is no session '${word}', neither at the gateway nor imported here.`)
  }
}

async function labelledRun(word: string, { home, control, since }: FindRunsOptions): Promise<RunSummary> {
  const label = word.slice(LABEL_PREFIX.length)
  const from = since === undefined ? 0 : Date.parse(since)
  const records = readSessionRecords(home).filter((one) => one.label === label && (one.firstAt ?? from) >= from)
  const found = records.map(summaryOfRecord)
  const client = await control()
  for (let before: number | undefined; ; ) {
    const query = { label, limit: PAGE_SESSIONS, before, since }
    const { sessions, currency } = await client.call('listToolSessions', { query })
    found.push(...sessions.map((session) => summaryOfSession(session, currency)))
    before = sessions.at(-1)?.seq
    if (sessions.length < PAGE_SESSIONS || found.length >= MAX_LABELLED) break
  }
  if (found.length > 0) return summaryOfAll(word, found)
  throw new CommandFailure('ended', `No session has the label '${label}', neither at the gateway nor imported here.`)
}
