import { Allowance, type Rate } from '../core/allowance.ts'
import type { Clock } from '../core/clock.ts'
import type { ServedRequest } from './local-server.ts'

/** Requests that are told one by one; beyond them they are only counted: what is told ends on a disk. */
const TOLD_REQUESTS: Rate = { burst: 200, perSecond: 20 }
/** How often those that were only counted are told of, milliseconds. */
const COUNTED_MS = 10_000

/** Requests of which nothing was told but their number. */
export interface FoldedCount {
  readonly requests: number
  /** Those of them that did not end well. */
  readonly failed: number
}

/** Tells of requests that are over: of each where they come as a few people make them, and else how many there were. */
export class FoldedRequests implements Disposable {
  readonly #clock: Clock
  readonly #tell: (request: ServedRequest) => void
  readonly #tellCount: (count: FoldedCount) => void
  readonly #allowance: Allowance
  #requests = 0
  #failed = 0
  #timer: Disposable | undefined

  constructor(options: {
    readonly clock: Clock
    readonly tell: (request: ServedRequest) => void
    readonly tellCount: (count: FoldedCount) => void
  }) {
    this.#clock = options.clock
    this.#tell = options.tell
    this.#tellCount = options.tellCount
    this.#allowance = new Allowance(TOLD_REQUESTS, options.clock)
  }

  note(request: ServedRequest): void {
    // While some are counted all are, so that what is told keeps its order.
    if (this.#timer === undefined && this.#allowance.take(1)) {
      this.#tell(request)
      return
    }
    this.#requests++
    if (request.error !== undefined) this.#failed++
    this.#timer ??= this.#clock.after(COUNTED_MS, () => this.#flush())
  }

  /** Tells of those that were counted. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#flush()
  }

  #flush(): void {
    this.#timer = undefined
    if (this.#requests > 0) this.#tellCount({ requests: this.#requests, failed: this.#failed })
    this.#requests = 0
    this.#failed = 0
  }
}
