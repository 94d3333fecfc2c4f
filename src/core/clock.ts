/**
 * Time, turns of the event loop and chance, as the parts see them. Tests pass a clock they move by hand, so nothing
 * sleeps, and a simulation one that runs everything in an order of its own.
 */
export interface Clock {
  /** Wall time, milliseconds since the epoch. May jump. */
  now(): number
  /** Monotonic milliseconds with fraction, from an arbitrary start. Never goes back; for durations. */
  elapsed(): number
  /** Calls `run` every `intervalMs` until disposed. Does not keep the process alive. */
  every(intervalMs: number, run: () => void): Disposable
  /** Calls `run` once after `delayMs` unless disposed before. Does not keep the process alive. */
  after(delayMs: number, run: () => void): Disposable
  /** Calls `run` once, at the end of this turn of the event loop: when all that came in it has been handed on. */
  turn(run: () => void): void
  /** Evenly from 0 up to 1. For back-off and spreading, never for a secret. */
  random(): number
}

/** Node takes a longer time for one millisecond. */
const MAX_TIMER_MS = 2_147_483_647

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  every(intervalMs, run) {
    if (intervalMs > MAX_TIMER_MS) return longTimer(intervalMs, run, true)
    const timer = setInterval(run, intervalMs)
    timer.unref()
    return { [Symbol.dispose]: () => clearInterval(timer) }
  },
  after(delayMs, run) {
    if (delayMs > MAX_TIMER_MS) return longTimer(delayMs, run, false)
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  turn(run) {
    setImmediate(run)
  },
  random: () => Math.random(),
}

/** A timer of more than 24 days, in pieces that Node can count. */
function longTimer(totalMs: number, run: () => void, isRepeated: boolean): Disposable {
  let leftMs = totalMs
  let piece: Disposable
  const begin = (): void => {
    const pieceMs = Math.min(leftMs, MAX_TIMER_MS)
    leftMs -= pieceMs
    piece = systemClock.after(pieceMs, next)
  }
  const next = (): void => {
    if (leftMs > 0) {
      begin()
      return
    }
    if (isRepeated) {
      leftMs = totalMs
      begin()
    }
    run()
  }
  begin()
  return { [Symbol.dispose]: () => piece[Symbol.dispose]() }
}
