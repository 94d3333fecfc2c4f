import { MANUAL_CLOCK_START, ManualClock } from './clock.ts'

/** Numbers evenly from 0 up to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * A manual clock that owns turns and chance too: what runs on it alone runs in the same order each time. Turns wait until
 * `runTurns`, or until `advance` or `run` has run the timer before them.
 */
export class VirtualClock extends ManualClock {
  readonly #random: () => number
  #turns: (() => void)[] = []

  constructor(seed: number, startedAt: number = MANUAL_CLOCK_START) {
    super(startedAt)
    this.#random = seededRandom(seed)
  }

  override turn(run: () => void): void {
    this.#turns.push(run)
  }

  override random(): number {
    return this.#random()
  }

  override every(intervalMs: number, run: () => void): Disposable {
    return super.every(intervalMs, () => this.#inTurn(run))
  }

  override after(delayMs: number, run: () => void): Disposable {
    return super.after(delayMs, () => this.#inTurn(run))
  }

  /** Runs the turns that wait, in their order, and those that they ask for. */
  runTurns(): void {
    while (this.#turns.length > 0) {
      const turns = this.#turns
      this.#turns = []
      for (const run of turns) run()
    }
  }

  /** As `advance`, and lets promises go on between one due time and the next: for parts that wait by `await`. */
  async run(ms: number): Promise<void> {
    const untilMs = this.elapsed() + ms
    await this.#settle()
    for (let dueMs = this.nextDueMs; dueMs !== undefined && dueMs <= untilMs; dueMs = this.nextDueMs) {
      this.advance(dueMs - this.elapsed())
      await this.#settle()
    }
    this.advance(untilMs - this.elapsed())
  }

  #inTurn(run: () => void): void {
    run()
    this.runTurns()
  }

  async #settle(): Promise<void> {
    do {
      this.runTurns()
      // A turn of the real loop begins when no promise has anything left to do.
      await new Promise((resolve) => setImmediate(resolve))
    } while (this.#turns.length > 0)
  }
}
