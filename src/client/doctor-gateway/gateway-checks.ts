import type { Environment } from '../../config/environment.ts'
import { loadConfig } from '../../config/load.ts'
import { ownCommand } from '../../config/own-command.ts'
import type { ControlAccess } from '../../contract/control-access.ts'
import type { Clock } from '../../core/clock.ts'
import type { Check } from '../../diagnosis/walk.ts'
import { clockCheck } from '../../machine/clock-check.ts'
import { lookAtSecrets } from '../../machine/file-modes.ts'
import { finding } from '../../machine/found-broken.ts'
import type { RunProgram } from '../../machine/run-program.ts'
import type { Interfaces } from '../../system/interfaces.ts'
import { lookAtConfiguration } from './configuration-look.ts'
import { lookAtOwnCertificate } from './own-certificate-look.ts'
import { lookAtRunning, lookAtVersions } from './running-look.ts'
import { surroundingChecks } from './surrounding-checks.ts'
import { lookAtAgents, lookAtLinks } from './tunnels-look.ts'
import { lookAtModels, lookAtUpstreams } from './upstreams-look.ts'

export interface GatewayChecksOptions {
  /** The state folder, resolved. */
  readonly home: string
  /** `--config`; default: `punku.yaml` in the state folder, if there. */
  readonly configFile: string | undefined
  readonly env: Environment
  readonly clock: Clock
  readonly platform: NodeJS.Platform
  /**
   * The gateway of the state folder, or its database where none runs: each time the same. It is not asked for before the
   * configuration was seen to be good. Whoever gives it closes it, after the walk.
   */
  readonly control: () => Promise<ControlAccess>
  readonly run: RunProgram
  /** The machine's interfaces, asked at every look: `networkInterfaces()`. */
  readonly interfaces: () => Interfaces
  /** Whether a container may be started for a moment, from an image that is there. Default: no. */
  readonly mayStartContainer?: boolean
  /** Where ufw keeps what it is told. Default: as on every system. */
  readonly ufwFile?: string
}

/** The same with the way to the gateway open. */
export type GatewaySurroundings = Omit<GatewayChecksOptions, 'control'> & { readonly control: ControlAccess }

/** What is looked at on a gateway's own machine, in the order of the way; every fix changes modes of files alone. */
export function gatewayChecks(options: GatewayChecksOptions): readonly Check[] {
  const { home, clock, platform, run } = options
  const config = () => loadConfig({ home, file: options.configFile, env: options.env, flags: {} })
  const opened = async (): Promise<GatewaySurroundings> => ({ ...options, control: await options.control() })
  const checks: readonly Check[] = [
    {
      hop: 'configuration',
      title: 'The configuration is valid',
      look: async () => lookAtConfiguration(home, config),
    },
    {
      hop: 'configuration',
      title: "The state folder's secrets are this user's alone",
      look: async () => lookAtSecrets(home, platform),
    },
    clockCheck({ clock, platform, run }),
    {
      hop: 'tls',
      title: "The gateway's certificate is good",
      look: async () => await lookAtOwnCertificate(config(), await opened()),
    },
    {
      hop: 'gateway',
      title: 'The gateway runs, and answers where it should',
      look: async () => await lookAtRunning(config(), await opened()),
    },
    { hop: 'link', title: 'The tunnels have their links', look: async () => await lookAtLinks(await opened()) },
    {
      hop: 'agent',
      title: 'The agents reach their model servers',
      look: async () => await lookAtAgents(await opened()),
    },
    {
      hop: 'model-server',
      title: "The gateway's own model servers answer",
      look: async (signal) => await lookAtUpstreams(config(), await opened(), signal),
    },
    { hop: 'model', title: 'There is a model', look: async () => await lookAtModels(await opened()) },
    ...surroundingChecks(opened),
    { hop: 'versions', title: 'Versions fit each other', look: async () => await lookAtVersions(await opened()) },
  ]
  return checks.map((check) => finding(check, `See how it is: ${ownCommand('status', home)}`))
}
