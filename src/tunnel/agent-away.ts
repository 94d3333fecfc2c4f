import type { PunkuError } from '../core/error.ts'
import { upstreamAway } from '../core/upstream-away.ts'

/** The refusal of a request that cannot reach its agent. */
export function agentAway(): PunkuError {
  return upstreamAway(
    'The agent beside the model server is not connected to the gateway now. Ask again in a few seconds; if it stays away, check that its machine is on and that `punku connect` runs there.',
  )
}
