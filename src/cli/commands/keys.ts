import { type Command, Option } from 'commander'
import { shellUrl } from '../../app/greeting.ts'
import type { LocalControl } from '../../app/local-control.ts'
import type { IssuedKeyBody, KeyBody } from '../../control/contract/keys.ts'
import { formatDuration } from '../../core/units.ts'
import { UsageError } from '../exit.ts'
import { localTime, print, printJson, printTable, renderFacts } from '../output.ts'
import { durationFlag, listFlag } from '../parse.ts'
import { openControl } from '../place.ts'

const DEFAULT_GRACE = '24h'

interface CreateFlags {
  models?: string[]
  routes?: string[]
  expires?: string
  networks?: string[]
  cloud?: true
  metrics?: true
  personal?: true
  json?: true
}

interface ChangeFlags extends Omit<CreateFlags, 'cloud' | 'metrics' | 'personal'> {
  name?: string
  cloud?: boolean
  metrics?: boolean
}

/** `punku keys …`: make, show, change, rotate and revoke keys. */
export function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('Make, change and end keys.')
  const json = () => new Option('--json', 'print JSON')

  keys
    .command('create <name>')
    .description('Make a key. It is shown this once.')
    .option('--models <glob...>', 'models it may use, such as "llama3*" (default: all)')
    .option('--routes <class...>', 'inference, metadata, manage (default: inference metadata)')
    .option('--expires <time>', 'when it ends, such as 30d (default: never)')
    .option('--networks <cidr...>', 'where it may be used from (default: everywhere)')
    .option('--cloud', "also models that run on somebody else's machine")
    .option('--metrics', 'also /metrics')
    .option('--personal', "your own rather than the org's")
    .addOption(json())
    .action(async (name: string, flags: CreateFlags, command: Command) => {
      await using control = await openControl(command)
      const body = {
        name,
        ...listsOf(flags),
        ...optional('expiresInMs', optionalDuration(flags.expires)),
        ...optional('allowsCloud', flags.cloud),
        ...optional('allowsMetrics', flags.metrics),
        ...optional('isPersonal', flags.personal),
      }
      const issued = await control.client.call('createKey', { body })
      if (flags.json) printJson(issued)
      else await printIssued(issued, control)
    })

  keys
    .command('list')
    .description('Show every key.')
    .addOption(json())
    .action(async (flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const list: KeyBody[] = []
      for await (const page of control.client.pages('listKeys', {})) list.push(...page.keys)
      if (flags.json) printJson(list)
      else printKeys(list)
    })

  keys
    .command('show <key>')
    .description('Show one key, by name or id.')
    .addOption(json())
    .action(async (name: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const key = await control.client.call('showKey', { params: { key: name } })
      if (flags.json) printJson(key)
      else printKey(key)
    })

  keys
    .command('change <key>')
    .description('Change what a key may do. What runs under it goes on.')
    .option('--name <name>', 'what it is called')
    .option('--models <glob...>', 'models it may use, in the place of those before')
    .option('--routes <class...>', 'inference, metadata, manage')
    .option('--expires <time>', 'when it ends, such as 30d from now; never')
    .option('--networks <cidr...>', 'where it may be used from; everywhere')
    .option('--cloud', "also models that run on somebody else's machine")
    .option('--no-cloud', 'no such models')
    .option('--metrics', 'also /metrics')
    .option('--no-metrics', 'no /metrics')
    .addOption(json())
    .action(async (given: string, flags: ChangeFlags, command: Command) => {
      const { networks, ...lists } = listsOf(flags)
      const change = {
        ...optional('name', flags.name),
        ...lists,
        ...optional('networks', networks?.join() === 'everywhere' ? [] : networks),
        ...optional('expiresInMs', flags.expires === 'never' ? null : optionalDuration(flags.expires)),
        ...optional('allowsCloud', flags.cloud),
        ...optional('allowsMetrics', flags.metrics),
      }
      if (Object.keys(change).length === 0) throw new UsageError('Say what to change: --name, --models, --expires …')
      await using control = await openControl(command)
      const { id, version } = await control.client.call('showKey', { params: { key: given } })
      const key = await control.client.call('changeKey', { params: { key: id }, body: { version, ...change } })
      if (flags.json) printJson(key)
      else printKey(key)
    })

  keys
    .command('rotate <key>')
    .description('Give a key a new text. The old one works until the grace ends.')
    .option('--grace <time>', 'how long the old text still works; 0 ends it now', DEFAULT_GRACE)
    .addOption(json())
    .action(async (name: string, flags: { grace: string; json?: true }, command: Command) => {
      const graceMs = flags.grace === '0' ? 0 : durationFlag('--grace', flags.grace)
      await using control = await openControl(command)
      const issued = await control.client.call('rotateKey', { params: { key: name }, body: { graceMs } })
      if (flags.json) {
        printJson(issued)
        return
      }
      await printIssued(issued, control)
      print(graceMs === 0 ? 'The old text has ended.' : `The old text works for ${formatDuration(graceMs)} more.`)
    })

  keys
    .command('revoke <key>')
    .description('End a key, and with it every answer that is under way for it.')
    .addOption(json())
    .action(async (name: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const key = await control.client.call('revokeKey', { params: { key: name } })
      if (flags.json) printJson(key)
      else print(`Revoked ${key.name} (${key.id}).`)
    })
}

