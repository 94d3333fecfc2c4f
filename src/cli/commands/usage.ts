import { type Command, Option } from 'commander'
import { formatDuration } from '../../core/units.ts'
import { printJson, printTable } from '../output.ts'
import { durationFlag, timeAgo } from '../parse.ts'
import { openControl } from '../place.ts'

interface UsageFlags {
  by: 'key' | 'model' | 'day'
  since?: string
  json?: true
}

/** `punku usage`: requests and tokens, summed. */
export function addUsageCommand(program: Command): void {
  program
    .command('usage')
    .description('Sum requests and tokens.')
    .addOption(new Option('--by <group>', 'what to sum by').choices(['key', 'model', 'day']).default('key'))
    .option('--since <time>', 'only the last 1h, 7d … (default: all that is kept)')
    .option('--json', 'print JSON')
    .action(async (flags: UsageFlags, command: Command) => {
      const since = flags.since === undefined ? undefined : timeAgo(durationFlag('--since', flags.since))
      await using control = await openControl(command)
      const groups = await control.client.usage(flags.by, since)
      if (flags.json) {
        printJson(groups)
        return
      }
      const numbers = ['REQUESTS', 'ERRORS', 'TOKENS IN', 'TOKENS OUT', 'CACHED', 'ESTIMATED', 'FIRST BYTE']
      const columns = [{ title: flags.by.toUpperCase() }, ...numbers.map((title) => ({ title, isNumber: true }))]
      const rows = groups.map((group) => [
        group.keyName ?? group.group ?? '-',
        String(group.requests),
        String(group.errors),
        String(group.promptTokens),
        String(group.completionTokens),
        String(group.cachedTokens),
        String(group.estimated),
        group.meanTtfbMs === null ? '-' : formatDuration(group.meanTtfbMs),
      ])
      printTable(columns, rows, 'No requests yet.')
    })
}
