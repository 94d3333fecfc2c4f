import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Environment } from '../../config/environment.ts'
import { ensureHome } from '../../config/home.ts'
import { ownCommand, ownCommandWords } from '../../config/own-command.ts'
import { type Clock, systemClock } from '../../core/clock.ts'
import { EditJournal } from '../edits/edit-journal.ts'
import { hasChanges, type PlannedEdit, planEdits } from '../edits/plan-edits.ts'
import { renderDiff } from '../edits/render-diff.ts'
import type { ClientProfile } from '../profiles/client-profile.ts'
import type { RunModel } from '../run/run-model.ts'
import { clientTool } from '../tools/client-tool.ts'
import { findProgram } from '../tools/find-program.ts'
import type { SetupPlaces, SetupPlan, SetupTool } from './setup-plan.ts'

export interface SetupOptions {
  /** Punku's own state folder. */
  readonly home: string
  readonly tool: SetupTool
  readonly profile: ClientProfile
  readonly model: RunModel
  readonly isDefault: boolean
  readonly env: Environment
  readonly platform?: NodeJS.Platform
}

/** A set-up that is worked out, and has changed nothing yet. */
export interface PreparedSetup {
  readonly plan: SetupPlan
  readonly planned: readonly PlannedEdit[]
  /** Whether there is anything to change. */
  readonly isNew: boolean
  /** What changes, a unified diff without the key; empty where nothing does. */
  readonly diff: string
}

/**
 * Works out what would set up a tool, and what is there already.
 * @throws ConfigError for a file that is broken, or holds something else where ours has to go; nothing was changed then.
 */
export async function prepareSetup(options: SetupOptions): Promise<PreparedSetup> {
  const { home, tool, profile, model, isDefault, env, platform = process.platform } = options
  const made = tool.plan(
    {
      url: profile.url,
      key: profile.key,
      // Named, as the profile that was used last is another one tomorrow.
      keyCommand: ownCommandWords(['key', 'print', '--profile', profile.name], home),
      model: model.id,
      contextTokens: model.contextTokens,
      maxOutputTokens: model.maxOutputTokens,
      caFile: profile.caFile,
      isDefault,
      typed: (words) => ownCommand(words, home),
    },
    setupPlaces(home, env, platform),
  )
  const programs = clientTool(tool.name)?.programs ?? []
  const isMissing = programs.length > 0 && programs.every((name) => findProgram(name, env, platform) === undefined)
  const plan = isMissing ? { ...made, notes: [...made.notes, `${tool.title} is not in PATH here.`] } : made
  const planned = await planEdits(plan.edits)
  await new EditJournal(home, systemClock).check(tool.name, planned)
  const diff = renderDiff(planned).replaceAll(profile.key.reveal(), '(the key)')
  return { plan, planned, isNew: hasChanges(planned), diff }
}

/** Writes a prepared set-up, so that it can be taken back. @throws ConfigError as `EditJournal.apply` */
export async function applySetup(
  home: string,
  tool: SetupTool,
  { planned }: PreparedSetup,
  clock: Clock = systemClock,
): Promise<void> {
  if (planned.length === 0) return
  ensureHome(home)
  await new EditJournal(home, clock).apply(tool.name, planned)
}

/** Where this user's tools have their files. */
export function setupPlaces(home: string, env: Environment, platform: NodeJS.Platform): SetupPlaces {
  const userHome = (platform === 'win32' ? env['USERPROFILE'] : env['HOME']) || userInfo().homedir
  return { userHome, stateFolder: home, platform, env, isThere: (file) => existsSync(file) }
}
