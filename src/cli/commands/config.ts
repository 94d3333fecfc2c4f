import type { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import { contextOf } from '../command-context.ts'
import { print, printJson, visible } from '../output.ts'

/** `punku config …`: look at the configuration as the gateway would read it. */
export function defineConfig(config: Command): void {
  config
    .command('check')
    .description('Check the file and the environment, and say everything that is wrong.')
    .action((_flags: object, command: Command) => {
      for (const warning of load(command).warnings) print(visible(`warning: ${warning}`))
      print('The configuration is valid.')
    })
  config
    .command('show')
    .description('Show every option as it stands, as JSON, secrets left out.')
    .option('--json', 'print JSON, which it always does')
    .action((_flags: object, command: Command) => printJson(load(command)))
}

function load(command: Command) {
  const { home, configFile } = contextOf(command)
  return loadConfig({ home, file: configFile, env: process.env, flags: {} })
}
