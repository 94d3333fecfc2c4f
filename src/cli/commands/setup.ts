import type { Command } from 'commander'
import type { ClientProfile } from '../../client/profiles/client-profile.ts'
import type { RunModel } from '../../client/run/run-model.ts'
import type { Probe } from '../../client/setup/probe-model.ts'
import type { PreparedSetup } from '../../client/setup/set-up.ts'
import type { SetupTool } from '../../client/setup/setup-plan.ts'
import type { CommandFailureKind } from '../../core/command-failure.ts'
import { contextOf, typedHere } from '../command-context.ts'
import { isConfirmed } from '../confirm.ts'
import { CONTEXT_WORDS, contextFlag } from '../context-length.ts'
import { Declined, EXIT, UsageError } from '../exit.ts'
import { print, printJson, remark, visible } from '../output.ts'

interface SetupFlags {
  model?: string
  profile?: string
  context?: string
  default?: true
  yes?: true
  dryRun?: true
  undo?: true
  list?: true
  json?: true
}

/** `punku setup TOOL`: writes a tool's own configuration for this gateway, and takes it back. */
export function defineSetup(command: Command): void {
  command
    .option('--list', 'show what can be set up, what is installed, and what works')
    .option('--model <model>', "the model (default: the profile's, else the only one there is)")
    .option('--profile <name>', 'the gateway and key, as `login` keeps them (default: those used last)')
    .option('--context <count>', 'tokens of prompt and answer together (default: as the gateway knows the model)')
    .option('--default', 'let the tool use the model also where none is asked for')
    .option('--yes', 'do not ask before files are changed')
    .option('--dry-run', 'show what would be changed, and change nothing')
    .option('--undo', 'take the set-up of the tool back, as far as it is still as it was written')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, flags: SetupFlags) => {
      const contextTokens = contextFlag(flags.context)
      if (flags.list) {
        const { printSetupList } = await import('../setup-list-output.ts')
        await printSetupList(command, { ...flags, contextTokens })
        return
      }
      if (name === undefined) {
        throw new UsageError(`Say which tool, as in: ${typedHere(command, 'setup claude')}. All of them: --list.`)
      }
      if (flags.undo && flags.dryRun) {
        throw new UsageError('--undo takes a set-up back, and --dry-run changes nothing: leave out one of them.')
      }
      if (flags.undo) await undoSetup(command, name, flags)
      else await setUp(command, await knownTool(command, name), flags, contextTokens)
    })
}

async function knownTool(command: Command, name: string): Promise<SetupTool> {
  const { REFUSED_TOOLS, SETUP_TOOLS, setupTool } = await import('../../client/setup/setup-tools.ts')
  const tool = setupTool(name)
  if (tool !== undefined) return tool
  const refused = REFUSED_TOOLS.find((other) => other.name === name)
  if (refused !== undefined) throw new UsageError(refused.reason((words) => typedHere(command, words)))
  throw new UsageError(`No tool is known as '${name}'. There is: ${SETUP_TOOLS.map((known) => known.name).join(', ')}.`)
}

async function setUp(
  command: Command,
  tool: SetupTool,
  flags: SetupFlags,
  contextTokens: number | undefined,
): Promise<void> {
  const [{ modelForTools }, { applySetup, prepareSetup }, { probeModel }] = await Promise.all([
    import('../../client/setup/model-for-tools.ts'),
    import('../../client/setup/set-up.ts'),
    import('../../client/setup/probe-model.ts'),
  ])
  const { home } = contextOf(command)
  const { profile, model } = await modelForTools(home, { profile: flags.profile, model: flags.model, contextTokens })
  const isDefault = flags.default === true
  const prepared = await prepareSetup({ home, tool, profile, model, isDefault, env: process.env })
  const isApplying = prepared.isNew && flags.dryRun !== true
  if (!flags.json) printPlan(tool, profile, model, prepared)
  if (isApplying) {
    if (flags.yes !== true) await confirm(flags.json === true)
    await applySetup(home, tool, prepared)
  }
  const tried = flags.dryRun ? undefined : await probeModel(profile, tool.format, model.id)
  if (flags.json) printJson(resultOf(tool, profile, model, prepared, isApplying, tried))
  else printEnd(command, tool, prepared, isApplying, tried)
  if (tried?.isAnswered === false) process.exitCode = PROBE_EXITS[tried.kind]
}

