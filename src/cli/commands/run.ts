import { join } from 'node:path'
import type { Command } from 'commander'
import type { RunParts, ToolRun } from '../../client/run/tool-run.ts'
import type { ClientTool } from '../../client/tools/client-tool.ts'
import type { FoundProgram } from '../../client/tools/find-program.ts'
import type { Environment } from '../../config/environment.ts'
import { ensureHome } from '../../config/home.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { shellWord } from '../../core/wording.ts'
import { contextOf, typedHere } from '../command-context.ts'
import { CONTEXT_WORDS, contextFlag } from '../context-length.ts'
import { UsageError } from '../exit.ts'
import { print, printJson, remark, renderFacts, visible } from '../output.ts'

interface RunFlags {
  model?: string
  profile?: string
  label?: string
  context?: string
  hosted?: true
  print?: true
  json?: true
}

/** The first requests of the tools have up to 78 KB, which is about as much. */
const LITTLE_CONTEXT_TOKENS = 16_384

/** Their names in `--help`, for which nothing is loaded. */
export const TOOLS_WORDS = 'claude codex opencode qwen copilot cline continue pi droid aider goose ollama'

/** `punku run TOOL`: a tool on the gateway's models, for one process. */
export function defineRun(command: Command): void {
  command
    .showHelpAfterError('(what is meant for the tool stands behind --: run claude -- -p hello)')
    .option('--model <model>', "the model (default: the profile's, else the only one there is)")
    .option('--profile <name>', 'the gateway and key, as `login` keeps them (default: those used last)')
    .option('--label <text>', 'what the run is called among the sessions')
    .option('--context <count>', 'tokens of prompt and answer together (default: as the gateway knows the model)')
    .option('--hosted', "the tool's own backend, as it is set up here: to compare both")
    .option('--print', 'show what would be started, and start nothing')
    .option('--json', 'with --print: print JSON')
    .addHelpText('after', `\nTools: ${TOOLS_WORDS}; and any other command.`)
    .action(async (name: string, args: readonly string[], flags: RunFlags) => {
      if (flags.json && !flags.print)
        throw new UsageError('--json goes with --print: the output of a run is that of its tool.')
      const { clientTool } = await import('../../client/tools/client-tool.ts')
      const tool = clientTool(name)
      if (flags.hosted) await runHosted(command, name, tool, args, flags)
      else await runOnGateway(command, name, tool, args, flags)
    })
}

async function runOnGateway(
  command: Command,
  name: string,
  tool: ClientTool | undefined,
  args: readonly string[],
  flags: RunFlags,
): Promise<void> {
  const [
    { UNFIT_TOOLS },
    { chooseClientProfile },
    { offeredModels },
    { toolPlanner },
    { runModel },
    { openRunFolder, runFolderPath },
    { newRunPass, newRunSession, openForwarderFor, refuseConflicts, runParts, shownRunParts },
    { openRunForwarder },
  ] = await Promise.all([
    import('../../client/tools/unfit-tools.ts'),
    import('../../client/profiles/client-profile.ts'),
    import('../../client/offered-models.ts'),
    import('../../client/run/tool-planners.ts'),
    import('../../client/run/run-model.ts'),
    import('../../client/run/run-folder.ts'),
    import('../../client/run/tool-run.ts'),
    import('../../client/run/forwarder.ts'),
  ])
  const unfit = UNFIT_TOOLS.find((other) => other.name === name)
  if (unfit !== undefined) throw new UsageError(unfit.reason)
  const { home } = contextOf(command)
  const label = labelOf(flags)
  const contextTokens = contextFlag(flags.context)
  const planner = toolPlanner(name)
  refuseConflicts(planner, args)
  const profile = chooseClientProfile(home, flags.profile)
  const model = runModel({
    offered: await offeredModels(home, profile),
    asked: flags.model,
    ofProfile: profile.model,
    contextTokens,
    isOptional: planner.isModelOptional === true,
    url: profile.url,
  })
  const session = newRunSession()
  const [folderPath, pass] = [runFolderPath(home, session), newRunPass(planner)]
  const run: ToolRun = { session, label, planner, profile, model, folder: folderPath, pass }
  if (flags.print) {
    show(name, tool, run, shownRunParts(run, process.env), args, flags)
    return
  }
  const program = await findTool(name, tool)
  ensureHome(home)
  using folder = openRunFolder(home, session)
  const forwarder = await openForwarderFor(run, openRunForwarder)
  try {
    const parts = runParts(run, process.env, forwarder.url)
    folder.write(parts.files)
    if (planner.remark !== undefined) remark(planner.remark)
    if (model.otherwise !== undefined) remark(model.otherwise)
    if (!planner.isModelOptional && model.contextTokens < LITTLE_CONTEXT_TOKENS) remark(tooLittle(model))
    await start(program, [...parts.args, ...args], parts.env)
  } finally {
    await forwarder.close()
  }
}

