import type { Command } from 'commander'
import { HOP_EXITS, type Hop } from '../../diagnosis/hop.ts'
import { type Check, type HopFinding, type Step, walk } from '../../diagnosis/walk.ts'
import { contextOf, typedHere } from '../command-context.ts'
import { type MachineWalk, walksHere } from '../doctor-walks.ts'
import { EXIT } from '../exit.ts'
import { print, printJson, remark, visible } from '../output.ts'
import { durationFlag } from '../parse.ts'

const ANSWER_MS = 10_000
const LOAD_MS = 300_000

interface DoctorFlags {
  client?: true
  agent?: true | string
  gatewayHere?: true
  profile?: string
  model?: string
  wait?: string
  loadWait?: string
  fix?: true
  json?: true
}

/** A step, and the walk it is of. */
interface TakenStep extends Step {
  readonly walk: MachineWalk['as']
  /** What was done about what was found at first. */
  readonly fixed: readonly string[]
}

/** `punku doctor`: walks the ways that this machine is on, and ends with the exit code of the first broken hop. */
export function defineDoctor(command: Command): void {
  command
    .option('--client', "walk the client's way: from this machine through its gateway to a model")
    .option('--agent [profile]', "walk the agent's way: its gateway, and the model server beside it")
    .option('--gateway-here', 'walk what the gateway of this machine needs')
    .option('--profile <name>', "the client's profile (default: the last one that signed in)")
    .option('--model <name>', 'the model that is asked (default: that of the profile, else the first one listed)')
    .option('--wait <time>', 'how long a connection or an answer is waited for (default: 10s)')
    .option('--load-wait <time>', 'how long a model is waited for, which may have to load (default: 5m)')
    .option('--fix', 'mend what can be mended safely, and say so')
    .option('--json', 'print JSON')
    .action(async (flags: DoctorFlags) => {
      const only = new Set<MachineWalk['as']>()
      if (flags.client) only.add('client')
      if (flags.agent !== undefined) only.add('agent')
      if (flags.gatewayHere) only.add('gateway')
      await using closing = new AsyncDisposableStack()
      const walks = await walksHere({
        closing,
        ...contextOf(command),
        only,
        clientProfile: flags.profile,
        agentProfile: typeof flags.agent === 'string' ? flags.agent : undefined,
        model: flags.model,
        answerMs: flags.wait === undefined ? ANSWER_MS : durationFlag('--wait', flags.wait),
        loadMs: flags.loadWait === undefined ? LOAD_MS : durationFlag('--load-wait', flags.loadWait),
        onWait: (what) => remark(visible(what)),
      })
      const steps: TakenStep[] = []
      for (const one of walks) {
        if (!flags.json) print(visible(one.title), 'bold')
        steps.push(...(await walked(one, flags)))
        if (!flags.json) print()
      }
      const verdict = verdictOf(steps)
      if (flags.json) printJson({ steps: steps.map(stepBody), verdict })
      else print(visible(verdict.said), verdict.state === 'broken' ? 'red' : 'green')
      if (!flags.json && flags.fix === undefined && steps.some(({ finding }) => fixOf(finding) !== undefined)) {
        print(`What can be mended safely is mended by: ${typedHere(command, 'doctor --fix')}`)
      }
      process.exitCode = verdict.exitCode
    })
}

async function walked({ as, checks }: MachineWalk, { fix, json }: DoctorFlags): Promise<readonly TakenStep[]> {
  const steps: TakenStep[] = []
  const fixed: string[] = []
  await walk(fix ? checks.map((check) => telling(check, fixed)) : checks, {
    fixes: fix === true,
    signal: new AbortController().signal,
    onStep: (step) => {
      const taken = { ...step, walk: as, fixed: fixed.splice(0) }
      steps.push(taken)
      if (!json) printStep(taken)
    },
  })
  return steps
}

/** The check, whose fixes are noted once they are done; one that fails is told, and leaves what was found. */
function telling(check: Check, fixed: string[]): Check {
  return {
    ...check,
    look: async (signal) => {
      const finding = await check.look(signal)
      const fix = fixOf(finding)
      if (fix === undefined) return finding
      const apply = async () => {
        try {
          await fix.apply()
          fixed.push(fix.does)
        } catch (error) {
          remark(
            visible(`Could not be done: ${fix.does} (${(error as NodeJS.ErrnoException).code ?? 'no reason given'}).`),
          )
        }
      }
      return { ...finding, fix: { ...fix, apply } } as HopFinding
    },
  }
}

function fixOf(finding: HopFinding) {
  return 'fix' in finding ? finding.fix : undefined
}

const SIGNS = { ok: '✓', skipped: '–', warning: '!', broken: '✗' } as const
const STYLES = { ok: 'green', skipped: 'dim', warning: 'yellow', broken: 'red' } as const

function printStep({ title, finding, fixed }: TakenStep): void {
  for (const does of fixed) print(visible(`  mended: ${does}.`))
  print(visible(`${SIGNS[finding.state]} ${title}: ${finding.said}`), STYLES[finding.state])
  if ('advice' in finding) print(visible(`  → ${finding.advice}`))
  const fix = fixOf(finding)
  if (fix !== undefined) print(visible(`  → --fix does: ${fix.does}.`))
}

const PLACES = {
  client: 'as a client',
  agent: 'as an agent',
  gateway: 'as the machine of a gateway',
} as const satisfies Record<MachineWalk['as'], string>

interface Verdict {
  readonly state: 'well' | 'warnings' | 'broken'
  /** The first broken one. */
  readonly hop: Hop | null
  readonly walk: MachineWalk['as'] | null
  readonly exitCode: number
  readonly said: string
}

function verdictOf(steps: readonly TakenStep[]): Verdict {
  const broken = steps.find(({ finding }) => finding.state === 'broken')
  if (broken !== undefined) {
    const { hop, walk } = broken
    const exitCode = HOP_EXITS[hop]
    return { state: 'broken', hop, walk, exitCode, said: `Broken at: ${hop}, ${PLACES[walk]} (exit code ${exitCode}).` }
  }
  const warnings = steps.filter(({ finding }) => finding.state === 'warning').length
  const ends = { hop: null, walk: null, exitCode: EXIT.done }
  if (warnings === 0) return { ...ends, state: 'well', said: 'All is well.' }
  const things = warnings === 1 ? 'one thing that should be otherwise' : `${warnings} things that should be otherwise`
  return { ...ends, state: 'warnings', said: `It works, with ${things}.` }
}

function stepBody({ walk, hop, title, finding, fixed }: TakenStep) {
  return {
    walk,
    hop,
    title,
    state: finding.state,
    said: finding.said,
    advice: 'advice' in finding ? finding.advice : null,
    fix: fixOf(finding)?.does ?? null,
    fixed,
  }
}
