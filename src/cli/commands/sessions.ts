import type { Command } from 'commander'
import type { RunSummary } from '../../client/sessions/run-summary.ts'
import type { SessionRecord } from '../../client/sessions/session-record.ts'
import type { ControlAccess } from '../../contract/control-access.ts'
import type { ToolSessionBody } from '../../contract/tool-sessions.ts'
import { renderCsv } from '../../core/csv.ts'
import { formatDuration } from '../../core/units.ts'
import { contextOf, openControl } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { localTime, print, printFile, printJson, printTable, remark, visible } from '../output.ts'
import { durationFlag, numberFlag, timeAgo } from '../parse.ts'
import { printComparison, printSession, sessionColumns } from '../session-tables.ts'

interface OutputFlags {
  json?: true
  csv?: true
}

interface ListFlags extends OutputFlags {
  since?: string
  label?: string
  limit: string
  before?: string
  imported?: true
}

interface CompareFlags extends OutputFlags {
  since?: string
  rules?: string
}

/**
 * `punku sessions`: what tools did, counted by session, and which of two did better. Its commands read the options that it has
 * itself by `optsWithGlobals`: wherever such an option stands, it is taken for the first command that has it.
 */
export function defineSessions(command: Command): void {
  command
    .option('--since <time>', 'only those of the last 1h, 7d … (default: 30d)')
    .option('--label <label>', 'only those with this label')
    .option('--limit <count>', 'how many', '20')
    .option('--before <number>', 'only those whose last request was recorded before the one with this number')
    .option('--imported', 'those whose transcripts were imported on this machine')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .action(async (flags: ListFlags) => await list(flags, command))
  command
    .command('show <session>')
    .description('Show what one session did, by tool and model.')
    .option('--json', 'print JSON')
    .action(async (session: string, _flags: object, ofShow: Command) => {
      const { json } = ofShow.optsWithGlobals<OutputFlags>()
      await using control = await openControl(ofShow)
      const shown = await control.client.call('showToolSession', { params: { session } })
      if (json) printJson(shown)
      else printSession(shown)
    })
  command
    .command('compare <run> <runs...>')
    .description('Compare sessions by id, or by label:NAME all of a label, with the first.')
    .option('--since <time>', 'of a label only what was asked in the last 1h, 7d … (default: 30d)')
    .option('--rules <file>', 'a JSON file with the rules of the advice')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .action(async (first: string, others: string[], _flags: object, ofCompare: Command) => {
      const flags = ofCompare.optsWithGlobals<CompareFlags>()
      const { compareRuns } = await import('../../client/sessions/comparison.ts')
      const { ADVICE_RULES, readAdviceRules } = await import('../../client/sessions/advice-rules.ts')
      const rules = flags.rules === undefined ? ADVICE_RULES : readAdviceRules(flags.rules)
      const runs = await findRuns([first, ...others], flags, ofCompare)
      await printComparison(compareRuns(runs, rules), flags)
    })
  command
    .command('import <files...>')
    .description('Count transcripts of Claude Code or Codex: numbers and names, nothing of what was said.')
    .option('--label <label>', 'what these sessions are together')
    .option('--json', 'print JSON')
    .action(async (files: string[], _flags: object, ofImport: Command) => {
      const { label, json } = ofImport.optsWithGlobals<ListFlags>()
      const { readTranscripts } = await import('../../client/sessions/read-transcript.ts')
      const { isRecordLabel, writeSessionRecord } = await import('../../client/sessions/session-record.ts')
      if (label !== undefined && !isRecordLabel(label)) {
        throw new UsageError('--label takes 1 to 64 visible ASCII characters, spaces between.')
      }
      const records = await readTranscripts(files, label ?? null)
      for (const record of records) writeSessionRecord(contextOf(ofImport).home, record)
      if (json) printJson(records)
      else printRecords(records)
    })
  command
    .command('rules')
    .description('Print the rules of the advice as JSON, to change them and give them to compare --rules.')
    .action(async () => {
      const { ADVICE_RULES } = await import('../../client/sessions/advice-rules.ts')
      printJson(ADVICE_RULES)
    })
}

