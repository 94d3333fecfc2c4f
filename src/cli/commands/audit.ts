import type { Command } from 'commander'
import type { AuditEntryBody, ChainCheckBody } from '../../contract/audit.ts'
import { shellWord } from '../../core/wording.ts'
import { openControl, typedHere } from '../command-context.ts'
import { EXIT } from '../exit.ts'
import { localTime, print, printFile, printJson, printTable, remark, visible } from '../output.ts'
import { beforeOf, durationFlag, listFlag, moreBefore, numberFlag, timeAgo } from '../parse.ts'

/** Every row of a large database is read. */
const VERIFY_TIMEOUT_MS = 3_600_000
const COLUMNS = [
  { title: 'NUMBER', isNumber: true },
  { title: 'TIME' },
  { title: 'WHO' },
  { title: 'FROM' },
  { title: 'ACTION' },
  { title: 'WHAT' },
]

const GAPS =
  'Numbers count the entries of the whole gateway. Those that are not here are of other orgs, or of none: --all shows them to system admins.'

interface ListFlags {
  action?: string
  since?: string
  limit: string
  before?: string
  all?: true
  json?: true
}

/** `punku audit`: who changed what, and whether it is as it was written. */
export function defineAudit(audit: Command): void {
  audit
    .command('list')
    .description('Show the last changes, newest last.')
    .option('--action <action>', 'only one kind: key.create, or key for all of keys')
    .option('--since <time>', 'only those of the last 1h, 7d …')
    .option('--limit <count>', 'how many', '20')
    .option('--before <number>', 'only those before this one')
    .option('--all', 'of all orgs and of none, for system admins')
    .option('--json', 'print JSON')
    .action(async (flags: ListFlags, command: Command) => {
      const query = {
        limit: numberFlag('--limit', flags.limit, 1, 1_000),
        ...beforeOf(flags),
        ...(flags.action !== undefined && { action: flags.action }),
        ...(flags.since !== undefined && { since: timeAgo(durationFlag('--since', flags.since)) }),
        ...allOf(flags),
      }
      await using control = await openControl(command)
      const entries = (await control.client.call('listAudit', { query })).entries.reverse()
      if (flags.json) printJson(entries)
      else printTable(COLUMNS, entries.map(cellsOf), flags.all ? 'No such entry.' : 'No such entry in this org.')
      const [oldest] = entries
      if (oldest === undefined) return
      if (hasGaps(entries, query)) remark(GAPS)
      if (flags.json || entries.length < query.limit) return
      const { entries: older } = await control.client.call('listAudit', {
        query: { ...query, before: oldest.seq, limit: 1 },
      })
      if (older.length > 0) remark(moreBefore(entries.length, oldest.seq))
    })
  audit
    .command('export')
    .description('Print every entry that is kept, oldest first, as one JSON object a line.')
    .option('--requests', 'the rows of requests in place of the entries')
    .option('--all', 'of all orgs and of none, for system admins')
    .action(async (flags: { requests?: true; all?: true }, command: Command) => {
      await using control = await openControl(command)
      const { client } = control
      await printFile(
        flags.requests
          ? await client.read('exportRequests')
          : await client.read('exportAudit', { query: allOf(flags) }),
      )
    })
  audit
    .command('verify')
    .description('Check that no entry and no row of a request was changed, removed or put in.')
    .option('--kept <head...>', 'what earlier checks said to keep')
    .option('--json', 'print JSON')
    .action(async (flags: { kept?: string[]; json?: true }, command: Command) => {
      const kept = listFlag(flags.kept)?.join()
      await using control = await openControl(command, { answerTimeoutMs: VERIFY_TIMEOUT_MS })
      const query = kept === undefined ? {} : { kept }
      const { chains } = await control.client.call('verifyChains', { query })
      if (flags.json) printJson(chains)
      else for (const line of reportOf(chains, (words) => typedHere(command, words))) print(visible(line))
      if (!chains.every(({ isWhole }) => isWhole)) process.exitCode = EXIT.failed
    })
}

/** Whether numbers are left out that nobody asked to leave out: between the entries, or before the first of all. */
function hasGaps(
  entries: readonly AuditEntryBody[],
  query: { readonly limit: number; readonly action?: string; readonly since?: string; readonly all?: string },
): boolean {
  if (query.action !== undefined || query.all !== undefined) return false
  const hasFirst = entries.length < query.limit && query.since === undefined
  return entries.some(({ seq }, at) => seq !== (entries[at - 1]?.seq ?? (hasFirst ? 0 : seq - 1)) + 1)
}

function allOf({ all }: { readonly all?: true }): { readonly all?: 'true' } {
  return all ? { all: 'true' } : {}
}

function cellsOf(entry: AuditEntryBody): string[] {
  return [
    String(entry.seq),
    localTime(entry.at),
    entry.actorName,
    entry.address,
    entry.action,
    entry.targetName ?? entry.targetId ?? '-',
  ]
}

const NAMES: Readonly<
  Record<ChainCheckBody['chain'], { readonly title: string; readonly row: string; readonly rows: string }>
> = {
  audit: { title: 'The audit log', row: 'entry', rows: 'entries' },
  requests: { title: 'The record of requests', row: 'row', rows: 'rows' },
}
const MEANINGS: Readonly<Record<NonNullable<ChainCheckBody['fault']>['kind'], string>> = {
  changed: 'The database was changed around the gateway, or its disk has failed.',
  missing: 'Something was removed from the database around the gateway.',
  added: 'Something was put into the database around the gateway, or by one of an older version.',
  anchor: 'Somebody may have cut off one of the ends and tried to hide it.',
}

function reportOf(chains: readonly ChainCheckBody[], typed: (words: string) => string): string[] {
  const lines = chains.flatMap(linesOf)
  if (chains.every(({ isWhole }) => isWhole)) {
    return [
      ...lines,
      '',
      'Keep the next line where nobody who can change the database can change it. Run later, it also shows whether the',
      'database was put back to an older state:',
      `  ${typed(`audit verify --kept ${chains.map(({ head }) => shellWord(head)).join(' ')}`)}`,
    ]
  }
  return [
    ...lines,
    '',
    'Keep a copy of the database as it is now, before anything else is changed. Then compare it with a backup or an',
    'export from before. docs/audit.md says how to go on.',
  ]
}

function linesOf({ chain, fault, checked, uncovered }: ChainCheckBody): string[] {
  const { title, row, rows } = NAMES[chain]
  const amount = (count: number) => `${count} ${count === 1 ? row : rows}`
  const older = uncovered === 0 ? [] : [`  Not checked: ${amount(uncovered)} from before there were seals.`]
  if (fault === null) return [`${title} is whole: ${amount(checked)}, all as written.`, ...older]
  return [
    `${title} is NOT whole, from number ${fault.seq} on. Checked before that: ${amount(checked)}, all as written.`,
    `  ${fault.detail}`,
    `  ${MEANINGS[fault.kind]}`,
    ...older,
  ]
}
