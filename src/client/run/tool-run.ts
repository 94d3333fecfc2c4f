import type { Environment } from '../../config/environment.ts'
import { PunkuError } from '../../core/error.ts'
import { randomId } from '../../core/id.ts'
import type { ClientProfile } from '../profiles/client-profile.ts'
import { directLoopback, withoutForeign } from './foreign-variables.ts'
import type { OpenRunForwarder } from './forwarder.ts'
import type { RunModel } from './run-model.ts'
import type { RunTarget, ToolPlan, ToolPlanner } from './tool-plan.ts'

/** Stands for a pass where one must not be shown. */
const PASS_SHOWN = 'run-…'
/** Stands for an address that is known once the run has begun. */
const FORWARDER_SHOWN = 'http://127.0.0.1:PORT'
/** What a tool sends whose forwarder asks for no pass. */
const NO_PASS = 'punku'

/** A run of a tool on a gateway's models, before it has begun. */
export interface ToolRun {
  /** Its requests are told by it: `run_` and 16 characters. */
  readonly session: string
  readonly label: string | undefined
  readonly planner: ToolPlanner
  readonly profile: ClientProfile
  readonly model: RunModel
  /** The folder in which its files will stand. */
  readonly folder: string
  /** What its requests show to its forwarder, so that nobody else uses that; `undefined`: the tool cannot. */
  readonly pass: string | undefined
}

/** What a tool is started with. */
export interface RunParts {
  readonly args: readonly string[]
  /** All of its environment. */
  readonly env: Environment
  /** Of it what is not the shell's. */
  readonly set: Readonly<Record<string, string>>
  /** Names of the shell's variables that are taken away. */
  readonly removed: readonly string[]
  readonly files: ToolPlan['files']
}

/** A new id of a run. */
export function newRunSession(): string {
  return `run_${randomId(16)}`
}

/** A new pass of a run; `undefined`: its tool can show none. */
export function newRunPass({ lacksPass }: ToolPlanner): string | undefined {
  return lacksPass ? undefined : `run-${randomId(32)}`
}

/**
 * Refuses words of the person that would lead the tool elsewhere.
 * @throws PunkuError `invalid_request` that says which, and what to do.
 */
export function refuseConflicts({ name, conflicts }: ToolPlanner, args: readonly string[]): void {
  for (const [at, word] of args.entries()) {
    const conflict = conflicts.find(({ matches }) => matches(word, args[at + 1]))
    if (conflict === undefined) continue
    const flag = /^[^=]*/.exec(word)?.[0] ?? ''
    const isSaid = conflict.words.startsWith(flag)
    throw new PunkuError('invalid_request', `${name}: ${isSaid ? '' : `${flag}: `}${conflict.words}`, { param: 'args' })
  }
}

/** What a tool is started with. @param forwarderUrl where the forwarder of the run listens */
export function runParts(run: ToolRun, shell: Environment, forwarderUrl: string): RunParts {
  return partsFor(run, shell, { url: forwarderUrl, key: run.pass ?? NO_PASS })
}

/** The same as it may be shown: without the pass. */
export function shownRunParts(run: ToolRun, shell: Environment): RunParts {
  return partsFor(run, shell, { url: FORWARDER_SHOWN, key: run.pass === undefined ? NO_PASS : PASS_SHOWN })
}

/** Opens the forwarder of a run: it alone has the key, and trusts an authority that tools do not know. */
export async function openForwarderFor({ profile, session, label, pass }: ToolRun, open: OpenRunForwarder) {
  return await open({ gateway: profile, session, label, pass })
}

function partsFor(run: ToolRun, shell: Environment, { url, key }: Pick<RunTarget, 'url' | 'key'>): RunParts {
  const { planner, model, session, label, folder } = run
  const plan = planner.plan({
    url,
    key,
    model: model.id,
    contextTokens: model.contextTokens,
    maxOutputTokens: model.maxOutputTokens,
    headers: { 'x-punku-session': session, ...(label !== undefined && { 'x-punku-label': label }) },
    pathOf: (name) => `${folder}${folder.includes('\\') ? '\\' : '/'}${name}`,
  })
  const { env, removed } = withoutForeign(shell)
  const set = { ...directLoopback(env), ...plan.env }
  return { args: plan.args, env: { ...env, ...set }, set, removed, files: plan.files }
}