async function list(flags: ListFlags, command: Command): Promise<void> {
  if (flags.imported) {
    const { readSessionRecords } = await import('../../client/sessions/session-record.ts')
    const records = readSessionRecords(contextOf(command).home).filter(
      ({ label }) => flags.label === undefined || label === flags.label,
    )
    if (flags.json) printJson(records)
    else printRecords(records)
    return
  }
  const limit = numberFlag('--limit', flags.limit, 1, 200)
  const before = flags.before === undefined ? undefined : numberFlag('--before', flags.before, 1, 999_999_999)
  const query = { limit, before, label: flags.label, since: sinceOf(flags) }
  await using control = await openControl(command)
  const { sessions, currency } = await control.client.call('listToolSessions', { query })
  if (flags.json) printJson(sessions)
  else if (flags.csv) await printFile([Buffer.from(csvOf(sessions, currency))])
  else {
    const { titles, cellsOf } = sessionColumns(currency)
    printTable(titles, sessions.map(cellsOf), 'No sessions yet.')
    const last = sessions.at(-1)
    if (last !== undefined && sessions.length === limit) remark(`There may be older ones: --before ${last.seq}.`)
  }
}

function sinceOf({ since }: { readonly since?: string }): string | undefined {
  return since === undefined ? undefined : timeAgo(durationFlag('--since', since))
}

const CSV_FIELDS = [
  ...([
    'id',
    'label',
    'firstAt',
    'endedAt',
    'requests',
    'turns',
    'errors',
    'promptTokens',
    'completionTokens',
  ] as const),
  ...(['cachedTokens', 'cacheHitRate', 'estimated', 'meanTtfbMs', 'tokensPerSecond', 'wallMs', 'cost'] as const),
] satisfies readonly (keyof ToolSessionBody)[]

function csvOf(sessions: readonly ToolSessionBody[], currency: string): string {
  const rows = sessions.map((session) => [
    ...CSV_FIELDS.map((field) => session[field]),
    currency,
    session.clients.join(' '),
    session.models.join(' '),
    session.toolCalls.map(({ name, count }) => `${name}=${count}`).join(' '),
  ])
  return renderCsv([[...CSV_FIELDS, 'currency', 'clients', 'models', 'toolCalls'], ...rows])
}

/** The gateway is asked for where one of them is not found on this machine, and once. */
async function findRuns(
  words: readonly string[],
  flags: CompareFlags,
  command: Command,
): Promise<readonly RunSummary[]> {
  const { findRun } = await import('../../client/sessions/find-runs.ts')
  await using opened = new AsyncDisposableStack()
  let opening: Promise<ControlAccess> | undefined
  const control = async () => {
    opening ??= openControl(command).then((access) => opened.use(access))
    return (await opening).client
  }
  const runs: RunSummary[] = []
  const options = { home: contextOf(command).home, control, since: sinceOf(flags) }
  for (const word of words) runs.push(await findRun(word, options))
  return runs
}

function printRecords(records: readonly SessionRecord[]): void {
  const titles = ['SESSION', 'LABEL', 'TOOL', 'MODELS', 'BEGAN'].map((title) => ({ title }))
  const numbers = ['TURNS', 'CALLS', 'IN', 'OUT', 'CACHED', 'WALL'].map((title) => ({ title, isNumber: true }))
  const rows = records.map((record) => [
    record.id,
    record.label ?? '-',
    `${record.tool} ${record.toolVersion ?? ''}`.trim(),
    record.models.join(' '),
    record.firstAt === null ? '-' : localTime(new Date(record.firstAt).toISOString()),
    String(record.turns),
    String(record.toolCalls.reduce((sum, { count }) => sum + count, 0)),
    String(record.promptTokens),
    String(record.completionTokens),
    String(record.cachedTokens),
    record.wallMs === null ? '-' : formatDuration(record.wallMs),
  ])
  printTable([...titles, ...numbers], rows, 'No transcript was imported here.')
  for (const { id } of records.slice(0, 1)) print(visible(`Compare: sessions compare ${id} OTHER`), 'dim')
}
