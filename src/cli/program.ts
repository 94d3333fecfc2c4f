import { Command } from 'commander'
import { VERSION } from '../core/version.ts'
import { addAuditCommands } from './commands/audit.ts'
import { addConfigCommand } from './commands/config.ts'
import { addConnectCommand } from './commands/connect.ts'
import { addDisconnectCommand } from './commands/disconnect.ts'
import { addKeysCommands } from './commands/keys.ts'
import { addLoginCommands } from './commands/login.ts'
import { addModelsCommand } from './commands/models.ts'
import { addOrgsCommands } from './commands/orgs.ts'
import { addPairCommand } from './commands/pair.ts'
import { addPeopleCommands } from './commands/people.ts'
import { addRequestsCommand } from './commands/requests.ts'
import { addServeCommand } from './commands/serve.ts'
import { addStatusCommand } from './commands/status.ts'
import { addTunnelsCommands } from './commands/tunnels.ts'
import { addUpstreamsCommands } from './commands/upstreams.ts'
import { addUsageCommand } from './commands/usage.ts'
import { EXIT, explain } from './exit.ts'
import { print, printJson } from './output.ts'

/**
 * Runs one command line (without the program's name) and gives its exit code. Never rejects. Output that cannot be written sets
 * `process.exitCode`, since that may come to light later.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  let hasFailedOutput = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read the output has read enough. A gateway goes on all the same, and still drains when it is stopped.
    if (error.code === 'EPIPE' || hasFailedOutput) return
    hasFailedOutput = true
    process.stderr.write(`The output could not be written (${error.code}).\n`)
    process.exitCode = EXIT.failed
  })
  try {
    await createProgram().parseAsync([...args], { from: 'user' })
    return EXIT.done
  } catch (thrown) {
    const { exitCode, message } = explain(thrown)
    if (message !== undefined) process.stderr.write(`${message}\n`)
    return exitCode
  }
}

/** Every command with its flags. Parsing throws what Commander throws instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('punku')
    .description('The gate to your own language models.')
    .option('--home <dir>', "state folder (default: PUNKU_HOME, else the platform's own)")
    .option('--config <file>', 'configuration file (default: punku.yaml in the state folder)')
    .option('--gateway <url>', 'a gateway you are signed in at (default: PUNKU_GATEWAY, else the one of this machine)')
    .option('--org <org>', "id or slug of the org that is meant, on the gateway's own machine (default: default)")
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(punku --help shows the commands)')
    .exitOverride()
  addServeCommand(program)
  addPairCommand(program)
  addConnectCommand(program)
  addDisconnectCommand(program)
  addKeysCommands(program)
  addModelsCommand(program)
  addUpstreamsCommands(program)
  addTunnelsCommands(program)
  addRequestsCommand(program)
  addUsageCommand(program)
  addAuditCommands(program)
  addOrgsCommands(program)
  addPeopleCommands(program)
  addLoginCommands(program)
  addStatusCommand(program)
  addConfigCommand(program)
  program
    .command('version')
    .description('Show the version of Punku and of Node.')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const versions = { punku: VERSION, node: process.versions.node }
      if (options.json) printJson(versions)
      else print(`punku ${VERSION} (Node ${process.versions.node})`)
    })
  return program
}
