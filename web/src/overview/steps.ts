import type { HealthBody } from '../../../src/contract/gateway.ts'

/** What an empty gateway needs before it answers, in this order. */
export const STEPS = ['models', 'key', 'request'] as const
export type StepName = (typeof STEPS)[number]

/** The first thing that is still to be done; undefined: all is. */
export function nextStep(health: HealthBody): StepName | undefined {
  if (health.hasRequests) return undefined
  if (health.upstreams.all === 0 && health.tunnels.live === 0) return 'models'
  if (health.keys === 0) return 'key'
  return 'request'
}
