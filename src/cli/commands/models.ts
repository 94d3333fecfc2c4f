import type { Command } from 'commander'
import { printJson, printTable } from '../output.ts'
import { openControl } from '../place.ts'

/** `punku models`: every model of every upstream of the running gateway. */
export function addModelsCommand(program: Command): void {
  program
    .command('models')
    .description('Show the models of all upstreams.')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const models = await control.client.listModels()
      if (flags.json) {
        printJson(models)
        return
      }
      const columns = ['MODEL', 'UPSTREAM', 'CLOUD'].map((title) => ({ title }))
      const rows = models.map(({ id, upstream, isCloud }) => [id, upstream, isCloud ? 'yes' : ''])
      printTable(columns, rows, 'No upstream has told of a model yet. `punku status` says how they are.')
    })
}
