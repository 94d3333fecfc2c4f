import { ownCommand } from '../../config/own-command.ts'
import type { Check } from '../../diagnosis/walk.ts'
import { clockCheck } from '../../machine/clock-check.ts'
import { lookAtSecrets } from '../../machine/file-modes.ts'
import { finding } from '../../machine/found-broken.ts'
import type { RunProgram } from '../../machine/run-program.ts'
import { livingGatewayCheck } from '../../machine/way/gateway-check.ts'
import { timeThere } from '../../machine/way/time-there.ts'
import { wayChecks } from '../../machine/way/way-checks.ts'
import type { WaySceneOptions } from '../../machine/way/way-scene.ts'
import type { Interfaces } from '../../system/interfaces.ts'
import { AgentScene } from './agent-scene.ts'
import { lookAtCredential } from './credential-look.ts'
import { LocalModelServer } from './local-model-server.ts'
import { lookAtProfile } from './profile-look.ts'
import { lookAtAgent, lookAtAgentVersion, lookAtLink } from './running-agent-look.ts'

export interface AgentChecksOptions extends WaySceneOptions {
  /** Default: the only profile there is. */
  readonly profileName: string | undefined
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
  const scene = new AgentScene(options)
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
    clockCheck({ clock, platform, run, elsewhere: (signal) => timeThere(scene, signal) }),
    ...wayChecks(scene, livingGatewayCheck),
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
