/**
 * How an exchange with an upstream went wrong below HTTP.
 * - `refused`: nothing listens there.
 * - `unreachable`: no name, no route, no answer in time, no TLS.
 * - `exhausted`: our own side, the gateway or its agent, takes on no more. The server has no part in it.
 * - `reset`: the connection ended before the response's head was whole.
 * - `interrupted`: the connection ended in the middle of a response's body.
 * - `invalid`: what came was not HTTP/1.1 as this gateway accepts it.
 * - `aborted`: our own side gave up without naming a reason.
 */
export type FailureCode = 'refused' | 'unreachable' | 'exhausted' | 'reset' | 'interrupted' | 'invalid' | 'aborted'

/** An exchange that failed below HTTP. The message is for the log: it may name addresses. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly code: FailureCode
  /** What it speaks, where that is not what its URL says. */
  readonly speaks: 'http' | 'https' | undefined

  constructor(
    code: FailureCode,
    message: string,
    options?: { readonly cause?: unknown; readonly speaks?: 'http' | 'https' },
  ) {
    super(message, options)
    this.code = code
    this.speaks = options?.speaks
  }
}
