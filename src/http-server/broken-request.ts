import type { SyntaxFault } from '../http/message-syntax.ts'

/** `too_many_headers`: more field lines than the limit. `incomplete`: the connection ended in the middle of a request. */
export type BrokenRequestKind = SyntaxFault | 'too_many_headers' | 'incomplete'

/** Why bytes are no request. The message is for the log and quotes nothing of them. */
export class BrokenRequest extends Error {
  override readonly name = 'BrokenRequest'
  readonly kind: BrokenRequestKind

  constructor(kind: BrokenRequestKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** Bytes that break the syntax, unless `kind` says more. */
export function broken(why: string, kind: BrokenRequestKind = 'syntax'): BrokenRequest {
  return new BrokenRequest(kind, `broken request: ${why}`)
}
