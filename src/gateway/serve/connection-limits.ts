import type { Config } from '../../config/load.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { ConnectionBudget } from '../../http-client/connection-budget.ts'
import type { Troubles } from '../metering/troubles.ts'
import { ClientConnections } from '../pipeline/client-connections.ts'
import { trustedProxiesOf } from './callers.ts'
import { planConnections } from './connection-plan.ts'
import { OpenFilesWatch } from './open-files-watch.ts'

export interface ConnectionLimitsOptions {
  readonly config: Config
  /** As many files as the process may have open. */
  readonly openFiles: number
  readonly troubles: Troubles
  readonly clock: Clock
  readonly log: Logger
}

/** Who may have how many connections. The watch is the caller's to dispose of. */
export interface ConnectionLimits {
  readonly clients: ClientConnections
  readonly budget: ConnectionBudget
  readonly filesWatch: OpenFilesWatch
}

/** Parts what the system allows, warns where that is too little, and tells when it is all taken. */
export function limitConnections({
  config,
  openFiles,
  troubles,
  clock,
  log,
}: ConnectionLimitsOptions): ConnectionLimits {
  const plan = planConnections(config.limits, openFiles)
  if (plan.warning !== undefined) log.warn(plan.warning)
  const onExhausted = () => troubles.tell({ kind: 'files_exhausted', text: plan.exhaustedText })
  const clients = new ClientConnections({
    limit: plan.connections,
    addressLimit: plan.perAddress,
    orgLimit: plan.perOrg,
    trustedProxies: trustedProxiesOf(config),
    onRefused(reason, who) {
      if (reason === 'gateway') troubles.tell({ kind: 'connections_refused', text: plan.fullText })
      else {
        const text = reason === 'address' ? plan.addressText : plan.orgText
        troubles.tell({ kind: 'connection_share_taken', text, detail: { [reason]: who } })
      }
    },
  })
  const budget = new ConnectionBudget({ limit: plan.upstreamConnections, onExhausted })
  const filesWatch = new OpenFilesWatch({
    onExhausted,
    onHold(isHeld) {
      clients.hold(isHeld)
      budget.hold(isHeld)
    },
    clock,
  })
  return { clients, budget, filesWatch }
}
