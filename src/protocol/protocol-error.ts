/** The other side broke docs/protocol.md; its link ends with `protocol_error`. The message says which rule, for its author. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}
