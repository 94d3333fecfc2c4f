import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { RequestRepository } from '../store/request-repository.ts'

const SWEEP_INTERVAL_MS = 3_600_000

/** Deletes request rows older than the retention, at start and every hour. */
export class RetentionSweep implements Disposable {
  readonly #timer: Disposable | undefined

  /** `retentionMs` `undefined`: rows are kept for ever. */
  constructor(requests: RequestRepository, retentionMs: number | undefined, clock: Clock, log: Logger) {
    if (retentionMs === undefined) return
    const sweep = () => {
      requests.deleteBefore(clock.now() - retentionMs).then(
        (count) => count > 0 && log.info({ rows: count }, 'requests.forgotten'),
        (error: unknown) => log.error({ err: error }, 'old request rows could not be deleted; will try again'),
      )
    }
    this.#timer = clock.every(SWEEP_INTERVAL_MS, sweep)
    sweep()
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
  }
}
