import type { UsageGroupBody } from '../../../src/contract/requests.ts'

/** The numbers of a group, without what it is a group of. */
export type Sums = Omit<UsageGroupBody, 'group' | 'name'>

const NOTHING: Sums = {
  requests: 0,
  errors: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  estimated: 0,
  meanTtfbMs: null,
  busyMs: 0,
  cost: 0,
}

/**
 * Groups as one. The time to the first byte is the mean over their requests, which is near enough: the gateway leaves
 * those out that had none.
 */
export function sumOf(groups: readonly Sums[]): Sums {
  let ttfbMs = 0
  let timed = 0
  const sums = { ...NOTHING }
  for (const group of groups) {
    sums.requests += group.requests
    sums.errors += group.errors
    sums.promptTokens += group.promptTokens
    sums.completionTokens += group.completionTokens
    sums.cachedTokens += group.cachedTokens
    sums.estimated += group.estimated
    sums.busyMs += group.busyMs
    sums.cost += group.cost
    if (group.meanTtfbMs === null) continue
    ttfbMs += group.meanTtfbMs * group.requests
    timed += group.requests
  }
  return { ...sums, meanTtfbMs: timed === 0 ? null : ttfbMs / timed }
}

/** All tokens. Cached ones are a part of the prompt's. */
export function tokensOf({ promptTokens, completionTokens }: Sums): number {
  return promptTokens + completionTokens
}

/** The part that failed, from 0 to 1; null: there were no requests. */
export function errorRateOf({ requests, errors }: Sums): number | null {
  return requests === 0 ? null : errors / requests
}
