import type { Environment } from '../../config/environment.ts'
import { systemClock } from '../../core/clock.ts'
import { claimOf, type VersionClaim } from '../compat/known-versions.ts'
import { type DriftedPlace, EditJournal } from '../edits/edit-journal.ts'
import { clientTool } from '../tools/client-tool.ts'
import { findInstalled, type InstalledTool } from '../tools/installed-tool.ts'
import type { Probe } from './probe-model.ts'
import type { AskedFormat, SetupTool } from './setup-plan.ts'
import { SETUP_TOOLS } from './setup-tools.ts'

/** Each starts a program, which may take a whole core for a second. */
const LANES = 3

/** A tool that can be set up, as it is on this machine. */
export interface ListedTool {
  readonly tool: SetupTool
  /** It has a program that is looked for. */
  readonly hasProgram: boolean
  readonly installed: InstalledTool | undefined
  /** What is known of its version with Punku; `undefined`: nothing, or there is no version. */
  readonly claim: VersionClaim | undefined
  readonly isSetUp: boolean
  /** What no longer stands as it was written. */
  readonly drifted: readonly DriftedPlace[]
  /** How a small request in its format went; `undefined`: it is not set up, or nothing could be asked. */
  readonly probe: Probe | undefined
}

export interface ListOptions {
  readonly home: string
  readonly env: Environment
  /** Asks in a format, once for each; `undefined` where there is nobody to ask. */
  readonly ask: (format: AskedFormat) => Promise<Probe | undefined>
}

/** Every tool that can be set up: installed, set up, working. */
export async function listSetups({ home, env, ask }: ListOptions) {
  const journal = new EditJournal(home, systemClock)
  const owners = new Set(journal.owners())
  const probes = new Map<AskedFormat, Promise<Probe | undefined>>()
  const askOnce = (format: AskedFormat) => {
    const asked = probes.get(format) ?? ask(format)
    probes.set(format, asked)
    return asked
  }
  const look = async (tool: SetupTool): Promise<ListedTool> => {
    const known = clientTool(tool.name)
    const isSetUp = owners.has(tool.name)
    const hasProgram = known !== undefined && known.programs.length > 0
    const installed = known === undefined ? undefined : await findInstalled(known, env)
    const version = installed?.version
    return {
      tool,
      hasProgram,
      installed,
      claim: version === undefined ? undefined : claimOf(tool.name, version),
      isSetUp,
      drifted: isSetUp ? await journal.drift(tool.name) : [],
      probe: isSetUp ? await askOnce(tool.format) : undefined,
    }
  }
  const listed: ListedTool[] = []
  const waiting = [...SETUP_TOOLS.entries()]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) listed[next[0]] = await look(next[1])
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return listed as readonly ListedTool[]
}
