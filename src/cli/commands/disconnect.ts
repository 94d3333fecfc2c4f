import type { Command } from 'commander'
import { disconnect } from '../../app/agents.ts'
import { print, printJson, visible } from '../output.ts'
import { placeOf } from '../place.ts'

/** `punku disconnect`: forgets a pairing on this machine. */
export function addDisconnectCommand(program: Command): void {
  program
    .command('disconnect')
    .description('Stop the agent and remove its credentials from this machine. At the gateway the tunnel stays.')
    .option('--profile <name>', 'which pairing (default: the only one)')
    .option('--json', 'print JSON')
    .action(async (flags: { profile?: string; json?: true }, command: Command) => {
      const done = await disconnect(placeOf(command).home, flags.profile)
      if (flags.json) {
        printJson(done)
        return
      }
      print(`Removed the credentials of the profile ${done.profile}.${done.wasRunning ? ' Its agent stops.' : ''}`)
      print(
        'This does not revoke the tunnel: a copy of the credentials would still work. To end it, run at the gateway:',
      )
      print(`  punku tunnels revoke ${visible(done.label ?? 'LABEL')}`)
    })
}
