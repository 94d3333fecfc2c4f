import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ClientProfile } from '../../client/profiles/client-profile.ts'
import type { KeptFacts } from '../../client/profiles/keep-profile.ts'
import { ensureHome } from '../../config/home.ts'
import { DEFAULT_PROFILE_NAME, parseProfileName } from '../../config/profile-name.ts'
import type { ControlAccess } from '../../contract/control-access.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { openableHere } from '../../core/openable-url.ts'
import { contextOf, typedHere } from '../command-context.ts'
import { explain, UsageError } from '../exit.ts'
import { type PersonSignedIn, signInByCode } from '../login-by-code.ts'
import { print, printJson, printTable, remark, visible } from '../output.ts'
import { readSecretLine } from '../stdin.ts'

interface LoginFlags {
  allowPlainHttp?: true
  caFile?: string
  browser: boolean
  profile: string
  model?: string
  key: boolean
  keyStdin?: true
  list?: true
  use?: string
  json?: true
}

/** `punku login`: a gateway for this machine's commands, as the person who confirms it, and a key of it for its tools. */
export function defineLogin(command: Command): void {
  command
    .option('--profile <name>', 'what the gateway, its key and the model are kept as', DEFAULT_PROFILE_NAME)
    .option('--model <model>', 'the model that tools are given where none is asked for')
    .option('--key-stdin', 'take the key from standard input; nobody signs in')
    .option('--no-key', 'only sign in')
    .option('--allow-plain-http', 'take an http:// address beyond this machine')
    .option(
      '--ca-file <file>',
      "PEM file with further authorities to trust for the gateway's certificate; kept for later commands",
    )
    .option('--no-browser', 'do not open a browser')
    .option('--list', 'show the profiles there are')
    .option('--use <name>', 'take this profile where none is named')
    .option('--json', 'print JSON')
    .action(async (gateway: string | undefined, flags: LoginFlags) => {
      if (flags.keyStdin && !flags.key) throw new UsageError('--key-stdin and --no-key exclude each other.')
      if (flags.list) await listProfiles(command, flags)
      else if (flags.use !== undefined) await useProfile(command, flags.use, flags)
      else await logInTo(command, gateway, flags)
    })
}

async function logInTo(command: Command, gateway: string | undefined, flags: LoginFlags): Promise<void> {
  const { home } = contextOf(command)
  const name = parseProfileName(flags.profile)
  const caFile = flags.caFile === undefined ? undefined : resolve(flags.caFile)
  ensureHome(home)
  if (gateway === undefined) {
    if (!flags.key) throw new UsageError('Name the gateway to sign in at. On its own machine nobody has to.')
    await using control = await openOwnGateway(command)
    const url = await ownUrl(control)
    const facts = { name, url, caFile, model: flags.model }
    const kept = flags.keyStdin ? await keepGiven(home, facts) : await keepMade(home, facts, control, false)
    await report(command, flags, kept, undefined)
    return
  }
  const { parseGatewayUrl } = await import('../../client/gateway-url.ts')
  const { url } = parseGatewayUrl(gateway, { allowPlainHttp: flags.allowPlainHttp === true })
  const facts = { name, url, caFile, model: flags.model }
  if (flags.keyStdin) {
    await report(command, flags, await keepGiven(home, facts), undefined)
    return
  }
  await using signedIn = await signInByCode({ home, url, caFile, opensBrowser: flags.browser })
  const { person, control } = signedIn
  if (!flags.key) {
    await report(command, flags, undefined, person)
    return
  }
  const kept = await keepMade(home, { ...facts, caFile: signedIn.caFile }, control, true).catch((thrown: unknown) => {
    // The sign-in stands, and is good without a key.
    remark(
      `No key is kept for tools: ${explain(thrown).message ?? ''} Give one: ${typedHere(command, `login ${url} --key-stdin`)}`,
    )
    return undefined
  })
  await report(command, flags, kept, person)
}