async function runHosted(
  command: Command,
  name: string,
  tool: ClientTool | undefined,
  args: readonly string[],
  flags: RunFlags,
): Promise<void> {
  const ignored = (['model', 'profile', 'label', 'context'] as const).filter((flag) => flags[flag] !== undefined)
  if (ignored.length > 0) {
    throw new UsageError(
      `--${ignored.join(', --')} is of the gateway, and --hosted is without it: leave out one of them.`,
    )
  }
  await warnOfSetup(command, name)
  const program = await findTool(name, tool)
  const words = `${tool?.title ?? name} is started on its own backend, as it is set up here: nothing of the gateway is given to it.`
  if (flags.json) printJson({ program: program.file, args, environment: {}, removed: [], files: [], isHosted: true })
  else if (flags.print) {
    print(words)
    print(visible([name, ...args].map(shellWord).join(' ')))
  } else {
    remark(words)
    await start(program, args, process.env)
  }
}

/** What was written into its own files leads it to a gateway in its own backend's place. */
async function warnOfSetup(command: Command, name: string): Promise<void> {
  const [{ EditJournal }, { systemClock }] = await Promise.all([
    import('../../client/edits/edit-journal.ts'),
    import('../../core/clock.ts'),
  ])
  if (!new EditJournal(contextOf(command).home, systemClock).owners().includes(name)) return
  remark(
    `\`setup\` wrote into its files, which may lead it to the gateway all the same. To take that back: ${typedHere(command, `setup ${name} --undo`)}`,
  )
}

function tooLittle({ id, contextTokens }: ToolRun['model']): string {
  return visible(
    `${id} takes ${contextTokens} tokens in one conversation, and coding tools begin with more than ${LITTLE_CONTEXT_TOKENS}: expect it to forget, or to fail. Give it more at its model server, or with num_ctx in a rule for the model.`,
  )
}

async function findTool(name: string, tool: ClientTool | undefined): Promise<FoundProgram> {
  const { findProgram } = await import('../../client/tools/find-program.ts')
  const names = tool?.programs ?? [name]
  for (const each of names) {
    const found = findProgram(each, process.env)
    if (found !== undefined) return found
  }
  const how = tool === undefined ? 'Check its name, and PATH.' : `Install it: ${installWords(tool)}`
  throw new CommandFailure(
    'away',
    `${tool?.title ?? name} is not installed here: there is no '${names[0]}' in PATH. ${how}`,
  )
}

function installWords({ source: { kind, name } }: ClientTool): string {
  switch (kind) {
    case 'npm':
      return `npm install --global ${name}`
    case 'pypi':
      return `pipx install ${name}`
    case 'brew':
      return `brew install ${name}`
    case 'other':
      return name
  }
}

/** Starts it in this terminal; its end is this command's. */
async function start(program: FoundProgram, args: readonly string[], env: Environment): Promise<void> {
  const { runChild } = await import('../../client/run/run-child.ts')
  try {
    process.exitCode = await runChild({ program, args, env })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new CommandFailure('ended', `${program.file} cannot be started${code === undefined ? '' : ` (${code})`}.`, {
      cause,
    })
  }
}

function labelOf({ label }: RunFlags): string | undefined {
  // It goes in a header.
  if (label === undefined || /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(label)) return label
  throw new UsageError('--label takes 1 to 64 visible ASCII characters, with spaces between them.')
}

function show(
  name: string,
  tool: ClientTool | undefined,
  run: ToolRun,
  parts: RunParts,
  args: readonly string[],
  { json }: RunFlags,
): void {
  const words = [tool?.programs[0] ?? name, ...parts.args, ...args]
  const { planner, profile, model, session } = run
  if (json) {
    printJson({
      command: words,
      environment: parts.set,
      removed: parts.removed,
      files: parts.files.map((file) => ({ path: join(run.folder, file.name), text: file.text })),
      gateway: profile.url,
      profile: profile.name,
      model: model.id,
      contextTokens: model.contextTokens,
      contextFrom: model.contextFrom,
      session,
      isHosted: false,
    })
    return
  }
  print(visible(words.map(shellWord).join(' ')))
  print('')
  const facts = [
    ['gateway', `${profile.url} (profile '${profile.name}')`],
    ['model', model.id === '' ? 'none is chosen' : model.id],
    ['context', `${model.contextTokens} tokens (${CONTEXT_WORDS[model.contextFrom]})`],
    ['session', `${session} (a new one for each run)`],
    ...(parts.removed.length === 0 ? [] : [['taken away', parts.removed.join(' ')] as const]),
  ] as const
  for (const line of renderFacts(facts as readonly (readonly [string, string])[])) print(line)
  for (const [variable, value] of Object.entries(parts.set))
    print(visible(`${variable}=${value.replaceAll('\n', '\\n')}`))
  for (const file of parts.files) {
    print('')
    print(visible(`${join(run.folder, file.name)} (for as long as it runs)`))
    for (const line of file.text.trimEnd().split('\n')) print(visible(line))
  }
  if (planner.remark !== undefined) {
    print('')
    print(planner.remark)
  }
}