const PROBE_EXITS: Readonly<Record<CommandFailureKind, number>> = {
  ended: EXIT.failed,
  denied: EXIT.notAllowed,
  away: EXIT.unavailable,
}

function printPlan(
  { title, lacksContext }: SetupTool,
  { url, name }: ClientProfile,
  { id, contextTokens, contextFrom, otherwise }: RunModel,
  { plan, diff, isNew }: PreparedSetup,
): void {
  print(visible(`${title} on ${url} (profile '${name}'), with the model ${id}.`))
  if (otherwise !== undefined) print(visible(otherwise))
  if (!lacksContext) print(`Its context: ${contextTokens} tokens (${CONTEXT_WORDS[contextFrom]}).`)
  for (const note of plan.notes) print(visible(note))
  print('')
  if (isNew) for (const line of diff.trimEnd().split('\n')) print(visible(line.replaceAll('\t', '    ')))
  else if (plan.edits.length > 0) print('Nothing to change: its files are as they should be.')
}

/** @throws UsageError where nobody can be asked; Declined */
async function confirm(isJson: boolean): Promise<void> {
  if (isJson || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError('Nobody can be asked here whether to change these files: add --yes, or --dry-run.')
  }
  remark('')
  if (!(await isConfirmed('Change these files?'))) throw new Declined('Nothing was changed.')
}

function printEnd(
  command: Command,
  { name, title }: SetupTool,
  { plan, isNew }: PreparedSetup,
  isApplied: boolean,
  tried: Probe | undefined,
): void {
  const undo = typedHere(command, `setup ${name} --undo`)
  if (isApplied) print(`\nIt is set up: ${title}. To take that back: ${undo}`)
  else if (isNew) print('\nNothing was changed: this was a dry run.')
  if (tried !== undefined) printProbe(tried, undo, isApplied)
  print('')
  print(isNew && !isApplied ? 'What to do then:' : 'What to do now:')
  for (const step of plan.next) print(visible(`  ${step}`))
  if (plan.snippet !== undefined) {
    print('')
    for (const line of plan.snippet.split('\n')) print(visible(line))
  }
}

function printProbe(tried: Probe, undo: string, isApplied: boolean): void {
  if (!tried.isAnswered) {
    print(visible(`A small request did not work: ${tried.said}`))
    if (isApplied) print(`The set-up stays. Try it again once that is mended, or take it back: ${undo}`)
    return
  }
  const { words, tokensIn, tokensOut, tookMs } = tried
  const said = words === '' ? 'without words: it only thought' : `"${words}"`
  const tokens = tokensIn === undefined || tokensOut === undefined ? '' : `, ${tokensIn} tokens in and ${tokensOut} out`
  print(visible(`A small request worked: ${said}${tokens}, ${tookMs} ms.`))
}

function resultOf(
  { name, title, evidence }: SetupTool,
  profile: ClientProfile,
  model: RunModel,
  { plan, planned, diff }: PreparedSetup,
  isApplied: boolean,
  tried: Probe | undefined,
) {
  return {
    tool: name,
    title,
    evidence,
    profile: profile.name,
    gateway: profile.url,
    model: model.id,
    contextTokens: model.contextTokens,
    contextFrom: model.contextFrom,
    isApplied,
    files: planned.map(({ file, before, after }) => ({
      path: file,
      change: before === after ? 'none' : before === undefined ? 'new' : 'changed',
    })),
    diff,
    notes: plan.notes,
    next: plan.next,
    snippet: plan.snippet ?? null,
    probe: tried ?? null,
  }
}

async function undoSetup(command: Command, name: string, { json }: SetupFlags): Promise<void> {
  const [{ undoSetupOf }, { undoLines }] = await Promise.all([
    import('../../client/setup/undo-setup.ts'),
    import('../setup-undo-output.ts'),
  ])
  const { home } = contextOf(command)
  const report = await undoSetupOf(home, name)
  // A name that was never set up may be one that is misspelt.
  if (report.files.length === 0) await knownTool(command, name)
  if (json) printJson(report)
  else for (const line of undoLines(report)) print(visible(line))
  if (report.files.some(({ outcome }) => outcome === 'refused')) process.exitCode = EXIT.config
}
