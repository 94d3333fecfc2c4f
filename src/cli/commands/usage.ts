import { type Command, Option } from 'commander'
import { USAGE_GROUPS, type UsageGrouping } from '../../control/contract/requests.ts'
import { formatDuration } from '../../core/units.ts'
import { printJson, printTable } from '../output.ts'
import { durationFlag, timeAgo } from '../parse.ts'
import { openControl } from '../place.ts'

interface UsageFlags {
  by: UsageGrouping
  since?: string
  csv?: true
  json?: true
}

/** `punku usage`: requests, tokens, time and cost, summed. */
export function addUsageCommand(program: Command): void {
  program
    .command('usage')
    .description('Sum requests, tokens, time and cost.')
    .addOption(new Option('--by <group>', 'what to sum by').choices([...USAGE_GROUPS]).default('key'))
    .option('--since <time>', 'only the last 1h, 7d … (default: all that is kept)')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .action(async (flags: UsageFlags, command: Command) => {
      const since = flags.since === undefined ? {} : { since: timeAgo(durationFlag('--since', flags.since)) }
      const query = { by: flags.by, ...since }
      await using control = await openControl(command)
      if (flags.csv) {
        process.stdout.write(await control.client.call('exportUsage', { query }))
        return
      }
      const { groups, currency } = await control.client.call('usage', { query })
      if (flags.json) {
        printJson(groups)
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
      const rows = groups.map((group) => [
        group.name ?? group.group ?? '-',
        String(group.requests),
        String(group.errors),
        String(group.promptTokens),
        String(group.completionTokens),
        String(group.cachedTokens),
        String(group.estimated),
        group.meanTtfbMs === null ? '-' : formatDuration(group.meanTtfbMs),
        formatDuration(group.busyMs),
        group.cost.toFixed(2),
      ])
      printTable(columns, rows, 'No requests yet.')
    })
}
