import { type Command, Option } from 'commander'
import type { ControlAccess } from '../../contract/control-access.ts'
import type { IssuedKeyBody, KeyBody } from '../../contract/keys.ts'
import { openableHere } from '../../core/openable-url.ts'
import { formatDuration } from '../../core/units.ts'
import { shellUrl } from '../../core/wording.ts'
import { openControl, typedHere } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { standingOf } from '../gateway-standing.ts'
import { addKeyFlags, askedOfKey, keyFacts } from '../key-terms.ts'
import {
  localTime,
  print,
  printJson,
  printRevokedAlready,
  printTable,
  remark,
  renderFacts,
  visible,
} from '../output.ts'
import { durationFlag, numberFlag } from '../parse.ts'

const DEFAULT_GRACE = '24h'
/** The most that one page has. */
const PAGE_KEYS = 1_000

interface ListFlags {
  find?: string
  revoked?: boolean
  limit?: string
  json?: true
}

/** `punku keys …`: make, show, change, rotate and revoke keys. */
export function defineKeys(keys: Command): void {
  const json = () => new Option('--json', 'print JSON')

  addKeyFlags(keys.command('create <name>').description('Make a key. It is shown this once.'), 'create')
    .option('--personal', "your own rather than the org's")
    .addOption(json())
    .action(async (name: string, flags: { personal?: true; json?: true }, command: Command) => {
      await using control = await openControl(command)
      const { expiresInMs, ...terms } = askedOfKey(flags, 'create')
      const body = {
        name,
        ...terms,
        ...(typeof expiresInMs === 'number' ? { expiresInMs } : {}),
        ...(flags.personal === undefined ? {} : { isPersonal: flags.personal }),
      }
      const issued = await control.client.call('createKey', { body })
      if (flags.json) printJson(issued)
      else await printIssued(issued, control, command)
      if (issued.unmatchedModels !== undefined) {
        const names = visible(issued.unmatchedModels.join(', '))
        remark(
          `No model that this gateway knows now matches ${names}. Those there are: ${typedHere(command, 'models')}`,
        )
      }
    })

  keys
    .command('list')
    .description('Show every key, newest first.')
    .option('--find <text>', 'only those with this in their name or id')
    .option('--revoked', 'only those that are revoked')
    .option('--no-revoked', 'none that is revoked')
    .option('--limit <count>', 'how many at most (default: all)')
    .addOption(json())
    .action(async (flags: ListFlags, command: Command) => {
      const { find: q, revoked } = flags
      const limit = flags.limit === undefined ? Infinity : numberFlag('--limit', flags.limit, 1, 999_999_999)
      const filter = { ...(q !== undefined && { q }), ...(revoked !== undefined && { revoked }) }
      await using control = await openControl(command)
      const list: KeyBody[] = []
      // One more than is shown tells whether there are more.
      const query = { ...filter, limit: Math.min(limit + 1, PAGE_KEYS) }
      for await (const page of control.client.pages('listKeys', { query })) {
        list.push(...page.keys)
        if (list.length > limit) break
      }
      const shown = list.slice(0, limit)
      if (flags.json) printJson(shown)
      else printKeys(shown, Object.keys(filter).length > 0 ? 'No such key.' : noKeys(command))
      if (list.length > limit)
        remark(`${limit} of more: a higher --limit shows more, none shows all, --find looks for one.`)
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

  const changing = keys
    .command('change <key>')
    .description('Change what a key may do. What runs under it goes on.')
    .option('--name <name>', 'what it is called')
  addKeyFlags(changing, 'change')
    .addOption(json())
    .action(async (given: string, flags: { name?: string; json?: true }, command: Command) => {
      const change = {
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...askedOfKey(flags, 'change'),
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
      await printIssued(issued, control, command)
      print(graceMs === 0 ? 'The old text has ended.' : `The old text works for ${formatDuration(graceMs)} more.`)
    })

  keys
    .command('revoke <key>')
    .description('End a key, and with it every answer that is under way for it.')
    .addOption(json())
    .action(async (name: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const asked = { params: { key: name } }
      // What cannot be shown may be revoked all the same.
      const before = await control.client.call('showKey', asked).catch(() => undefined)
      const key = await control.client.call('revokeKey', asked)
      if (flags.json) printJson(key)
      else if (before?.id === key.id && before.revokedAt !== null) printRevokedAlready(key.name, key)
      else print(visible(`Revoked ${key.name} (${key.id}).`))
    })
}

async function printIssued(issued: IssuedKeyBody, control: ControlAccess, command: Command): Promise<void> {
  print(visible(issued.key))
  print('')
  print('Shown this once: keep it where your client looks for it.')
  const address = (await standingOf(control))?.addresses.map(openableHere)[0]
  if (address === undefined) {
    print(`No gateway runs with this state folder now. Start one: ${typedHere(command, 'serve')}`)
  } else {
    print('Try it:')
    print(visible(`  curl ${shellUrl(`${address}/v1/models`)} -H 'Authorization: Bearer ${issued.key}'`))
  }
}

function printKeys(keys: readonly KeyBody[], empty: string): void {
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
  printTable(columns, rows, empty)
}

function noKeys(command: Command): string {
  return `There are no keys. Make one: ${typedHere(command, 'keys create NAME')}`
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
    ...keyFacts(key),
    ['created', `${localTime(key.createdAt)} by ${key.createdBy}`],
    ['expires', localTime(key.expiresAt)],
    ['revoked', localTime(key.revokedAt)],
    ['last used', localTime(key.lastUsedAt)],
  ])
  for (const line of lines) print(line)
}
