import { ManualClock } from './clock.ts'

/** A manual clock whose wall time can run apart from its monotonic time, as it does over a suspension. */
export class JumpingClock extends ManualClock {
  /** How far wall time is ahead, milliseconds; a test sets it. */
  jumpedMs = 0

  override now(): number {
    return super.now() + this.jumpedMs
  }
}
