import type { PunkuError } from '../../core/error.ts'
import type { Usage } from '../../formats/format.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { RegisteredUpstream } from '../upstreams/registered-upstream.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** How an exchange with an upstream ended. */
export interface LeaseEnd {
  /** What the answer said of itself; counts that nobody gave are `undefined`. */
  readonly usage: Usage
  /** `undefined`: the answer was complete. */
  readonly error: PunkuError | undefined
}

/**
 * What a request was given: its upstream, and a place among the exchanges that go on there. Whoever got it gives it
 * back: by `settle` when the exchange has ended, or by disposing it. Only the first of them counts.
 */
export class Lease implements Disposable {
  readonly #member: RegisteredUpstream
  readonly #whenEnded: (upstream: Upstream, end: LeaseEnd | undefined) => void
  #isOut = true

  /** The route on which it is asked: the one that was asked for, or another that is translated to. */
  readonly route: ServedRoute

  /** @param whenEnded called once, when it was given back; `undefined`: the request was never sent */
  constructor(
    member: RegisteredUpstream,
    route: ServedRoute,
    whenEnded: (upstream: Upstream, end: LeaseEnd | undefined) => void,
  ) {
    this.#member = member
    this.route = route
    this.#whenEnded = whenEnded
    member.leases++
  }

  get upstream(): Upstream {
    return this.#member.upstream
  }

  /** Whether its server has said that it does not have that route. */
  lacks(route: ServedRoute): boolean {
    return this.#member.lacking.has(route)
  }

  /** Its server has said that it does not have the route: no other request is sent it there, until it was away. */
  lacksRoute(): void {
    this.#member.lacking.add(this.route)
  }

  /** Gives it back once it is known what the exchange used. */
  settle(end: LeaseEnd): void {
    this.#giveBack(end)
  }

  /** Gives it back unused; after `settle` it does nothing. */
  [Symbol.dispose](): void {
    this.#giveBack(undefined)
  }

  #giveBack(end: LeaseEnd | undefined): void {
    if (!this.#isOut) return
    this.#isOut = false
    this.#member.leases--
    this.#whenEnded(this.#member.upstream, end)
  }
}
