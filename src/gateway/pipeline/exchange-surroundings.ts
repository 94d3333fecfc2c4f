import type { MemoryBudget } from '../../core/memory-budget.ts'
import type { GuardLimits } from '../reply/guard.ts'
import type { IdleWatch } from '../reply/idle-watch.ts'
import type { ReplyChainOptions } from '../reply/reply-chain.ts'
import type { Exchange } from './exchange.ts'

/** What an exchange needs of the gateway around it. */
export interface ExchangeSurroundings extends Pick<ReplyChainOptions, 'clock' | 'checksOrder'> {
  readonly watch: IdleWatch
  readonly limits: GuardLimits
  /** What whole answers hold until they are complete, by org. */
  readonly answers: MemoryBudget
  /** Called once, when the response has been flushed or the client has gone. */
  finished(exchange: Exchange): void
}
