import type { Command } from 'commander'
import { commandAtGateway } from '../../config/own-command.ts'
import { shellWord } from '../../core/wording.ts'
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
      const tunnel = done.label === undefined ? 'the tunnel' : `the tunnel ${visible(done.label)}`
      print(
        `At the gateway nothing has changed. Unless ${tunnel} was revoked there, a copy of the credentials would still work. To end it, run at the gateway:`,
      )
      print(
        visible(`  ${commandAtGateway(done.gateway ?? '', `tunnels revoke ${shellWord(done.tunnelId ?? 'LABEL')}`)}`),
      )
    })
}