function listsOf({ models, routes, networks }: Pick<CreateFlags, 'models' | 'routes' | 'networks'>) {
  return {
    ...optional('models', listFlag(models)),
    ...optional('routes', listFlag(routes)),
    ...optional('networks', listFlag(networks)),
  }
}

function optionalDuration(expires: string | undefined): number | undefined {
  return expires === undefined ? undefined : durationFlag('--expires', expires)
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value }
}

async function printIssued(issued: IssuedKeyBody, control: LocalControl): Promise<void> {
  print(issued.key)
  print('')
  print('Shown this once: keep it where your client looks for it.')
  const address = control.isLive ? (await control.client.call('status')).addresses[0] : undefined
  if (address === undefined) print('No gateway runs with this state folder now. Start one: punku serve')
  else print(`Try it:\n  curl ${shellUrl(`${address}/v1/models`)} -H 'Authorization: Bearer ${issued.key}'`)
}

function printKeys(keys: readonly KeyBody[]): void {
  const columns = ['NAME', 'ID', 'OWNER', 'STATE', 'MODELS', 'ROUTES', 'EXPIRES', 'LAST USED'].map((title) => ({
    title,
  }))
  const rows = keys.map((key) => [
    key.name,
    key.id,
    ownerOf(key),
    key.state,
    key.models.join(' '),
    key.routes.join(' '),
    localTime(key.expiresAt),
    localTime(key.lastUsedAt),
  ])
  printTable(columns, rows, 'There are no keys. Make one: punku keys create NAME')
}

/** Whose it is; `-` for the org's own. */
function ownerOf({ ownerName, ownerId }: KeyBody): string {
  return ownerName ?? ownerId ?? '-'
}

function printKey(key: KeyBody): void {
  const lines = renderFacts([
    ['name', key.name],
    ['id', key.id],
    ['owner', ownerOf(key)],
    ['state', key.state],
    ['models', key.models.join(' ')],
    ['routes', key.routes.join(' ')],
    ['networks', key.networks.length === 0 ? 'everywhere' : key.networks.join(' ')],
    ['cloud', key.allowsCloud ? 'yes' : 'no'],
    ['metrics', key.allowsMetrics ? 'yes' : 'no'],
    ['created', `${localTime(key.createdAt)} by ${key.createdBy}`],
    ['expires', localTime(key.expiresAt)],
    ['revoked', localTime(key.revokedAt)],
    ['last used', localTime(key.lastUsedAt)],
  ])
  for (const line of lines) print(line)
}
