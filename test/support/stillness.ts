import { setTimeout as delay } from 'node:timers/promises'

/** A full pipe may rest by itself and go on: TCP asks again for room after 200 ms only. */
const TURN_MS = 3
/** Turns of the loop, so that a machine that is slow, or a process that stands, only makes it take longer. */
const TURNS = 100

/** Resolves with a number that grows once it has stopped, which takes a third of a second: what holds it back is then full. */
export async function untilStill(value: () => number): Promise<number> {
  let before = value()
  for (let turn = 0; turn < TURNS; turn++) {
    await delay(TURN_MS)
    if (value() === before) continue
    before = value()
    turn = -1
  }
  return before
}
