import { commandAtGateway, ownCommand } from '../../config/own-command.ts'
import { profileFlag } from '../../config/profile-name.ts'
import type { Clock } from '../../core/clock.ts'
import type { Check } from '../../diagnosis/walk.ts'
import { GatewayAddress } from '../../http-client/gateway-address.ts'
import { type GatewayProbe, probeGateway } from '../../http-client/probe-gateway.ts'
import { clockCheck, type TimeElsewhere } from '../../machine/clock-check.ts'
import { lookAtSecrets } from '../../machine/file-modes.ts'
import { finding } from '../../machine/found-broken.ts'
import { gatewayWayChecks } from '../../machine/gateway-way-checks.ts'
import type { RunProgram } from '../../machine/run-program.ts'
import type { Interfaces } from '../../system/interfaces.ts'
import { chooseProfile } from '../profiles.ts'
import { lookAtCredential } from './credential-look.ts'
import { LocalModelServer } from './local-model-server.ts'
import { filesOf, lookAtProfile, pairedProfile } from './profile-look.ts'
import { lookAtAgent, lookAtAgentVersion, lookAtLink } from './running-agent-look.ts'

export interface AgentChecksOptions {
  /** The state folder, resolved. */
  readonly home: string
  /** Default: the only profile there is. */
  readonly profileName: string | undefined
  readonly clock: Clock
  readonly platform: NodeJS.Platform
  readonly run: RunProgram
  /** The machine's interfaces, asked at every look: `networkInterfaces()`. */
  readonly interfaces: () => Interfaces
}

/**
 * What is looked at on an agent's own machine, from its pairing by the gateway to its model server. The process comes
 * before its link: here it is the one that can be started. Every fix changes modes of files alone.
 */
export function agentChecks(options: AgentChecksOptions): readonly Check[] {
  const { home, clock, platform, run } = options
  const seen = new SeenGateway(options)
  const server = new LocalModelServer(options)
  const checks: readonly Check[] = [
    {
      hop: 'configuration',
      title: "The state folder's secrets are this user's alone",
      look: async () => lookAtSecrets(home, platform),
    },
    {
      hop: 'configuration',
      title: 'This machine is paired',
      look: async () => lookAtProfile(options),
    },
    clockCheck({ clock, platform, run, elsewhere: (signal) => seen.time(signal) }),
    ...wayChecks(options, seen),
    { hop: 'key', title: "The tunnel's credential is accepted", look: (signal) => lookAtCredential(options, signal) },
    { hop: 'agent', title: 'The agent runs', look: () => lookAtAgent(options) },
    { hop: 'link', title: "The agent's link stands", look: () => lookAtLink(options) },
    { hop: 'model-server', title: 'The model server answers', look: (signal) => server.look(signal) },
    { hop: 'model', title: 'There is a model', look: (signal) => server.lookAtModels(signal) },
    {
      hop: 'containers',
      title: 'Containers do not reach the model server',
      look: (signal) => server.lookAtContainers(signal),
    },
    {
      hop: 'exposure',
      title: 'The model server answers this machine alone',
      look: (signal) => server.lookAtExposure(signal),
    },
    {
      hop: 'firewall',
      title: 'The firewall lets the link out',
      // That it does was seen at `connection`.
      look: async () => ({ state: 'ok', said: 'The agent connects outwards: no port of this machine has to be open.' }),
    },
    { hop: 'versions', title: 'Versions fit each other', look: () => lookAtAgentVersion(options) },
  ]
  return checks.map((check) => finding(check, `See how it is: ${ownCommand('status', home)}`))
}

/** The hops to the gateway are those of any machine; which gateway it is, is known once there is a profile. */
function wayChecks(options: AgentChecksOptions, seen: SeenGateway): readonly Check[] {
  return gatewayWayChecks(
    () => pairedProfile(options).gatewayUrl,
    (signal) => seen.probe(signal),
  )
}

/** One look at the way to the gateway, for all hops of it. */
class SeenGateway {
  readonly #options: AgentChecksOptions
  #probe: Promise<GatewayProbe> | undefined

  constructor(options: AgentChecksOptions) {
    this.#options = options
  }

  probe(signal: AbortSignal): Promise<GatewayProbe> {
    this.#probe ??= this.#ask(signal)
    return this.#probe
  }

  async time(signal: AbortSignal): Promise<TimeElsewhere | undefined> {
    const { gatewayNow: now, isUntrustedByTime: isUntrustedHere } = await this.probe(signal)
    return now === undefined ? undefined : { now, isUntrustedHere }
  }

  async #ask(signal: AbortSignal): Promise<GatewayProbe> {
    const { home, clock, profileName } = this.#options
    const { gatewayUrl: url } = pairedProfile(this.#options)
    const { extraCa } = filesOf(this.#options)
    const profile = chooseProfile(home, profileName)
    return await probeGateway({
      address: new GatewayAddress({ url, ...(extraCa === undefined ? {} : { extraCa }) }),
      clock,
      trustCommand: ownCommand(`connect${profileFlag(profile)} --ca-file FILE`, home),
      commandThere: (words) => commandAtGateway(url, words),
      signal,
    })
  }
}
