import type { Clock } from '../../core/clock.ts'
import { formatDuration } from '../../core/units.ts'
import type { LoopDelays } from './loop-delay.ts'
import type { Troubles } from './troubles.ts'

/** How often it is looked, and so how long the gateway was late in a row before it refuses anything. */
const LOOK_MS = 5_000
const MS_PER_SECOND = 1_000

export interface StrainOptions {
  /** Its own: what is taken is gone. */
  readonly loopDelay: { take(): LoopDelays }
  /** How late the event loop may be half the time, milliseconds; `undefined`: it may be as late as it likes. */
  readonly limitMs: number | undefined
  readonly troubles: Troubles
  readonly clock: Clock
}

/**
 * Whether there is more to pass on than one core can. What is beyond it waits, for everybody and ever longer, so that new
 * requests had better be refused until it has been caught up with. Disposing it ends its timer.
 */
export class Strain implements Disposable {
  readonly #options: StrainOptions
  readonly #timer: Disposable
  #isOver = false

  constructor(options: StrainOptions) {
    this.#options = options
    this.#timer = options.clock.every(LOOK_MS, () => this.#look())
  }

  /** No new request should be taken. */
  get isOver(): boolean {
    return this.#isOver
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }

  #look(): void {
    const { loopDelay, limitMs, troubles } = this.#options
    const lateMs = loopDelay.take().p50 * MS_PER_SECOND
    this.#isOver = limitMs !== undefined && lateMs > limitMs
    if (!this.#isOver) troubles.over('loop_late')
    else {
      const late = formatDuration(Math.round(lateMs))
      troubles.tell({
        kind: 'loop_late',
        text: `The gateway has more to pass on than one core can: it is late by ${late} half the time. New requests are refused until it has caught up (limits.loopDelay). Have fewer streams at a time, or a second gateway on the same database.`,
      })
    }
  }
}
