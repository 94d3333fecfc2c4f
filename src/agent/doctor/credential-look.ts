import { ConfigError } from '../../config/config-error.ts'
import { ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import { shellUrl } from '../../core/wording.ts'
import type { HopFinding } from '../../diagnosis/walk.ts'
import { GatewayAddress } from '../../http-client/gateway-address.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import { holdInstance } from '../../system/single-instance.ts'
import { openAgentControl } from '../agent-control.ts'
import { TokenClient, TokenRefused } from '../token-client.ts'
import type { AgentChecksOptions } from './agent-checks.ts'
import { filesOf, pairedProfile } from './profile-look.ts'

/**
 * Whether the gateway takes the tunnel's credential. While an agent runs it alone may ask: of two that ask at once one
 * would be taken for a thief.
 */
export async function lookAtCredential(options: AgentChecksOptions, signal: AbortSignal): Promise<HopFinding> {
  const { home, clock } = options
  const { name } = pairedProfile(options)
  const control = await openAgentControl(home, name)
  if (control !== undefined) {
    const { link } = await control.status()
    if (link.state === 'connected') return { state: 'ok', said: 'The link of the agent that runs was opened with it.' }
    return { state: 'skipped', said: 'The agent that runs is asking with it; its link shows what came of that.' }
  }
  try {
    const instance = await holdInstance({ home, clock, name: `agent-${name}` })
    try {
      return await askWithIt(options, signal)
    } finally {
      instance.release()
    }
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    return { state: 'skipped', said: 'An agent is just starting with it.' }
  }
}

async function askWithIt(options: AgentChecksOptions, signal: AbortSignal): Promise<HopFinding> {
  const { home, clock } = options
  const { gatewayUrl: url, refreshToken, name, label } = pairedProfile(options)
  const { extraCa } = filesOf(options)
  const client = new TokenClient({
    address: new GatewayAddress({ url, ...(extraCa === undefined ? {} : { extraCa }) }),
    clock,
  })
  try {
    // What it gives is let go: the old credential is good until a new one was used.
    await client.refresh(refreshToken, signal)
    return { state: 'ok', said: `The gateway takes the credential of the tunnel ${label}.` }
  } catch (thrown) {
    if (!(thrown instanceof TokenRefused) && !(thrown instanceof GatewayError)) throw thrown
    if (thrown instanceof GatewayError || thrown.code !== 'invalid_grant') {
      return { state: 'broken', said: thrown.message, advice: `Look again in a minute: ${ownCommand('doctor', home)}` }
    }
    const again = `pair ${shellUrl(url)}${profileFlag(name)} --replace`
    return {
      state: 'broken',
      said: `The gateway no longer takes the credential of the tunnel ${label}. It says: ${thrown.message}`,
      advice: `Pair this machine again: ${ownCommand(again, home)}`,
    }
  }
}
