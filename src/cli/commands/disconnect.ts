import type { Command } from 'commander'
import { contextOf } from '../command-context.ts'
import { print, printJson, visible } from '../output.ts'

/** `punku disconnect`: forgets a pairing on this machine. */
export function defineDisconnect(command: Command): void {
  command
    .option('--profile <name>', 'which pairing (default: the only one)')
    .option('--json', 'print JSON')
    .action(async (flags: { profile?: string; json?: true }) => {
      const { disconnect } = await import('../../agent/agents.ts')
      const done = await disconnect(contextOf(command).home, flags.profile)
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
