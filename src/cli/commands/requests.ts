import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { ControlClient } from '../../contract/client.ts'
import type { RequestBody } from '../../contract/requests.ts'
import { formatDuration } from '../../core/units.ts'
import { openControl } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import {
  localTime,
  print,
  printFile,
  printJson,
  printJsonLine,
  printTableLines,
  remark,
  renderTable,
  visible,
} from '../output.ts'
import { beforeOf, durationFlag, moreBefore, numberFlag, timeAgo } from '../parse.ts'

const FOLLOW_EVERY_MS = 500
const COLUMNS = [
  { title: 'TIME' },
  { title: 'KEY' },
  { title: 'ROUTE' },
  { title: 'MODEL' },
  { title: 'STATUS' },
  { title: 'IN', isNumber: true },
  { title: 'OUT', isNumber: true },
  { title: 'FIRST BYTE', isNumber: true },
  { title: 'TOOK', isNumber: true },
]

interface RequestsFlags {
  follow?: true
  limit: string
  before?: string
  key?: string
  since?: string
  json?: true
}

/** `punku requests`: what was asked, by whom, and how it ended. */
export function defineRequests(command: Command): void {
  command
    .option('--follow', 'go on and show new ones as they end')
    .option('--limit <count>', 'how many', '20')
    .option('--before <number>', 'only those recorded before the one with this number')
    .option('--key <key>', 'only those of one key, by name or id')
    .option('--since <time>', 'only those of the last 1h, 7d …')
    .option('--json', 'print JSON; with --follow one object a line')
    .action(async (flags: RequestsFlags) => {
      const limit = numberFlag('--limit', flags.limit, 1, 1_000)
      const since = flags.since === undefined ? undefined : timeAgo(durationFlag('--since', flags.since))
      await using control = await openControl(command)
      // By id from here on: a name ends with its key, and the rows of the key are still to be shown.
      const filter = flags.key === undefined ? {} : { key: await keyIdOf(control.client, flags.key) }
      const before = beforeOf(flags)
      if (flags.follow && flags.before !== undefined) throw new UsageError('Give one of --follow and --before.')
      const query = { limit, ...before, ...filter, ...(since === undefined ? {} : { since }) }
      // Before the rows: what is recorded in between is then shown either way.
      const newest = flags.follow ? await newestSeq(control.client) : 0
      const rows = (await control.client.call('listRequests', { query })).requests.reverse()
      if (!flags.follow) {
        if (flags.json) printJson(rows)
        else if (rows.length === 0) print('No requests yet.')
        else printTableLines(renderTable(COLUMNS, rows.map(cellsOf)))
        const [oldest] = rows
        if (flags.json || oldest === undefined || rows.length < limit) return
        const older = await control.client.call('listRequests', { query: { ...query, before: oldest.seq, limit: 1 } })
        if (older.requests.length > 0) remark(moreBefore(rows.length, oldest.seq))
        return
      }
      const show = (batch: readonly RequestBody[], isFirst: boolean) => {
        if (flags.json) for (const row of batch) printJsonLine(row)
        else if (isFirst || batch.length > 0) for (const line of followTable(batch, isFirst)) print(line)
      }
      await follow(control.client, { rows, newest }, filter, show)
    })
  command
    .command('export')
    .description('Print every request that is kept, oldest first, as one JSON object a line.')
    .action(async (_flags: object, ofExport: Command) => {
      await using control = await openControl(ofExport)
      await printFile(await control.client.read('exportRequests'))
    })
}

/** Asks for what came after `seq`, again and again, until a signal ends it or nobody reads on. */
async function follow(
  client: ControlClient,
  { rows, newest }: { readonly rows: readonly RequestBody[]; readonly newest: number },
  filter: { readonly key?: string },
  show: (rows: readonly RequestBody[], isFirst: boolean) => void,
): Promise<void> {
  const stopped = new AbortController()
  const stop = () => stopped.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  process.stdout.once('error', stop)
  // From the first row on whoever reads may have read enough.
  show(rows, true)
  let after = rows.at(-1)?.seq ?? newest
  while (!stopped.signal.aborted) {
    const { requests } = await client.call('listRequests', { query: { after, limit: 1_000, ...filter } })
    show(requests, false)
    after = requests.at(-1)?.seq ?? after
    await sleep(FOLLOW_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
  }
}

async function keyIdOf(client: ControlClient, key: string): Promise<string> {
  return (await client.call('showKey', { params: { key } })).id
}

async function newestSeq(client: ControlClient): Promise<number> {
  return (await client.call('listRequests', { query: { limit: 1 } })).requests[0]?.seq ?? 0
}

/** Rows that come one by one still stand in columns: each is padded as a full table would be. */
function followTable(rows: readonly RequestBody[], withTitles: boolean): string[] {
  const widths = [19, 16, 26, 24, 28, 7, 7, 10, 8]
  const pad = (cells: readonly string[]) =>
    cells
      .map(visible)
      .map((cell, at) => (COLUMNS[at]?.isNumber ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [...(withTitles ? [pad(COLUMNS.map(({ title }) => title))] : []), ...rows.map((row) => pad(cellsOf(row)))]
}

function cellsOf(row: RequestBody): string[] {
  const mark = row.isEstimated ? '~' : ''
  const tokens = (value: number | null) => (value === null ? '-' : `${mark}${value}`)
  return [
    localTime(row.at),
    row.keyName ?? row.keyId ?? '-',
    row.route,
    row.modelUsed ?? row.modelAsked ?? '-',
    row.errorCode === null ? String(row.status) : `${row.status} ${row.errorCode}`,
    tokens(row.promptTokens),
    tokens(row.completionTokens),
    row.ttfbMs === null ? '-' : formatDuration(row.ttfbMs),
    formatDuration(row.durationMs),
  ]
}
