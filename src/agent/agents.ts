import { ConfigError } from '../config/config-error.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { type AgentStatusBody, openAgentControl } from './agent-control.ts'
import { type AgentProfile, listAgentProfiles, readAgentProfile, removeAgentProfile } from './agent-profile.ts'
import { chooseProfile, knownProfile } from './profiles.ts'

/** A profile of this machine and its agent. */
export interface AgentReport {
  readonly profile: string
  /** What the running agent says; `null` when none runs, or none answers. */
  readonly agent: AgentStatusBody | null
  /** What the profile says; `null` when it cannot be used. */
  readonly paired: { readonly gateway: string; readonly label: string; readonly upstream: string } | null
  /** Why nothing is known: what to do, for people. `null` when nothing is wrong. */
  readonly problem: string | null
}

/** Every profile of a state folder, and what its agent says, asked all at once. Rejects never. */
export function reportAgents(home: string): Promise<readonly AgentReport[]> {
  return Promise.all(listAgentProfiles(home).map((profile) => reportAgent(home, profile)))
}

async function reportAgent(home: string, profile: string): Promise<AgentReport> {
  let paired: AgentProfile | undefined
  try {
    paired = readAgentProfile(home, profile)
    const control = await openAgentControl(home, profile)
    return { profile, agent: (await control?.status()) ?? null, paired: pairedBody(paired), problem: null }
  } catch (thrown) {
    if (!(thrown instanceof ConfigError) && !(thrown instanceof CommandFailure)) throw thrown
    return { profile, agent: null, paired: pairedBody(paired), problem: thrown.message }
  }
}

function pairedBody(profile: AgentProfile | undefined): AgentReport['paired'] {
  if (profile === undefined) return null
  return { gateway: profile.gatewayUrl, label: profile.label, upstream: profile.upstreamUrl }
}

/** What `disconnect` has done. */
export interface Disconnected {
  readonly profile: string
  /** `undefined` where the profile's file was damaged. */
  readonly label: string | undefined
  readonly gateway: string | undefined
  readonly tunnelId: string | undefined
  /** Whether an agent ran and was told to stop. */
  readonly wasRunning: boolean
}

/**
 * Removes the credentials of a profile from this machine, and tells its agent to stop. At the gateway nothing changes.
 * @throws ConfigError when there is no such profile; CommandFailure `away` when a running agent does not answer: the
 * credentials are removed all the same.
 */
export async function disconnect(home: string, asked: string | undefined): Promise<Disconnected> {
  const profile = chooseProfile(home, asked)
  const known = knownProfile(home, profile)
  const control = await openAgentControl(home, profile)
  removeAgentProfile(home, profile)
  await control?.stop()
  return {
    profile,
    label: known?.label,
    gateway: known?.gatewayUrl,
    tunnelId: known?.tunnelId,
    wasRunning: control !== undefined,
  }
}
