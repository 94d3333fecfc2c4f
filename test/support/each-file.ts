import fc from 'fast-check'
import { afterAll, vi } from 'vitest'

/** A property is looked at for no longer; what it has found until then counts. */
const PROPERTY_LIMIT_MS = 10_000

/**
 * One fixed sample for the property tests, so that a run can be told from the run before it by what changed. Set
 * `FC_SEED` to look elsewhere: `FC_SEED=$RANDOM npm test`.
 */
const { FC_SEED = '20261121' } = process.env
fc.configureGlobal({
  seed: Number(FC_SEED),
  interruptAfterTimeLimit: PROPERTY_LIMIT_MS,
  markInterruptAsFailure: false,
})

const { env } = process

// The next file runs in the same process.
afterAll(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  // Node itself reads the one that the process began with, whatever stands in its place.
  const isReplaced = process.env !== env
  process.env = env
  if (isReplaced) throw new Error('This file left another process.env behind. Change variables with vi.stubEnv().')
})
