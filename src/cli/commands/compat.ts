import { spawn } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { VersionVerdict } from '../../client/compat/verdict.ts'
import type { ClientTool } from '../../client/tools/client-tool.ts'
import type { InstalledTool } from '../../client/tools/installed-tool.ts'
import { ensureHome } from '../../config/home.ts'
import { systemClock } from '../../core/clock.ts'
import { CommandFailure } from '../../core/command-failure.ts'
import { VERSION } from '../../core/version.ts'
import { shellWord } from '../../core/wording.ts'
import { contextOf, typedHere } from '../command-context.ts'
import { isConfirmed } from '../confirm.ts'
import { Declined, EXIT, UsageError } from '../exit.ts'
import { print, printJson, printTable, remark, visible } from '../output.ts'

interface CompatFlags {
  json?: true
}

interface CheckFlags extends CompatFlags {
  try: boolean
  again?: true
  profile?: string
  model?: string
}

interface Found {
  readonly tool: ClientTool
  readonly installed: InstalledTool
}

/** A tool that loads a large model for one question takes minutes. */
const TRIAL_TIMEOUT_MS = 300_000

/** `punku compat`: which versions of tools and servers work together, and the way back to one that did. */
export function defineCompat(command: Command): void {
  command
    .command('check [tools...]')
    .description('Say of each installed tool, and of each model server, whether its version works with this Punku.')
    .option(
      '--no-try',
      'try no tool of which nothing is known; else it is asked one small question through the gateway',
    )
    .option('--again', 'try also what was tried on this machine before')
    .option('--profile <name>', 'the gateway and key to try tools with (default: the last one)')
    .option('--model <model>', 'the model to try tools with')
    .option('--json', 'print JSON')
    .action(async (names: readonly string[], flags: CheckFlags, check: Command) => {
      const tools = await findTools(names)
      const verdicts: VersionVerdict[] = []
      for (const found of tools) verdicts.push(await checkTool(found, flags, check))
      verdicts.push(...(names.length === 0 ? await serverVerdicts(check) : []))
      if (flags.json) printJson({ punku: VERSION, versions: verdicts.map(jsonOf) })
      else printVerdicts(verdicts)
      if (verdicts.some(({ state }) => state === 'broken')) process.exitCode = EXIT.failed
    })

  command
    .command('pin [tools...]')
    .description('Keep the versions that are installed now, to come back to them by `rollback`.')
    .option('--file <file>', 'the lock file (default: versions.json in the state folder)')
    .option('--json', 'print JSON')
    .action(async (names: readonly string[], flags: CompatFlags & { file?: string }, pin: Command) => {
      const { home } = contextOf(pin)
      ensureHome(home)
      const [{ writeVersionLock }, { verdictOf }, { readTrials }] = await Promise.all([
        import('../../client/compat/version-lock.ts'),
        import('../../client/compat/verdict.ts'),
        import('../../client/compat/trials.ts'),
      ])
      const known = { trials: readTrials(home), punku: VERSION }
      const pins = (await findTools(names)).flatMap(({ tool, installed: { version } }) => {
        if (version === undefined) return []
        const { evidence, state } = verdictOf(tool.name, version, known)
        if (state === 'broken')
          remark(visible(`${tool.title} ${version} is known not to work. It is pinned all the same.`))
        return [{ tool: tool.name, version, pinnedAt: systemClock.now(), evidence: evidence ?? 'not tried' }]
      })
      if (pins.length === 0) throw new UsageError('No tool is installed here whose version can be read.')
      const file = lockFile(home, flags)
      writeVersionLock(file, pins)
      if (flags.json) printJson({ file, pinned: pins.map(({ tool, version }) => ({ tool, version })) })
      else {
        for (const { tool, version } of pins) print(`Pinned ${tool} ${version}.`)
        print(visible(`They stand in ${file}. To come back: ${typedHere(pin, 'compat rollback TOOL')}`))
      }
    })

  command
    .command('rollback <tool>')
    .description('Install the version of a tool that was pinned. Asks first.')
    .option('--file <file>', 'the lock file (default: versions.json in the state folder)')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(rollBack)
}

async function checkTool(
  { tool, installed: { version } }: Found,
  flags: CheckFlags,
  command: Command,
): Promise<VersionVerdict> {
  const [{ verdictOf }, { canBeTried, keepTrial, readTrials, tryTool }, { offeredModels }, { chooseClientProfile }] =
    await Promise.all([
      import('../../client/compat/verdict.ts'),
      import('../../client/compat/trials.ts'),
      import('../../client/offered-models.ts'),
      import('../../client/profiles/client-profile.ts'),
    ])
  const { home } = contextOf(command)
  const wasTried = () => readTrials(home).some((trial) => trial.tool === tool.name && trial.version === version)
  const verdict = () => verdictOf(tool.name, version, { trials: readTrials(home), punku: VERSION })
  const isKnown = verdict().state !== 'untried' && !(flags.again && wasTried())
  if (!flags.try || version === undefined || isKnown || !canBeTried(tool.name)) return verdict()
  // What is wrong with the gateway or the key is no fault of the tool, and not to be kept.
  await offeredModels(home, chooseClientProfile(home, flags.profile))
  ensureHome(home)
  remark(visible(`Nothing is known of ${tool.title} ${version}. It is asked one small question through the gateway …`))
  const [main = ''] = process.argv.slice(1)
  const result = await tryTool(tool.name, {
    program: [process.execPath, ...process.execArgv, main, '--home', home],
    runFlags: [
      ...(flags.profile === undefined ? [] : ['--profile', flags.profile]),
      ...(flags.model === undefined ? [] : ['--model', flags.model]),
    ],
    env: process.env,
    timeoutMs: TRIAL_TIMEOUT_MS,
  })
  keepTrial(home, { tool: tool.name, version, punku: VERSION, at: systemClock.now(), ...result })
  return verdict()
}

