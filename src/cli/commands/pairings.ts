import { type Command, Option } from 'commander'
import type { PairingBody } from '../../contract/tunnels.ts'
import { openControl, typedHere } from '../command-context.ts'
import { isConfirmed } from '../confirm.ts'
import { Declined, UsageError } from '../exit.ts'
import { localTime, print, printJson, remark, renderFacts, visible } from '../output.ts'

interface ApproveFlags {
  label?: string
  yes?: true
  json?: true
}

/** `punku tunnels approve` and `deny`: the answer to a machine that runs `punku pair` and shows a code. */
export function addPairingCommands(tunnels: Command): void {
  const json = () => new Option('--json', 'print JSON')

  tunnels
    .command('approve <code>')
    .description('Let the machine that shows this code serve its models here. Says who asks, and asks you.')
    .option('--label <label>', 'name the tunnel so (default: what the machine asks for)')
    .option('--yes', 'do not ask')
    .addOption(json())
    .action(async (code: string, flags: ApproveFlags, command: Command) => {
      if (!flags.yes && !process.stdin.isTTY) {
        throw new UsageError('There is no terminal to ask you on. Run this in one, or give --yes if you know who asks.')
      }
      await using control = await openControl(command)
      if (!flags.yes) await confirm(await control.client.call('showPairing', { params: { code } }), command)
      const body = flags.label === undefined ? {} : { label: flags.label }
      const tunnel = await control.client.call('approvePairing', { params: { code }, body })
      if (flags.json) printJson(tunnel)
      else print(visible(`Approved ${tunnel.label} (${tunnel.id}). Its machine can connect now.`))
    })

  tunnels
    .command('deny <code>')
    .description('Turn down the machine that shows this code.')
    .addOption(json())
    .action(async (code: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const pairing = await control.client.call('denyPairing', { params: { code } })
      if (flags.json) printJson(pairing)
      else print(visible(`Turned down ${pairing.label} (${pairing.userCode}).`))
    })
}

/** Asks on standard error, so that standard output has the command's result alone. */
async function confirm(pairing: PairingBody, command: Command): Promise<void> {
  const lines = [
    'A machine asks to serve its models through this gateway:',
    '',
    ...renderFacts([
      ['label', pairing.label],
      ['machine', pairing.machine || '-'],
      ['platform', pairing.platform || '-'],
      ['software', pairing.software || '-'],
      ['address', pairing.address],
      ['asked', localTime(pairing.requestedAt)],
    ]),
    '',
    visible(`Approve it only if it is yours and shows ${pairing.userCode}.`),
  ]
  for (const line of lines) remark(line)
  if (await isConfirmed('Confirm?')) return
  throw new Declined(`Not approved. To tell the machine so: ${typedHere(command, `tunnels deny ${pairing.userCode}`)}`)
}
