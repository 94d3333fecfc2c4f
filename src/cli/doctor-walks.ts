import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { ownCommand } from '../config/own-command.ts'
import type { ControlAccess } from '../contract/control-access.ts'
import { systemClock } from '../core/clock.ts'
import { VERSION } from '../core/version.ts'
import type { Check } from '../diagnosis/walk.ts'

/** A way that is walked on this machine. */
export interface MachineWalk {
  /** What this machine is on it. */
  readonly as: 'client' | 'agent' | 'gateway'
  /** What is walked, as a line above its steps. */
  readonly title: string
  readonly checks: readonly Check[]
}

/** Which walks are asked for, and with what. */
export interface WalksWanted {
  /** The state folder, resolved. */
  readonly home: string
  readonly configFile: string | undefined
  /** Those asked for; none: what this machine is. */
  readonly only: ReadonlySet<MachineWalk['as']>
  /** Of the client; default: the one that was written last. */
  readonly clientProfile: string | undefined
  /** Of the agent; default: each there is. */
  readonly agentProfile: string | undefined
  readonly model: string | undefined
  /** How long a connection, or an answer that needs no model, is waited for. */
  readonly answerMs: number
  /** How long nothing may come of a model. */
  readonly loadMs: number
  /** Is told what takes long, as a sentence. */
  readonly onWait: (what: string) => void
  /** Closes, after the walks, what they opened. */
  readonly closing: AsyncDisposableStack
}

/**
 * The walks of this machine, in their order: as a client, as an agent, as the gateway's own. A machine that is none of them is
 * walked as a client, which says how it becomes one.
 */
export async function walksHere(wanted: WalksWanted): Promise<readonly MachineWalk[]> {
  const { only } = wanted
  const isAsked = (as: MachineWalk['as'], isHere: boolean) => (only.size === 0 ? isHere : only.has(as))
  const agents = await agentsHere(wanted)
  const walks: MachineWalk[] = []
  if (isAsked('client', await isClient(wanted.home))) walks.push(await clientWalk(wanted))
  if (isAsked('agent', agents.length > 0)) {
    for (const name of agents.length === 0 ? [wanted.agentProfile] : agents) walks.push(await agentWalk(wanted, name))
  }
  if (isAsked('gateway', hasGateway(wanted))) walks.push(await gatewayWalk(wanted))
  return walks.length > 0 ? walks : [await clientWalk(wanted)]
}

async function isClient(home: string): Promise<boolean> {
  const { clientProfilesFile } = await import('../client/profiles/client-profile.ts')
  return existsSync(clientProfilesFile(home))
}

/** The names of the pairings that are walked. */
async function agentsHere({ home, agentProfile }: WalksWanted): Promise<readonly string[]> {
  if (agentProfile !== undefined) return [agentProfile]
  const { listAgentProfiles } = await import('../agent/agent-profile.ts')
  return listAgentProfiles(home)
}

/** Whether a gateway has run with this state folder, or was set up for it. */
function hasGateway({ home, configFile }: WalksWanted): boolean {
  return configFile !== undefined || ['punku.yaml', 'punku.db'].some((name) => existsSync(join(home, name)))
}

async function clientWalk(wanted: WalksWanted): Promise<MachineWalk> {
  const [{ walkOfClient }, { setupDrift }] = await Promise.all([
    import('../client/doctor/client-walk.ts'),
    import('../client/doctor/setup-drift.ts'),
  ])
  const { home, clientProfile, model, answerMs, loadMs, onWait } = wanted
  const { clock, platform, run } = await surroundings()
  return {
    as: 'client',
    title: 'As a client, from this machine to a model',
    checks: walkOfClient({
      home,
      profileName: clientProfile,
      model,
      clock,
      platform,
      run,
      env: process.env,
      answerMs,
      loadMs,
      drift: () => setupDrift(home, systemClock),
      unfit: () => unfitHere(home),
      onWait,
    }),
  }
}

/** Of the tools that are set up: the others are nobody's business, and each is a program to start. */
async function unfitHere(home: string): Promise<readonly string[]> {
  const [{ unfitVersions }, { readTrials }, { EditJournal }] = await Promise.all([
    import('../client/compat/unfit-versions.ts'),
    import('../client/compat/trials.ts'),
    import('../client/edits/edit-journal.ts'),
  ])
  const tools = new EditJournal(home, systemClock).owners()
  return await unfitVersions(tools, { env: process.env, trials: readTrials(home), punku: VERSION })
}

async function agentWalk(wanted: WalksWanted, profileName: string | undefined): Promise<MachineWalk> {
  const { agentChecks } = await import('../agent/doctor/agent-checks.ts')
  const checks = agentChecks({
    ...(await surroundings()),
    home: wanted.home,
    profileName,
    env: process.env,
    answerMs: wanted.answerMs,
  })
  const name = profileName === undefined ? '' : ` '${profileName}'`
  return { as: 'agent', title: `As an agent${name}, from its gateway to the model server beside it`, checks }
}

async function gatewayWalk(wanted: WalksWanted): Promise<MachineWalk> {
  const { home, configFile } = wanted
  const title = 'As the machine of a gateway'
  // Nothing is made where there is none: opening its database would.
  if (!hasGateway(wanted)) return { as: 'gateway', title, checks: [noGateway(home)] }
  const { gatewayChecks } = await import('../client/doctor-gateway/gateway-checks.ts')
  let opened: Promise<ControlAccess> | undefined
  const control = () => {
    opened ??= openGatewayHere(wanted).then((access) => wanted.closing.use(access))
    return opened
  }
  const checks = gatewayChecks({ ...(await surroundings()), home, configFile, env: process.env, control })
  return { as: 'gateway', title, checks }
}

async function openGatewayHere({ home, configFile }: WalksWanted): Promise<ControlAccess> {
  const { openRunningControl } = await import('../client/running-control.ts')
  const running = await openRunningControl({ home })
  if (running !== undefined) return running
  const { openOfflineControl } = await import('../gateway/serve/offline-control.ts')
  return await openOfflineControl({ home, configFile, env: process.env })
}

function noGateway(home: string): Check {
  return {
    hop: 'configuration',
    title: 'A gateway was set up',
    look: async () => ({
      state: 'broken',
      said: `No gateway has run with the state folder ${home}, and there is no punku.yaml.`,
      advice: `Start one: ${ownCommand('serve', home)}. Or name the folder of the one that is meant: --home DIR`,
    }),
  }
}

/** What both walks of a machine look at it with. */
async function surroundings() {
  const { programFolders, programRunner } = await import('../machine/run-program.ts')
  return {
    clock: systemClock,
    platform: process.platform,
    run: programRunner(programFolders(process.env)),
    interfaces: () => networkInterfaces(),
  }
}
