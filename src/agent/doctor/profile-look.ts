import { ConfigError } from '../../config/config-error.ts'
import { GivenFileReader } from '../../config/given-files.ts'
import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import type { Secret } from '../../core/secret.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import { GatewayAddress } from '../../http-client/gateway-address.ts'
import { type AgentProfile, readAgentProfile } from '../agent-profile.ts'
import { chooseProfile } from '../profiles.ts'
import type { AgentChecksOptions } from './agent-checks.ts'

type Whose = Pick<AgentChecksOptions, 'home' | 'profileName'>

/**
 * The profile that is meant, as it stands now: an agent that runs changes it.
 * @throws ConfigError when there is none, or it cannot be used.
 */
export function pairedProfile({ home, profileName }: Whose): AgentProfile {
  const name = chooseProfile(home, profileName)
  const profile = readAgentProfile(home, name)
  if (profile !== undefined) return profile
  throw new ConfigError([
    `The profile '${name}' is gone. Pair it anew: ${ownCommand(`pair URL${profileFlag(name)}`, home)}`,
  ])
}

/** What stands in the files that a profile names. */
export interface ProfileFiles {
  readonly key: Secret | undefined
  readonly extraCa: string | undefined
  readonly warnings: readonly string[]
}

/** @throws ConfigError for a file that cannot be used. */
export function filesOf(whose: Whose): ProfileFiles {
  const { upstreamKeyFile, caFile } = pairedProfile(whose)
  const files = new GivenFileReader()
  const key = upstreamKeyFile === undefined ? undefined : files.readKey("The model server's key", upstreamKeyFile)
  const extraCa = caFile === undefined ? undefined : files.read('The file with further authorities', caFile)
  files.assertUsable()
  return { key, extraCa, warnings: files.warnings }
}

/** Whether this machine is paired, and can read what its profile names. */
export function lookAtProfile(options: Whose): HopFinding {
  const { name, gatewayUrl, label } = pairedProfile(options)
  const { extraCa, warnings } = filesOf(options)
  if (extraCa !== undefined) new GatewayAddress({ url: gatewayUrl, extraCa })
  const [warning] = warnings
  if (warning !== undefined) {
    const [said = warning, advice = 'Close it to other users.'] = warning.split(/(?<=\S) (?=Close it)/)
    return { state: 'warning', said, advice }
  }
  return { state: 'ok', said: `The profile ${name} is the tunnel ${label} at ${gatewayUrl}.` }
}
