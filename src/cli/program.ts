import { Command } from 'commander'
import { ownProgram, withOwnCommands } from '../config/own-command.ts'
import { withoutSteering } from '../core/steering.ts'
import { VERSION } from '../core/version.ts'
import { refuseSecrets } from './argv.ts'
import { contextOf } from './command-context.ts'
import { COMMANDS, type CommandEntry } from './command-table.ts'
import { EXIT, explain } from './exit.ts'
import { remark } from './output.ts'

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
  let program: Command | undefined
  try {
    refuseSecrets(args)
    program = await createProgram(args)
    await program.parseAsync([...args], { from: 'user' })
    return EXIT.done
  } catch (thrown) {
    const { exitCode, message } = explain(thrown, (text) => withOwnCommands(text, homeGiven(program)))
    if (message !== undefined) remark(message)
    return exitCode
  }
}

/** The state folder that a command line names; `undefined`: the one that is found, or none that can be told. */
function homeGiven(program: Command | undefined): string | undefined {
  try {
    return program && contextOf(program).home
  } catch {
    return undefined
  }
}

/**
 * The program with all its commands. Parsing throws what Commander throws instead of ending the process.
 * @param words of the commands that stand among them the files are loaded; the others are only good for being listed.
 * Default: all are loaded
 */
export async function createProgram(words?: readonly string[]): Promise<Command> {
  const program = new Command(ownProgram())
    .description('The gate to your own language models.')
    .option('--home <dir>', "state folder (default: PUNKU_HOME, else the platform's own)")
    .option('--config <file>', 'configuration file (default: punku.yaml in the state folder)')
    .option('--gateway <url>', 'a gateway you are signed in at (default: PUNKU_GATEWAY, else the one of this machine)')
    .option('--org <org>', "id or slug of the org that is meant, on the gateway's own machine (default: default)")
    .version(VERSION, '-V, --version')
    .showHelpAfterError(`(${ownProgram()} --help shows the commands)`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(withoutSteering(text)),
      writeErr: (text) => process.stderr.write(withoutSteering(text)),
      outputError: (text, write) => write(withoutValues(text)),
    })
  // A command runs only where its name stands in the command line, so that no other need be loaded.
  await Promise.all(
    COMMANDS.map((entry) => {
      const command = program.command(entry.synopsis).description(entry.description)
      return words === undefined || words.includes(command.name()) ? fill(command, entry) : outline(command, entry)
    }),
  )
  return program
}

/** What Commander says of words that it does not expect, without what may be a secret in the wrong place. */
function withoutValues(text: string): string {
  return text
    .replace(/(unknown option '--?[\w-]+)=[\s\S]*'/, "$1'")
    .replace(/(too many arguments.* but got \d+): [\s\S]*$/, '$1.\n')
}

async function fill(command: Command, { load }: CommandEntry): Promise<void> {
  const define = await load()
  define(command)
}

/** Gives a command that is only listed what its line in the list shows. */
function outline(command: Command, { takesOptions }: CommandEntry): void {
  if (takesOptions) command.option('--json')
}
