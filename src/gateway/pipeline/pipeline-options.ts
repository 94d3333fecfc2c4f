import type { BlockList } from 'node:net'
import type { MemoryBudget } from '../../core/memory-budget.ts'
import type { KeyedExchanges } from '../access/keyed-exchanges.ts'
import type { Keyring } from '../access/keyring.ts'
import type { Metrics } from '../metering/metrics.ts'
import type { Trouble } from '../metering/troubles.ts'
import type { ArrivalRules } from './arrival.ts'
import type { ClientConnections } from './client-connections.ts'
import type { OriginRules } from './cors.ts'
import type { ListingParts } from './listing.ts'
import type { WebSearchRule } from './search-left-out.ts'

/** What the pipeline works with: the parts it asks, and the limits it keeps. */
export interface PipelineOptions extends ListingParts, ArrivalRules, OriginRules {
  readonly keyring: Keyring
  readonly clients: ClientConnections
  /** Where exchanges are entered by their keys. */
  readonly keyed: KeyedExchanges
  readonly metrics: Metrics
  /** Whether it has more to do than it can. */
  readonly strain: { readonly isOver: boolean }
  /** What is wrong with the gateway itself. */
  readonly troubles: () => readonly Trouble[]
  /** A body's size on the wire, and after it was decoded. */
  readonly bodyBytes: number
  readonly decodedBodyBytes: number
  /** What bodies hold, by key, until they are answered. */
  readonly bodies: MemoryBudget
  readonly jsonDepth: number
  readonly webSearch: WebSearchRule
  /** Proxies whose `x-forwarded-for` is believed; `undefined`: none. */
  readonly trustedProxies: BlockList | undefined
}
