import type { CallAnswer, CallArguments } from '../contract/client.ts'
import type { OperationName } from '../contract/operations.ts'

/**
 * What each operation of the control API takes and answers, by its name. In the package's own types this is written out, so
 * that whoever has them needs no schema library.
 */
export type ControlCalls = {
  readonly [Name in OperationName]: {
    readonly arguments: CallArguments<Name>
    readonly answer: CallAnswer<Name>
  }
}
