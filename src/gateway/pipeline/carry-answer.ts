import { type ErrorCode, PunkuError } from '../../core/error.ts'
import type { CarriedChat, ChatJob } from './carried-chat.ts'

/** What the thread is asked: it gets the bytes, and nobody else has them any more. */
export interface CarryAsk {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly job: ChatJob
}

/** What it answers. */
export type CarryAnswer =
  | (Omit<CarriedChat, 'body'> & { readonly body: Uint8Array<ArrayBuffer> })
  | { readonly failure: CarryFailure }

/** An error as it crosses from the thread. */
export interface CarryFailure {
  /** `undefined`: it is none of the gateway's own. */
  readonly code: ErrorCode | undefined
  readonly message: string
  readonly param: string | undefined
}

/** What is sent of an error. */
export function carryFailureOf(error: unknown): CarryFailure {
  if (!(error instanceof PunkuError)) return { code: undefined, message: String(error), param: undefined }
  return { code: error.code, message: error.message, param: error.param }
}

/** The same error again. */
export function carryErrorOf({ code, message, param }: CarryFailure): Error {
  if (code === undefined) return new Error(message)
  return new PunkuError(code, message, param === undefined ? {} : { param })
}
