/**
 * Why an agent is not paired, or runs no longer.
 * - `ended`: a person has to do something first: pair anew, try again.
 * - `denied`: somebody said no.
 * - `away`: a service it needs does not answer; it may later.
 */
export type AgentFailureKind = 'ended' | 'denied' | 'away'

/** What ends `punku pair`, `connect` or `disconnect` for the person who runs it: what happened, and what to do. */
export class AgentFailure extends Error {
  override readonly name = 'AgentFailure'
  readonly kind: AgentFailureKind

  constructor(kind: AgentFailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}
