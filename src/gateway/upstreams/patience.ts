import type { Clock } from '../../core/clock.ts'

/** How long one is waited for that others do not wait for: what it is asked goes on behind. */
export const PATIENCE_MS = 1_000

/** The most that are waited for at a time: a thousand agents that came back together are not asked in one turn. */
export const MAX_ASKED_AT_ONCE = 16

/** Resolves when the answer is there, or once it has been waited for so long; rejects as the answer does. */
export async function waitAtMost(clock: Clock, ms: number, answer: Promise<unknown>): Promise<void> {
  if (ms <= 0) return
  const { promise: limit, resolve } = Promise.withResolvers<void>()
  using _timer = clock.after(ms, resolve)
  await Promise.race([answer, limit])
}

/**
 * Asks each, a few at a time; one that is silent gives its place up after a second. Resolves when all have answered, the
 * silent too.
 */
export async function askFewAtATime<Asked>(
  clock: Clock,
  asked: Iterable<Asked>,
  ask: (one: Asked) => Promise<void>,
): Promise<void> {
  const waiting = Iterator.from(asked)
  const silent: Promise<void>[] = []
  const askOneByOne = async (): Promise<void> => {
    for (const one of waiting) {
      const answer = ask(one)
      let isThere = false
      const heard = answer.finally(() => {
        isThere = true
      })
      await waitAtMost(clock, PATIENCE_MS, heard)
      if (!isThere) silent.push(heard)
    }
  }
  await Promise.all(Array.from({ length: MAX_ASKED_AT_ONCE }, askOneByOne))
  await Promise.all(silent)
}