/** Those that are installed, of all or of those that are named. */
async function findTools(names: readonly string[]): Promise<readonly Found[]> {
  const [{ CLIENT_TOOLS, clientTool }, { findInstalled }] = await Promise.all([
    import('../../client/tools/client-tool.ts'),
    import('../../client/tools/installed-tool.ts'),
  ])
  const wanted = names.map((name) => {
    const tool = clientTool(name)
    if (tool !== undefined) return tool
    throw new UsageError(
      `No tool is known as '${visible(name)}'. There are: ${CLIENT_TOOLS.map((t) => t.name).join(', ')}.`,
    )
  })
  const found = await Promise.all(
    (names.length === 0 ? CLIENT_TOOLS : wanted).map(async (tool) => ({
      tool,
      installed: await findInstalled(tool, process.env),
    })),
  )
  const missing = names.length === 0 ? [] : found.filter(({ installed }) => installed === undefined)
  if (missing.length > 0) {
    throw new UsageError(`Not found in PATH: ${missing.map(({ tool }) => tool.title).join(', ')}.`)
  }
  return found.filter((entry): entry is Found => entry.installed !== undefined)
}

/** The model servers of the gateway that is meant, as far as whoever asks may see them. */
async function serverVerdicts(command: Command): Promise<readonly VersionVerdict[]> {
  const { openControl } = await import('../command-context.ts')
  const { verdictOf } = await import('../../client/compat/verdict.ts')
  try {
    await using control = await openControl(command)
    const { upstreams } = await control.client.call('status')
    return upstreams.flatMap(({ server, version }) =>
      server === null || version === null ? [] : [verdictOf(server, version, { trials: [], punku: VERSION })],
    )
  } catch {
    remark(`Model servers are not looked at: that takes a sign-in at the gateway (${typedHere(command, 'login URL')}).`)
    return []
  }
}

async function rollBack(
  name: string,
  flags: CompatFlags & { file?: string; yes?: true },
  command: Command,
): Promise<void> {
  const [{ readVersionLock }, { installCommand, installMethod, stepsByHand }, { findInstalled }] = await Promise.all([
    import('../../client/compat/version-lock.ts'),
    import('../../client/compat/install-method.ts'),
    import('../../client/tools/installed-tool.ts'),
  ])
  const [found] = await findTools([name])
  if (found === undefined) throw new UsageError('Name the tool.')
  const { tool, installed } = found
  const pin = readVersionLock(lockFile(contextOf(command).home, flags)).find((pinned) => pinned.tool === tool.name)
  if (pin === undefined) {
    throw new UsageError(
      `${tool.title} is not pinned. While it works: ${typedHere(command, `compat pin ${tool.name}`)}`,
    )
  }
  const from = installed.version ?? null
  if (from === pin.version) {
    if (flags.json) printJson({ tool: tool.name, from, to: pin.version, isChanged: false })
    else print(`${tool.title} is at ${pin.version} already.`)
    return
  }
  const method = installMethod(tool, installed.file, await realpath(installed.file))
  const words = installCommand(method, pin.version)
  if (words === undefined) throw new Declined(stepsByHand(tool, method, pin.version))
  const typed = words.map(shellWord).join(' ')
  for (const line of [`${tool.title} ${from ?? ''} becomes ${pin.version}, by:`, '', `  ${typed}`, ''])
    remark(visible(line))
  if (flags.yes !== true) {
    if (!process.stdin.isTTY) throw new UsageError('Nobody can be asked here. Say --yes to have it done.')
    if (!(await isConfirmed('Run it?'))) throw new Declined('Nothing was changed.')
  }
  const code = await run(words)
  if (code !== 0) throw new Declined(`It ended with code ${code}. What it said stands above.`)
  const now = (await findInstalled(tool, process.env))?.version ?? null
  if (now !== pin.version) {
    throw new Declined(
      `It was installed, but ${tool.programs[0]} in PATH is ${visible(now ?? 'gone')}: another one comes first.`,
    )
  }
  if (flags.json) printJson({ tool: tool.name, from, to: now, isChanged: true })
  else print(`${tool.title} is at ${now} now.`)
}

/** What it says goes to standard error, so that standard output has the command's result alone. */
async function run([program = '', ...args]: readonly string[]): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['inherit', 2, 2], shell: process.platform === 'win32' })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why = `${visible(program)} cannot be started (${cause.code ?? cause.message}). Nothing was changed.`
      reject(new CommandFailure('ended', why, { cause }))
    })
    child.once('close', resolve)
  })
}

function lockFile(home: string, { file }: { readonly file?: string }): string {
  return file === undefined ? join(home, 'versions.json') : resolve(file)
}

function jsonOf({ name, version, state, said, evidence }: VersionVerdict) {
  return { name, version: version ?? null, state, said, evidence: evidence ?? null }
}

function printVerdicts(verdicts: readonly VersionVerdict[]): void {
  const columns = ['tool or server', 'version', 'state', 'how it is known', 'what is known'].map((title) => ({ title }))
  const rows = verdicts.map(({ name, version, state, said, evidence }) => [
    name,
    version ?? '-',
    state,
    evidence ?? '-',
    said.split('\n', 1)[0] ?? '',
  ])
  printTable(columns, rows, 'No tool that is known here is installed.')
}
