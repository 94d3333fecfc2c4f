/**
 * Why an agent is not paired, or runs no longer.
 * - `ended`: a person has to do something first: pair anew, try again.
 * - `denied`: somebody said no.
 * - `away`: a service it needs does not answer; it may later.
 */
export type CommandFailureKind = 'ended' | 'denied' | 'away'

/** What ends `punku pair`, `connect` or `disconnect` for the person who runs it: what happened, and what to do. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly kind: CommandFailureKind

  constructor(kind: CommandFailureKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}
