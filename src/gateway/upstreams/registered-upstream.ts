import type { ServedRoute } from '../../servers/route-table.ts'
import type { CatalogueModel, ServerHealth } from '../../servers/server.ts'
import type { Upstream } from './upstream.ts'

/** An upstream that is in the registry, with what the registry and its neighbours keep of it. */
export interface RegisteredUpstream {
  readonly upstream: Upstream
  /** Grows with each that is added. */
  readonly order: number
  /** Leases that are out on it: the exchanges that go on with it. The admission's. */
  leases: number
  /** Routes that its server said it does not have, whatever others of its kind have. The admission's. */
  readonly lacking: Set<ServedRoute>
}

/** What an upstream stood under in an index when that was last brought up to date. */
export interface IndexedFacts {
  readonly server: Upstream['known']['server']
  readonly state: ServerHealth['state']
  readonly failure: ServerHealth['failure']
  readonly models: readonly CatalogueModel[] | undefined
  readonly label: string
}

/** What an upstream is to stand under now. */
export function factsOf({ known, label }: Upstream): IndexedFacts {
  return { server: known.server, state: known.health.state, failure: known.health.failure, models: known.models, label }
}

/** Whether an index has nothing to do. */
export function isSame(one: IndexedFacts, other: IndexedFacts): boolean {
  return (
    one.server === other.server &&
    one.state === other.state &&
    one.failure === other.failure &&
    one.models === other.models &&
    one.label === other.label
  )
}
