import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { Forgotten } from '../store/chain.ts'

const SWEEP_INTERVAL_MS = 3_600_000

/** Rows that are not kept for ever. */
export interface Forgettable {
  /** Removes what is from before `at`, epoch milliseconds. */
  deleteBefore(at: number): Promise<Forgotten>
}

export interface RetentionSweepOptions {
  readonly requests: Forgettable
  /** How long request rows are kept, milliseconds; `undefined`: for ever. */
  readonly requestsMs: number | undefined
  readonly audit: Forgettable
  /** The same for entries of the audit log. */
  readonly auditMs: number | undefined
  /** The command that checks both, as it is typed on this machine. */
  readonly verify: string
  readonly clock: Clock
  readonly log: Logger
}

/** Deletes what is older than its retention, at start and every hour. */
export class RetentionSweep implements Disposable {
  readonly #timer: Disposable | undefined

  constructor({ requests, requestsMs, audit, auditMs, verify, clock, log }: RetentionSweepOptions) {
    const sweeps: (() => void)[] = []
    if (requestsMs !== undefined)
      sweeps.push(() => forget('requests', requests, { before: clock.now() - requestsMs, verify, log }))
    if (auditMs !== undefined) sweeps.push(() => forget('audit', audit, { before: clock.now() - auditMs, verify, log }))
    if (sweeps.length === 0) return
    const sweepAll = () => {
      for (const sweep of sweeps) sweep()
    }
    this.#timer = clock.every(SWEEP_INTERVAL_MS, sweepAll)
    sweepAll()
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }
}

function forget(
  name: 'requests' | 'audit',
  rows: Forgettable,
  { before, verify, log }: { readonly before: number; readonly verify: string; readonly log: Logger },
): void {
  rows.deleteBefore(before).then(
    ({ rows: count, faultAt }) => {
      if (count > 0) log.info({ rows: count }, `${name}.forgotten`)
      if (faultAt === undefined) return
      log.error(
        { link: faultAt },
        `Old rows (${name}) are kept: they are not as they were written. Run \`${verify}\`; docs/audit.md says what to do.`,
      )
    },
    (error: unknown) => log.error({ err: error }, `old rows (${name}) could not be deleted; will try again`),
  )
}
