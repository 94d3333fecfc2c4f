import { type Command, Option } from 'commander'
import { plainCommand } from '../../config/own-command.ts'
import type { ControlAccess } from '../../contract/control-access.ts'
import type { IssuedTunnelBody, TunnelBody } from '../../contract/tunnels.ts'
import { formatDuration } from '../../core/units.ts'
import { openControl, typedHere } from '../command-context.ts'
import { standingOf } from '../gateway-standing.ts'
import {
  localTime,
  print,
  printJson,
  printRevokedAlready,
  printTableLines,
  renderFacts,
  renderTable,
  visible,
} from '../output.ts'
import { pairCommand } from '../pair-command.ts'
import { addPairingCommands } from './pairings.ts'

interface JsonFlag {
  json?: true
}

/** `punku tunnels …`: the agents that serve models through this gateway, and the machines that ask to. */
export function defineTunnels(tunnels: Command): void {
  const json = () => new Option('--json', 'print JSON')

  tunnels
    .command('list')
    .description('Show every tunnel and its link.')
    .addOption(json())
    .action(async (flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const list: TunnelBody[] = []
      for await (const page of control.client.pages('listTunnels', {})) list.push(...page.tunnels)
      if (flags.json) printJson(list)
      else if (list.length === 0) print(noTunnels(command))
      else printTableLines(renderTunnels(list))
    })

  tunnels
    .command('show <tunnel>')
    .description('Show one tunnel, by label or id.')
    .addOption(json())
    .action(async (name: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const tunnel = await control.client.call('showTunnel', { params: { tunnel: name } })
      if (flags.json) printJson(tunnel)
      else printTunnel(tunnel)
    })

  tunnels
    .command('create <label>')
    .description('Make a tunnel for a machine without a browser. Its one-time token is shown this once.')
    .addOption(json())
    .action(async (label: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const issued = await control.client.call('createTunnel', { body: { label } })
      if (flags.json) printJson(issued)
      else await printIssued(issued, { control, command })
    })

  tunnels
    .command('rename <tunnel> <label>')
    .description('Give a tunnel another label.')
    .addOption(json())
    .action(async (name: string, label: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const tunnel = await control.client.call('renameTunnel', { params: { tunnel: name }, body: { label } })
      if (flags.json) printJson(tunnel)
      else print(visible(`${tunnel.id} is now named ${tunnel.label}.`))
    })

  tunnels
    .command('rotate <tunnel>')
    .description("End a tunnel's credential now and pair its machine anew, with a one-time token shown this once.")
    .addOption(json())
    .action(async (name: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const issued = await control.client.call('rotateTunnel', { params: { tunnel: name } })
      if (flags.json) printJson(issued)
      else {
        print(visible(`The old credential of ${issued.label} has ended.`))
        print('')
        await printIssued(issued, { control, command, flags: ' --replace' })
      }
    })

  tunnels
    .command('revoke <tunnel>')
    .description('End a tunnel for good, and with it its link and every answer that is under way on it.')
    .addOption(json())
    .action(async (name: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const asked = { params: { tunnel: name } }
      // What cannot be shown may be revoked all the same.
      const before = await control.client.call('showTunnel', asked).catch(() => undefined)
      const tunnel = await control.client.call('revokeTunnel', asked)
      if (flags.json) printJson(tunnel)
      else if (before?.id === tunnel.id && before.revokedAt !== null) printRevokedAlready(tunnel.label, tunnel)
      else print(visible(`Revoked ${tunnel.label} (${tunnel.id}). Its machine can connect no more.`))
    })

  addPairingCommands(tunnels)
}

/** @param flags what its machine needs besides: one that was paired before has a profile to be replaced */
async function printIssued(
  issued: IssuedTunnelBody,
  {
    control,
    command,
    flags = '',
  }: { readonly control: ControlAccess; readonly command: Command; readonly flags?: string },
): Promise<void> {
  const gateway = await standingOf(control)
  const { words, isHere, note } = pairCommand(gateway)
  print('On the machine beside the model server run')
  print(visible(`  ${isHere ? typedHere(command, words + flags) : plainCommand(words + flags)}`))
  if (gateway === undefined) print(`No gateway runs now. Start it: ${typedHere(command, 'serve')}`)
  if (note !== undefined) print(visible(note))
  print('')
  print(`and paste this token. It pairs one machine, until ${localTime(issued.tokenExpiresAt)}:`)
  print(visible(`  ${issued.token}`))
  print('')
  print('It is shown this once.')
}

const COLUMNS = [
  { title: 'LABEL' },
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'PLATFORM' },
  { title: 'SOFTWARE' },
  { title: 'ROUND TRIP', isNumber: true },
  { title: 'STREAMS', isNumber: true },
  { title: 'LAST SEEN' },
]

/** The table of tunnels. `-` stands for what is not known. */
export function renderTunnels(tunnels: readonly TunnelBody[]): string[] {
  const rows = tunnels.map((tunnel) => [
    tunnel.label,
    tunnel.id,
    tunnel.state,
    platformOf(tunnel),
    tunnel.machine?.software || '-',
    roundTrip(tunnel),
    String(tunnel.streams ?? '-'),
    localTime(tunnel.lastSeenAt),
  ])
  return renderTable(COLUMNS, rows)
}

function printTunnel(tunnel: TunnelBody): void {
  const lines = renderFacts([
    ['label', tunnel.label],
    ['id', tunnel.id],
    ['state', tunnel.state],
    ['machine', tunnel.machine?.name || '-'],
    ['platform', platformOf(tunnel)],
    ['software', tunnel.machine?.software || '-'],
    ['address', tunnel.address ?? '-'],
    ['round trip', roundTrip(tunnel)],
    ['streams', String(tunnel.streams ?? '-')],
    ['created', `${localTime(tunnel.createdAt)} by ${tunnel.createdBy}`],
    ['paired', localTime(tunnel.pairedAt)],
    ['last seen', localTime(tunnel.lastSeenAt)],
    ['revoked', localTime(tunnel.revokedAt)],
  ])
  for (const line of lines) print(line)
}

function platformOf({ machine }: TunnelBody): string {
  return `${machine?.platform ?? ''} ${machine?.arch ?? ''}`.trim() || '-'
}

function roundTrip({ roundTripMs }: TunnelBody): string {
  return roundTripMs === null ? '-' : formatDuration(roundTripMs)
}

function noTunnels(command: Command): string {
  return `There are no tunnels. Run \`${plainCommand('pair')}\` beside a model server, or: ${typedHere(command, 'tunnels create LABEL')}`
}
