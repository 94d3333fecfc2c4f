import type { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import { print, printJson } from '../output.ts'
import { placeOf } from '../place.ts'

/** `punku config …`: look at the configuration as the gateway would read it. */
export function addConfigCommand(program: Command): void {
  const config = program.command('config').description('Look at the configuration.')
  config
    .command('check')
    .description('Check the file and the environment, and say everything that is wrong.')
    .action((_flags: object, command: Command) => {
      for (const warning of load(command).warnings) print(`warning: ${warning}`)
      print('The configuration is valid.')
    })
  config
    .command('show')
    .description('Show every option as it stands, as JSON, secrets left out.')
    .option('--json', 'print JSON, which it always does')
    .action((_flags: object, command: Command) => printJson(load(command)))
}

function load(command: Command) {
  const { home, configFile } = placeOf(command)
  return loadConfig({ home, file: configFile, env: process.env, flags: {} })
}
