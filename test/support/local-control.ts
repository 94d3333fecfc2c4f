import { openRunningControl } from '../../src/client/running-control.ts'
import type { ControlAccess } from '../../src/contract/control-access.ts'
import { type OfflineControlOptions, openOfflineControl } from '../../src/gateway/serve/offline-control.ts'

export interface LocalControlOptions extends OfflineControlOptions {
  readonly answerTimeoutMs?: number
}

/** The control API of a state folder: of the gateway that runs there, else over its database, as commands reach it. */
export async function openLocalControl(options: LocalControlOptions): Promise<ControlAccess> {
  return (await openRunningControl(options)) ?? (await openOfflineControl(options))
}
