import type { Check } from '../../diagnosis/walk.ts'
import { lookAtContainers } from '../../machine/containers-look.ts'
import { type GuardedServer, lookAtExposure } from '../../machine/exposure-look.ts'
import { lookAtFirewall } from '../../machine/firewall-look.ts'
import type { GatewaySurroundings } from './gateway-checks.ts'
import { listenersOf } from './listeners.ts'

/** What else of the machine reaches the gateway and its model servers: containers, the networks around it, its firewall. */
export function surroundingChecks(opened: () => Promise<GatewaySurroundings>): readonly Check[] {
  return [
    {
      hop: 'containers',
      title: 'Containers reach the gateway, and not the model server',
      look: async () => await lookAtContainers(await seenOf(await opened())),
    },
    {
      hop: 'exposure',
      title: 'The model servers answer this machine alone',
      look: async () => await lookAtExposure(await seenOf(await opened())),
    },
    {
      hop: 'firewall',
      title: 'The firewall lets clients in',
      look: async () => await lookAtFirewall(await seenOf(await opened())),
    },
  ]
}

async function seenOf(options: GatewaySurroundings) {
  const { control, clock, platform, run, interfaces, mayStartContainer = false, ufwFile } = options
  const [status, { upstreams }] = await Promise.all([
    control.client.call('status'),
    control.client.call('listUpstreams'),
  ])
  const listeners = listenersOf(status)
  const servers = upstreams.flatMap(({ label, url, server }): readonly GuardedServer[] =>
    url === null ? [] : [{ label, url, server: server ?? undefined }],
  )
  return {
    servers,
    listeners,
    ownListeners: listeners,
    interfaces: interfaces(),
    clock,
    platform,
    run,
    program: process.execPath,
    mayStartContainer,
    ...(ufwFile === undefined ? {} : { ufwFile }),
  }
}
