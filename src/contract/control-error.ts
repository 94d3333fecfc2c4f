import type { Problem } from './parts.ts'

/** What a `ControlError` is made of. */
export interface Refusal extends Pick<Problem, 'code' | 'status' | 'detail'> {
  readonly param?: string | undefined
  readonly retryAfterS?: number | undefined
}

/** What the control API refused, or what went wrong on the way to it. The message says what happened and what to do. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: string
  /** The HTTP status; 0: no answer came. */
  readonly status: number
  /** The field at fault. */
  readonly param: string | undefined
  /** Whole seconds, where the gateway said how long to wait. */
  readonly retryAfterS: number | undefined

  constructor({ code, status, detail, param, retryAfterS }: Refusal) {
    super(detail)
    this.code = code
    this.status = status
    this.param = param
    this.retryAfterS = retryAfterS
  }
}
