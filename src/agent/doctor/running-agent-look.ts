import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import { formatDuration } from '../../core/units.ts'
import { VERSION } from '../../core/version.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import { type AgentStatusBody, openAgentControl } from '../agent-control.ts'
import type { AgentChecksOptions } from './agent-checks.ts'
import { pairedProfile } from './profile-look.ts'

/** What the agent of the profile says of itself; `undefined`: none runs. Throws CommandFailure when it gives no answer. */
export async function agentStatus(options: AgentChecksOptions): Promise<AgentStatusBody | undefined> {
  const control = await openAgentControl(options.home, pairedProfile(options).name)
  return await control?.status()
}

/** Whether the agent runs, and is that of the pairing which stands in the profile. */
export async function lookAtAgent(options: AgentChecksOptions): Promise<HopFinding> {
  const { name, tunnelId, label } = pairedProfile(options)
  const start = `Start it: ${ownCommand(`connect${profileFlag(name)}`, options.home)}`
  const status = await agentStatus(options)
  if (status === undefined) return { state: 'broken', said: `No agent runs for the profile ${name}.`, advice: start }
  if (status.tunnel.id !== tunnelId) {
    return {
      state: 'broken',
      said: `The agent that runs (pid ${status.pid}) was started before this machine was paired as ${label}.`,
      advice: `Stop it: kill ${status.pid}. ${start}`,
    }
  }
  return { state: 'ok', said: `It runs since ${status.startedAt} (pid ${status.pid}).` }
}

/** Whether the link to the gateway stands; why not, by the agent's own word. */
export async function lookAtLink(options: AgentChecksOptions): Promise<HopFinding> {
  const status = await agentStatus(options)
  if (status === undefined) return { state: 'skipped', said: 'No agent runs.' }
  const { link, lastError, pid } = status
  if (link.state === 'connected') {
    const trip = link.roundTripMs === null ? '' : `, round trip ${formatDuration(link.roundTripMs)}`
    return { state: 'ok', said: `It stands since ${link.since}${trip}.` }
  }
  const why = lastError === null ? '' : ` Last, at ${lastError.at}: ${lastError.text}`
  const again = ownCommand(`connect${profileFlag(status.profile)}`, options.home)
  return {
    state: 'broken',
    said: `The agent has no link since ${link.since} (${link.state}).${why}`,
    advice: `It tries again by itself, and what it tries was in order up to here. If it does not come, start it again: kill ${pid}; ${again}`,
  }
}

/** Whether the agent that runs is of the version that is installed. */
export async function lookAtAgentVersion(options: AgentChecksOptions): Promise<HopFinding> {
  const status = await agentStatus(options)
  if (status === undefined || status.version === VERSION) {
    return { state: 'ok', said: `Punku ${VERSION}, on Node ${process.versions.node}.` }
  }
  const again = ownCommand(`connect${profileFlag(status.profile)}`, options.home)
  return {
    state: 'warning',
    said: `The agent that runs is Punku ${status.version}, and what is installed is ${VERSION}.`,
    advice: `Start it again: kill ${status.pid}; ${again}`,
  }
}
