import { type Command, Option } from 'commander'
import { openControl } from '../command-context.ts'
import { localTime, print, printJson, printTable, visible } from '../output.ts'

const COLUMNS = [{ title: 'SLUG' }, { title: 'NAME' }, { title: 'ID' }, { title: 'MADE' }]

interface CreateFlags {
  slug?: string
  json?: true
}

/** `punku orgs …`: the tenants of a gateway. */
export function defineOrgs(orgs: Command): void {
  const json = () => new Option('--json', 'print JSON')

  orgs
    .command('list')
    .description('Show the orgs you may work in.')
    .addOption(json())
    .action(async (flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const list = []
      for await (const page of control.client.pages('listOrgs', {})) list.push(...page.orgs)
      if (flags.json) printJson(list)
      else
        printTable(
          COLUMNS,
          list.map(({ slug, name, id, createdAt }) => [slug, name, id, localTime(createdAt)]),
          'None.',
        )
    })

  orgs
    .command('create <name>')
    .description('Make an org.')
    .option('--slug <slug>', 'how it is named in commands: lower case letters, digits, dashes (default: from the name)')
    .addOption(json())
    .action(async (name: string, flags: CreateFlags, command: Command) => {
      await using control = await openControl(command)
      const org = await control.client.call('createOrg', { body: { name, slug: flags.slug ?? slugFrom(name) } })
      if (flags.json) printJson(org)
      else print(`Made the org ${visible(org.name)} (${visible(org.slug)}).`)
    })

  orgs
    .command('use <org>')
    .description('Work in another org from now on, where you are signed in elsewhere.')
    .addOption(json())
    .action(async (org: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const me = await control.client.call('chooseOrg', { body: { org } })
      if (flags.json) printJson(me.org)
      else print(`Working in ${visible(me.org?.name ?? org)} now.`)
    })

  orgs
    .command('remove <org>')
    .description('End an org, by id or slug, with all its keys and tunnels.')
    .addOption(json())
    .action(async (org: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      await control.client.call('removeOrg', { params: { org } })
      if (flags.json) printJson({ removed: org })
      else print(`Removed the org ${visible(org)}. Its keys and tunnels have ended.`)
    })
}

function slugFrom(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}
