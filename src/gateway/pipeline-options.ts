import type { BlockList } from 'node:net'
import type { Keyring } from '../access/keyring.ts'
import type { LiveExchanges } from '../access/live-exchanges.ts'
import type { Clock } from '../core/clock.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { DeliveryLimits } from './delivery.ts'
import type { IdleWatch } from './idle-watch.ts'
import type { Metrics } from './metrics.ts'

/** What the pipeline works with: the parts it asks, and the limits it keeps. */
export interface PipelineOptions {
  readonly keyring: Keyring
  readonly live: LiveExchanges
  readonly upstreams: Upstreams
  readonly metrics: Metrics
  readonly clock: Clock
  readonly watch: IdleWatch
  readonly timeouts: DeliveryLimits
  /** The longest pause between two pieces of a request body, milliseconds. */
  readonly bodyIdleMs: number
  /** A body's size on the wire, and after it was decoded. */
  readonly bodyBytes: number
  readonly decodedBodyBytes: number
  readonly jsonDepth: number
  /** The most header lines of a request. */
  readonly headerCount: number
  /** Host names, beside addresses and localhost, under which clients may call. */
  readonly hosts: readonly string[]
  /** Web origins that may call from a browser. */
  readonly origins: readonly string[]
  /** Proxies whose `x-forwarded-for` is believed; `undefined`: none. */
  readonly trustedProxies: BlockList | undefined
  /** Whether a key may stand in the path, as `/k/<key>/…`. */
  readonly keyInPath: boolean
}
