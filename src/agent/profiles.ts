import { ConfigError } from '../config/config-error.ts'
import { ownCommand } from '../config/own-command.ts'
import { DEFAULT_PROFILE_NAME, parseProfileName, profileFlag } from '../config/profile-name.ts'
import { type AgentProfile, listAgentProfiles, readAgentProfile } from './agent-profile.ts'

/**
 * The name of the profile a command means: the one it names, else the only one there is.
 * @throws ConfigError when there is none, or none of that name, or when it names none of several; the message lists them.
 * PunkuError `invalid_request` for a name that can be none.
 */
export function chooseProfile(home: string, asked: string | undefined): string {
  const names = listAgentProfiles(home)
  const name = asked === undefined ? undefined : parseProfileName(asked)
  const [only, ...others] = names
  if (only === undefined) {
    throw new ConfigError([
      `This machine is paired with no gateway${name === undefined ? '' : ` under the profile '${name}'`}. Pair it: ${ownCommand(`pair https://GATEWAY${profileFlag(name ?? DEFAULT_PROFILE_NAME)}`, home)}`,
    ])
  }
  if (name !== undefined) {
    if (names.includes(name)) return name
    throw new ConfigError([`There is no profile '${name}'. There is: ${names.join(', ')}.`])
  }
  if (others.length === 0) return only
  throw new ConfigError([`There are several profiles: ${names.join(', ')}. Name one with --profile NAME.`])
}

/** What is known of a profile that is about to go: `undefined` when there is none, or its file cannot be used. */
export function knownProfile(home: string, name: string): AgentProfile | undefined {
  try {
    return readAgentProfile(home, name)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}
