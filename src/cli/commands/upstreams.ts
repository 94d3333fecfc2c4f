import { type Command, Option } from 'commander'
import { plainCommand } from '../../config/own-command.ts'
import type { CallInput } from '../../contract/client.ts'
import type { UpstreamBody } from '../../contract/upstreams.ts'
import { DIALECT_NAMES, type DialectName } from '../../core/dialect-name.ts'
import { openControl, typedHere } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { localTime, print, printJson, printTable, printTableLines, renderFacts, visible } from '../output.ts'
import { readSecretLine } from '../stdin.ts'
import { renderModels } from './models.ts'

interface JsonFlag {
  json?: true
}

interface ServerFlags extends JsonFlag {
  kind?: DialectName | 'any'
  keyStdin?: true
}

interface ChangeFlags extends ServerFlags {
  label?: string
  url?: string
  key?: false
}

/** `punku upstreams …`: the places where models are reached. */
export function defineUpstreams(upstreams: Command): void {
  const json = () => new Option('--json', 'print JSON')
  const keyStdin = () => new Option('--key-stdin', 'read the key that the server asks for from standard input')
  const kind = (...more: readonly string[]) =>
    new Option('--kind <kind>', 'what it speaks (default: found out)').choices([...DIALECT_NAMES, ...more])

  upstreams
    .command('list')
    .description('Show every upstream and how it is.')
    .addOption(json())
    .action(async (flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const list = (await control.client.call('listUpstreams')).upstreams
      if (flags.json) printJson(list)
      else printTable(COLUMNS, list.map(rowOf), noUpstreams(command))
    })

  upstreams
    .command('show <upstream>')
    .description('Show one upstream, by label or id.')
    .addOption(json())
    .action(async (upstream: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      printUpstream(await control.client.call('showUpstream', { params: { upstream } }), flags)
    })

  upstreams
    .command('add <label> <url>')
    .description('Add a model server that the gateway reaches by a URL, from where it stands.')
    .addOption(kind())
    .addOption(keyStdin())
    .addOption(json())
    .action(async (label: string, url: string, flags: ServerFlags, command: Command) => {
      const key = await keyOf(flags)
      await using control = await openControl(command)
      const body = { label, url, ...kindOf(flags), ...(key !== undefined && { key }) }
      printUpstream(await control.client.call('createUpstream', { body }), flags)
    })

  upstreams
    .command('change <upstream>')
    .description('Change an upstream that was added. Its requests end, unless only its label changes.')
    .option('--label <label>', 'give it another label')
    .option('--url <url>', 'give it another URL; its key is forgotten, unless given too')
    .addOption(kind('any'))
    .addOption(keyStdin())
    .option('--no-key', 'the server asks for no key any more')
    .addOption(json())
    .action(async (upstream: string, flags: ChangeFlags, command: Command) => {
      const changes = await changesOf(flags)
      await using control = await openControl(command)
      const params = { upstream }
      const { id, revision } = await control.client.call('showUpstream', { params })
      // One that cannot be changed has no version; the answer says why.
      const body = { version: Math.max(1, revision), ...changes }
      printUpstream(await control.client.call('changeUpstream', { params: { upstream: id }, body }), flags)
    })

  upstreams
    .command('remove <upstream>')
    .description('Remove an upstream that was added, and end its requests.')
    .addOption(json())
    .action(async (upstream: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      await control.client.call('removeUpstream', { params: { upstream } })
      if (flags.json) printJson({})
      else print(visible(`Removed ${upstream}.`))
    })

  upstreams
    .command('discover <upstream>')
    .description('Ask its server now which models it has.')
    .addOption(json())
    .action(async (name: string, flags: JsonFlag, command: Command) => {
      await using control = await openControl(command)
      const found = await control.client.call('discoverModels', { params: { upstream: name } })
      const { upstream, models } = found
      if (flags.json) printJson(found)
      else if (upstream.state !== 'up') print(visible(`${upstream.label} is ${stateOf(upstream)}`))
      else if (models.length === 0) print(visible(`${upstream.label} has no models.`))
      else printTableLines(renderModels(models, []))
    })
}

function kindOf({ kind }: ServerFlags) {
  return kind === undefined || kind === 'any' ? {} : { kind }
}

async function keyOf({ keyStdin }: ServerFlags): Promise<string | undefined> {
  if (keyStdin !== true) return undefined
  if (process.stdin.isTTY) process.stderr.write('Paste the key and press Enter: ')
  return (await readSecretLine(process.stdin, 'key')).reveal()
}

async function changesOf(flags: ChangeFlags): Promise<Omit<CallInput<'changeUpstream'>['body'], 'version'>> {
  const { label, url, kind, key, keyStdin } = flags
  if (key === false && keyStdin) throw new UsageError('Give --key-stdin or --no-key, not both.')
  const given = key === false ? null : await keyOf(flags)
  const changes = {
    ...(label !== undefined && { label }),
    ...(url !== undefined && { url }),
    ...(kind === 'any' ? { kind: null } : kindOf(flags)),
    ...(given !== undefined && { key: given }),
  }
  if (Object.keys(changes).length > 0) return changes
  throw new UsageError('Say what to change: --label, --url, --kind, --key-stdin or --no-key.')
}

const COLUMNS = [
  { title: 'LABEL' },
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'SERVER' },
  { title: 'MODELS', isNumber: true },
  { title: 'RUNNING', isNumber: true },
  { title: 'FROM' },
]

function rowOf(upstream: UpstreamBody): string[] {
  return [
    upstream.label,
    upstream.id,
    upstream.state,
    serverOf(upstream),
    String(upstream.modelCount ?? '-'),
    String(upstream.liveExchanges),
    upstream.source,
  ]
}

function printUpstream(upstream: UpstreamBody, flags: JsonFlag): void {
  if (flags.json) printJson(upstream)
  else for (const line of renderUpstream(upstream)) print(line)
}

/** An upstream as lines. */
export function renderUpstream(upstream: UpstreamBody): string[] {
  return renderFacts([
    ['label', upstream.label],
    ['id', upstream.id],
    ['state', stateOf(upstream)],
    ['asked', localTime(upstream.checkedAt)],
    ['server', serverOf(upstream)],
    ['models', String(upstream.modelCount ?? '-')],
    ['running', String(upstream.liveExchanges)],
    ['from', upstream.source],
    ...(upstream.url === null ? [] : [['url', upstream.url] as const]),
    ['key', upstream.hasCredential ? 'set' : 'none'],
    ...(upstream.isExposed ? [['WARNING', 'others reach it around the gateway, without a key'] as const] : []),
  ])
}

function stateOf({ state, reason }: UpstreamBody): string {
  return reason === '' ? state : `${state}: ${reason}`
}

function serverOf({ server, kind, version }: UpstreamBody): string {
  return [server ?? kind, version].filter((part) => part !== null).join(' ')
}

function noUpstreams(command: Command): string {
  return `There are no upstreams. Run \`${plainCommand('pair')}\` beside a model server, or: ${typedHere(command, 'upstreams add LABEL URL')}`
}
