import type { CloseReason } from './codes.ts'

/** The other side broke docs/protocol.md, and its link ends. The message says which rule, for its author. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  /** What the link ends with. */
  readonly closeReason: CloseReason

  constructor(message: string, closeReason: 'protocol_error' | 'limit_exceeded' = 'protocol_error') {
    super(message)
    this.closeReason = closeReason
  }
}
