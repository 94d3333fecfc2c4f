import { type Command, Option } from 'commander'
import type { ControlClient } from '../../contract/client.ts'
import type { AccountBody } from '../../contract/people.ts'
import { isOpenableElsewhere } from '../../core/openable-url.ts'
import { openControl, typedHere } from '../command-context.ts'
import { UsageError } from '../exit.ts'
import { noteForOthers } from '../gateway-standing.ts'
import { localTime, print, printJson, printTable, visible } from '../output.ts'
import { durationFlag } from '../parse.ts'

const COLUMNS = [{ title: 'NAME' }, { title: 'E-MAIL' }, { title: 'ORGS' }, { title: 'SYSTEM' }, { title: 'MADE' }]

interface InviteFlags {
  email?: string
  role: 'owner' | 'admin' | 'member'
  expires?: string
  json?: true
}

/** `punku people …`: who has an account, who is invited, and the way back in for those who are locked out. */
export function definePeople(people: Command): void {
  const json = () => new Option('--json', 'print JSON')

  people
    .command('setup')
    .description('Make the link by which the first person comes in, while nobody has an account.')
    .addOption(json())
    .action(async (flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const setup = await control.client.call('issueSetupLink')
      if (flags.json) printJson(setup)
      else {
        printLink(setup.link)
        print('It makes the first account, once, within a day.')
      }
    })

  people
    .command('list')
    .description('Show every account of the gateway.')
    .addOption(json())
    .action(async (flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const list = await accountsOf(control.client)
      if (flags.json) printJson(list)
      else
        printTable(
          COLUMNS,
          list.map(cellsOf),
          `Nobody yet. This prints the link that makes the first: ${typedHere(command, 'people setup')}`,
        )
    })

  people
    .command('invite')
    .description('Make a link by which somebody joins the org. It is shown this once.')
    .option('--email <address>', 'whom it is for (default: whoever has the link)')
    .addOption(
      new Option('--role <role>', 'owner, admin or member').choices(['owner', 'admin', 'member']).default('member'),
    )
    .option('--expires <time>', 'how long it can be used, such as 7d', '7d')
    .addOption(json())
    .action(async (flags: InviteFlags, command: Command) => {
      await using control = await openControl(command)
      const { email, role } = flags
      const expiresInMs = durationFlag('--expires', flags.expires ?? '7d')
      const body = { role, expiresInMs, ...(email !== undefined && { email }) }
      const invitation = await control.client.call('createInvitation', { body })
      if (flags.json) printJson(invitation)
      else {
        printLink(invitation.link)
        print(`It works once, until ${localTime(invitation.expiresAt)}, and is shown this once.`)
        print(invitation.wasMailed ? 'It was mailed, too.' : 'Send it to whom it is for.')
      }
    })

  people
    .command('reset <email>')
    .description('Let somebody who is locked out set a new password: makes a link, and ends their sessions.')
    .addOption(json())
    .action(async (email: string, flags: { json?: true }, command: Command) => {
      await using control = await openControl(command)
      const person = await personIdOf(control.client, email, command)
      const reset = await control.client.call('resetAccount', { params: { person } })
      if (flags.json) printJson(reset)
      else {
        printLink(reset.link)
        print(
          `It works once, until ${localTime(reset.expiresAt)}. Their password and second factor are off, their sessions have ended.`,
        )
      }
    })

  people
    .command('admin <email>')
    .description('Make somebody a system admin, who sees every org.')
    .option('--remove', 'make them one no longer')
    .addOption(json())
    .action(async (email: string, flags: { remove?: true; json?: true }, command: Command) => {
      await using control = await openControl(command)
      const person = await personIdOf(control.client, email, command)
      const body = { isSystemAdmin: flags.remove !== true }
      const account = await control.client.call('changeAccount', { params: { person }, body })
      if (flags.json) printJson(account)
      else print(`${visible(account.person.email)} is ${account.isSystemAdmin ? 'a' : 'no'} system admin now.`)
    })

  people
    .command('remove <email>')
    .description('Remove an account everywhere, and revoke its keys.')
    .option('--from-org', 'end only the membership in the org that is meant, and the keys they have in it')
    .addOption(json())
    .action(async (email: string, flags: { fromOrg?: true; json?: true }, command: Command) => {
      await using control = await openControl(command)
      if (flags.fromOrg) {
        const person = await memberIdOf(control.client, email)
        await control.client.call('removeMember', { params: { person } })
        if (flags.json) printJson({ removed: email })
        else print(`${visible(email)} is no member any more. Their keys of this org are revoked; their account stays.`)
        return
      }
      const person = await personIdOf(control.client, email, command)
      await control.client.call('removeAccount', { params: { person } })
      if (flags.json) printJson({ removed: email })
      else print(`Removed ${visible(email)}. Their keys are revoked, their sessions have ended.`)
    })
}

/** Says also where it leads nobody but whoever sits at the gateway's own machine. */
function printLink(link: string): void {
  print(visible(link))
  const { origin } = new URL(link)
  if (isOpenableElsewhere(origin)) return
  print(`${noteForOthers(origin, 'whoever opens it sits at')} gateway.publicUrl says it for all links.`)
}

/** @param q only those with this in their name or address. Default: everyone */
async function accountsOf(client: ControlClient, q?: string): Promise<AccountBody[]> {
  const list = []
  for await (const page of client.pages('listAccounts', { query: { q } })) list.push(...page.accounts)
  return list
}

async function personIdOf(client: ControlClient, email: string, command: Command): Promise<string> {
  const wanted = email.toLowerCase()
  const account = (await accountsOf(client, wanted)).find(({ person }) => person.email === wanted)
  if (account !== undefined) return account.person.id
  throw new UsageError(
    `Nobody has an account of this e-mail address. This shows who has one: ${typedHere(command, 'people list')}`,
  )
}

async function memberIdOf(client: ControlClient, email: string): Promise<string> {
  const wanted = email.toLowerCase()
  for await (const { members } of client.pages('listMembers', { query: { q: wanted } })) {
    const member = members.find(({ person }) => person.email === wanted)
    if (member !== undefined) return member.person.id
  }
  throw new UsageError('This org has no member of this e-mail address. --org names another.')
}

function cellsOf({ person, orgs, isSystemAdmin, createdAt }: AccountBody): string[] {
  const roles = orgs.map(({ org, role }) => `${org.slug}:${role}`).join(' ')
  return [person.name, person.email, roles === '' ? '-' : roles, isSystemAdmin ? 'yes' : '-', localTime(createdAt)]
}
