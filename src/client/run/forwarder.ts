import { systemClock } from '../../core/clock.ts'
import type { Secret } from '../../core/secret.ts'
import { openForward } from '../forward/forward.ts'

/** What stands on this machine for a gateway, so that no tool has the key: it adds key and session. */
export interface RunForwarder {
  /** Where it listens: on loopback. */
  readonly url: string
  close(): Promise<void>
}

export interface RunForwarderOptions {
  readonly gateway: { readonly url: string; readonly key: Secret; readonly caFile: string | undefined }
  readonly session: string
  readonly label: string | undefined
  /** What requests have to show; `undefined`: nothing. */
  readonly pass: string | undefined
}

/** Opens one on a free port, for one run. */
export type OpenRunForwarder = (options: RunForwarderOptions) => Promise<RunForwarder>

/** Opens a forwarder for a run, on a free port of loopback. */
export const openRunForwarder: OpenRunForwarder = async ({ gateway, session, label, pass }) =>
  await openForward({
    gateway,
    listen: { host: '127.0.0.1', port: 0 },
    session,
    ...(label !== undefined && { label }),
    ...(pass !== undefined && { pass }),
    clock: systemClock,
  })
