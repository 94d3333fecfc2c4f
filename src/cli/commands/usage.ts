import { type Command, Option } from 'commander'
import type { UsageGroupBody, UsageRestBody } from '../../contract/requests.ts'
import { USAGE_GROUPS, type UsageGrouping } from '../../contract/usage-groups.ts'
import { formatDuration } from '../../core/units.ts'
import { openControl } from '../command-context.ts'
import { printFile, printJson, printTable, remark } from '../output.ts'
import { durationFlag, timeAgo } from '../parse.ts'

interface UsageFlags {
  by: UsageGrouping
  since?: string
  csv?: true
  json?: true
}

/** The row of requests that have nothing to sum by: those refused before it was known have no key and no model. */
const NONE: Readonly<Record<UsageGrouping, string>> = {
  day: '-',
  hour: '-',
  model: '(no model)',
  key: '(no key)',
  person: '(no person)',
  client: '(unknown)',
  session: '(no session)',
  upstream: '(no upstream)',
}

/** `punku usage`: requests, tokens, time and cost, summed. */
export function defineUsage(command: Command): void {
  command
    .addOption(new Option('--by <group>', 'what to sum by').choices([...USAGE_GROUPS]).default('key'))
    .option('--since <time>', 'only the last 1h, 7d … (default: all that is kept)')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .action(async (flags: UsageFlags) => {
      const since = flags.since === undefined ? {} : { since: timeAgo(durationFlag('--since', flags.since)) }
      const query = { by: flags.by, ...since }
      await using control = await openControl(command)
      if (flags.csv) {
        await printFile([Buffer.from(await control.client.call('exportUsage', { query }))])
        return
      }
      const { groups, rest, currency } = await control.client.call('usage', { query })
      if (flags.json) {
        printJson(groups)
        if (rest !== null) remark(`${rest.groups} more, with ${rest.requests} requests in all, are left out.`)
        return
      }
      const numbers = [
        'REQUESTS',
        'ERRORS',
        'TOKENS IN',
        'TOKENS OUT',
        'CACHED',
        'ESTIMATED',
        'FIRST BYTE',
        'BUSY',
        currency,
      ]
      const columns = [{ title: flags.by.toUpperCase() }, ...numbers.map((title) => ({ title, isNumber: true }))]
      const rows = groups.map((group) => [group.name ?? group.group ?? NONE[flags.by], ...cellsOf(group)])
      if (rest !== null) rows.push([`${rest.groups} more`, ...cellsOf(rest)])
      printTable(columns, rows, 'No requests yet.')
    })
}

function cellsOf(sums: UsageGroupBody | UsageRestBody): string[] {
  return [
    String(sums.requests),
    String(sums.errors),
    String(sums.promptTokens),
    String(sums.completionTokens),
    String(sums.cachedTokens),
    String(sums.estimated),
    sums.meanTtfbMs === null ? '-' : formatDuration(sums.meanTtfbMs),
    formatDuration(sums.busyMs),
    sums.cost.toFixed(2),
  ]
}
