import { PunkuError } from '../core/error.ts'

/** The refusal of one request too many for the agent. @param reason for the log */
export function agentBusy(reason?: string): PunkuError {
  return new PunkuError(
    'agent_busy',
    'The agent beside the model server serves as many requests as it may. Ask again when one has ended.',
    { retryAfterMs: 1_000, detail: reason === undefined ? {} : { reason } },
  )
}
