import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often it is looked whether the loop is late. */
const SAMPLE_MS = 20
const NS_PER_SECOND = 1e9

/** How late the event loop was, in seconds. */
export interface LoopDelays {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Measures how late the event loop takes up what is due. Disposing it ends its timer. */
export class LoopDelay implements Disposable {
  readonly #histogram = monitorEventLoopDelay({ resolution: SAMPLE_MS })

  constructor() {
    this.#histogram.enable()
  }

  /** What was since the last call. */
  take(): LoopDelays {
    const late = (ns: number) => Math.max(0, ns / NS_PER_SECOND - SAMPLE_MS / 1_000)
    const histogram = this.#histogram
    // Before the first sample a maximum is 0, and percentiles are odd.
    const delays =
      histogram.count === 0
        ? { p50: 0, p99: 0, max: 0 }
        : { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) }
    histogram.reset()
    return delays
  }

  [Symbol.dispose](): void {
    this.#histogram.disable()
  }
}