/** The gateway that runs with the state folder of this machine. */
async function openOwnGateway(command: Command): Promise<ControlAccess> {
  const { openRunningControl } = await import('../../client/running-control.ts')
  const { org } = command.optsWithGlobals<{ org?: string }>()
  const control = await openRunningControl({ home: contextOf(command).home, org })
  if (control !== undefined) return control
  throw new CommandFailure(
    'away',
    `No gateway runs on this machine with this state folder. Name the one to sign in at: ${typedHere(command, 'login URL')}`,
  )
}

async function ownUrl({ client }: ControlAccess): Promise<string> {
  const { addresses } = await client.call('status')
  const [address] = addresses.map(openableHere)
  if (address === undefined) throw new CommandFailure('away', 'The gateway of this machine listens nowhere.')
  return address
}

async function keepGiven(home: string, facts: KeptFacts): Promise<ClientProfile> {
  const { keepProfile } = await import('../../client/profiles/keep-profile.ts')
  return await overFormer(home, facts, async () => keepProfile(home, facts, await readSecretLine(process.stdin, 'key')))
}

async function keepMade(
  home: string,
  facts: KeptFacts,
  { client }: ControlAccess,
  isPersonal: boolean,
): Promise<ClientProfile> {
  const { keepMachineProfile } = await import('../../client/profiles/keep-profile.ts')
  return await overFormer(home, facts, () => keepMachineProfile(home, facts, client, isPersonal))
}

/** Says what a profile of another gateway has given way to, once it has. */
async function overFormer(
  home: string,
  { name, url }: KeptFacts,
  keep: () => Promise<ClientProfile>,
): Promise<ClientProfile> {
  const { readClientProfiles } = await import('../../client/profiles/client-profile.ts')
  const former = readClientProfiles(home).find((known) => known.name === name && known.url !== url)
  const profile = await keep()
  if (former !== undefined) {
    remark(
      visible(
        `The profile '${name}' was of ${former.url} before: that key is forgotten here, and still works. --profile keeps several.`,
      ),
    )
  }
  return profile
}

async function report(
  command: Command,
  { json }: LoginFlags,
  kept: ClientProfile | undefined,
  person: PersonSignedIn | undefined,
): Promise<void> {
  const { shownProfile } = await import('../../client/profiles/shown-profile.ts')
  const profile = kept === undefined ? null : shownProfile(kept)
  if (json) {
    printJson({ ...person, profile })
    return
  }
  if (person !== undefined) {
    const org = person.org === null ? '' : `, in the org ${visible(person.org)}`
    print(`Signed in at ${person.url} as ${visible(person.email)}${org}.`)
  }
  if (profile === null) return
  const { name, url, model, key } = profile
  print(
    visible(`Tools of this machine use ${url} by the profile '${name}'${key === null ? '' : `, with the key ${key}`}.`),
  )
  print(
    model === null
      ? 'No model is chosen: they get the only one there is, or take --model.'
      : visible(`They get the model ${model}.`),
  )
  print(`Next: ${typedHere(command, 'run claude')} for one run, ${typedHere(command, 'setup --list')} for good.`)
}

async function listProfiles(command: Command, { json }: LoginFlags): Promise<void> {
  const [{ readClientProfiles }, { shownProfile }] = await Promise.all([
    import('../../client/profiles/client-profile.ts'),
    import('../../client/profiles/shown-profile.ts'),
  ])
  const profiles = readClientProfiles(contextOf(command).home).map(shownProfile)
  if (json) {
    printJson({ profiles })
    return
  }
  const columns = ['PROFILE', 'GATEWAY', 'MODEL', 'KEY'].map((title) => ({ title }))
  const rows = profiles.map(({ name, url, model, key }) => [name, url, model ?? '-', key ?? '-'])
  printTable(columns, rows, `There are no profiles. Make one: ${typedHere(command, 'login URL')}`)
}

async function useProfile(command: Command, asked: string, flags: LoginFlags): Promise<void> {
  const { chooseClientProfile, writeClientProfile } = await import('../../client/profiles/client-profile.ts')
  const { home } = contextOf(command)
  const chosen = chooseClientProfile(home, asked)
  const profile = flags.model === undefined ? chosen : { ...chosen, model: flags.model }
  writeClientProfile(home, profile)
  await report(command, flags, profile, undefined)
}
