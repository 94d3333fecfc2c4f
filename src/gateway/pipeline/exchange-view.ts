import type { DialectName } from '../../core/dialect-name.ts'
import type { Key } from '../access/key.ts'

/** An exchange that is under way, as it stood when it was looked at. Durations are milliseconds. */
export interface ExchangeView {
  readonly id: string
  /** When it arrived, epoch milliseconds. */
  readonly at: number
  /** `undefined`: not yet known. Then it is nobody's, and no org's. */
  readonly key: Pick<Key, 'id' | 'name' | 'orgId' | 'personId'> | undefined
  /** The id of the upstream it was sent to. */
  readonly upstream: string | undefined
  readonly dialect: DialectName
  /** As in its row later: `POST /v1/chat/completions`, or `-`. */
  readonly route: string
  /** The model that answers, or else the one that was asked for. */
  readonly model: string | undefined
  /** The answer is a stream, or was asked for as one. */
  readonly isStreamed: boolean
  /** `arriving`: not yet sent on. `waiting`: sent, and nothing has come. `answering`: the answer has begun. */
  readonly phase: 'arriving' | 'waiting' | 'answering'
  /** From its arrival until it was sent to the upstream. */
  readonly sentMs: number | undefined
  /** From its arrival until the first byte of the answer. */
  readonly ttfbMs: number | undefined
  readonly ageMs: number
  readonly responseBytes: number
}
