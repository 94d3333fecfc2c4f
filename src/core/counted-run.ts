import { type ErrorCode, PunkuError } from './error.ts'

/** How what is tried is counted. */
export interface CountedRun {
  /** Takes one; how long until there is one again, milliseconds, where none is left. */
  readonly take: () => number | undefined | Promise<number | undefined>
  readonly giveBack: () => void | Promise<void>
  /** What it rejects with when it was wrong. */
  readonly wrong: ErrorCode
  /** What is thrown where none is left. */
  readonly refuse: (waitMs: number) => PunkuError
}

/**
 * Runs what is tried, and counts it only when it was wrong. It is taken first and given back later: what is tried at the
 * same time counts too.
 */
export async function runCounted<T>({ take, giveBack, wrong, refuse }: CountedRun, run: () => Promise<T>): Promise<T> {
  const waitMs = await take()
  if (waitMs !== undefined) throw refuse(waitMs)
  let isWrong = false
  try {
    return await run()
  } catch (error) {
    isWrong = error instanceof PunkuError && error.code === wrong
    throw error
  } finally {
    if (!isWrong) await giveBack()
  }
}
