import type { Clock } from '../../core/clock.ts'
import { askFewAtATime, MAX_ASKED_AT_ONCE, PATIENCE_MS, waitAtMost } from './patience.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamRegistry } from './upstream-registry.ts'

/** How often one that is up is asked. */
const UP_INTERVAL_MS = 30_000
/** How often one that is not is asked, and so when it is worth asking for it again. */
export const DOWN_INTERVAL_MS = 5_000
/** How often it is looked who is due: questions are late by at most this much. */
const TICK_MS = 250
/** How often one is asked again for what it did not have: requests for it must not become a stream of listings. */
export const MISS_INTERVAL_MS = 2_000
/** What was heard of an upstream for less than this is taken for how it is, where it is shown. */
export const FRESH_MS = 2_000

/** How long a start waits for those that are silent: half a program that hangs must not hold it up. */
const START_PATIENCE_MS = 2_000

interface Due {
  readonly upstream: Upstream
  readonly atMs: number
}

/**
 * Keeps what is known of the upstreams fresh: asks each at once when it comes, then every 30 s, or every 5 s while it is
 * down, a few at a time. `start` once all that is there from the beginning was added; `close` ends it.
 */
export class UpstreamRefresher {
  readonly #registry: UpstreamRegistry
  readonly #clock: Clock
  /** Each in the order in which they fall due: all of a queue wait equally long. */
  readonly #up: Due[] = []
  readonly #down: Due[] = []
  /** Those that are asked before any of them, in the order in which they came. */
  readonly #soon = new Set<Upstream>()
  /** When each was last asked, monotonic milliseconds. */
  readonly #askedAtMs = new WeakMap<Upstream, number>()
  readonly #asking = new Map<Upstream, Promise<void>>()
  /** What is known of these counts no more: each is asked again. */
  readonly #renewing = new Map<Upstream, Promise<void>>()
  /** Questions that others wait behind: those that run, but for the ones that have been silent for long. */
  #placesTaken = 0
  #timer: Disposable | undefined

  constructor({ registry, clock }: { readonly registry: UpstreamRegistry; readonly clock: Clock }) {
    this.#registry = registry
    this.#clock = clock
    registry.changes.listen((upstream) => {
      // One that is unprobed has a new way to it, and is being asked: from then on it is waited for.
      const isDue = !this.#askedAtMs.has(upstream) || upstream.known.health.state === 'unprobed'
      if (isDue && this.#isFollowed(upstream)) void this.#ask(upstream)
    })
  }

  /**
   * Asks all that are there, and resolves when each has answered or failed to, or after 2 s: what is silent then is waited
   * for behind. They are followed from the beginning.
   */
  async start(): Promise<void> {
    this.#timer ??= this.#clock.every(TICK_MS, () => this.#askDue())
    const asked = askFewAtATime(this.#clock, this.#registry.all(), (upstream) => this.#ask(upstream))
    await waitAtMost(this.#clock, START_PATIENCE_MS, asked)
  }

  close(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#up.length = 0
    this.#down.length = 0
    this.#soon.clear()
  }

  /** Asks an upstream in which somebody did not find what they looked for, or could not reach; at most every 2 s. */
  askOnMiss(upstream: Upstream): Promise<void> {
    // One that is unprobed has a new way to it since, and is being asked at this moment.
    const isUnprobed = upstream.known.health.state === 'unprobed'
    const askedAtMs = this.#askedAtMs.get(upstream) ?? Number.NEGATIVE_INFINITY
    const isRecent = !isUnprobed && this.#clock.elapsed() - askedAtMs < MISS_INTERVAL_MS
    return isRecent ? (this.#asking.get(upstream) ?? Promise.resolve()) : this.#ask(upstream)
  }

  /**
   * Asks each as `askOnMiss` does, a few at a time. Resolves when all have answered, or a second later as soon as one
   * has: while others answer, nobody waits for one that hangs.
   */
  async askEachOnMiss(upstreams: Iterable<Upstream>): Promise<void> {
    const { promise: first, resolve } = Promise.withResolvers<void>()
    const all = askFewAtATime(this.#clock, upstreams, async (upstream) => {
      await this.askOnMiss(upstream)
      if (upstream.known.health.state === 'up') resolve()
    })
    await waitAtMost(this.#clock, PATIENCE_MS, all)
    await Promise.race([all, first])
  }

  /** Has each asked that is not being asked, a few at a time; nobody waits for that. */
  askBehind(upstreams: Iterable<Upstream>): void {
    for (const upstream of upstreams) this.#soon.add(upstream)
    this.#askDue()
  }

  /** Asks each that is not being asked, a few at a time. Resolves when all have answered, but waits for none that has been silent for a second. */
  async hear(upstreams: Iterable<Upstream>): Promise<void> {
    const all = askFewAtATime(this.#clock, upstreams, async (upstream) => {
      const answer = this.#renewing.get(upstream) ?? this.#ask(upstream)
      const silentMs = this.#clock.elapsed() - (this.#askedAtMs.get(upstream) ?? 0)
      await waitAtMost(this.#clock, PATIENCE_MS - silentMs, answer)
    })
    await waitAtMost(this.#clock, PATIENCE_MS, all)
  }

  /** Asks each of which nothing was heard for 2 s, as `hear` does: what a person looks at is how it is now. */
  async freshen(upstreams: Iterable<Upstream>): Promise<void> {
    const now = this.#clock.now()
    await this.hear([...upstreams].filter(({ known }) => now - known.health.checkedAt > FRESH_MS))
  }

  /** A request has changed which models it has: it is asked again, also where it is being asked. Never rejects. */
  async renew(upstream: Upstream): Promise<void> {
    const before = this.#asking.get(upstream) ?? Promise.resolve()
    const renewing = before.then(() => (this.#isFollowed(upstream) ? this.#ask(upstream) : undefined))
    this.#renewing.set(upstream, renewing)
    await renewing
    if (this.#renewing.get(upstream) === renewing) this.#renewing.delete(upstream)
  }

  /** Whether it is being asked what a request has changed. */
  isRenewing(upstream: Upstream): boolean {
    return this.#renewing.has(upstream)
  }

  #isFollowed(upstream: Upstream): boolean {
    return this.#timer !== undefined && this.#isHere(upstream)
  }

  #isHere(upstream: Upstream): boolean {
    return this.#registry.get(upstream.id) === upstream
  }

  #askDue(): void {
    if (this.#timer === undefined) return
    for (const upstream of this.#soon) {
      if (this.#placesTaken >= MAX_ASKED_AT_ONCE) return
      this.#soon.delete(upstream)
      if (this.#isHere(upstream)) void this.#ask(upstream)
    }
    const now = this.#clock.elapsed()
    for (const queue of [this.#down, this.#up]) {
      while (this.#placesTaken < MAX_ASKED_AT_ONCE) {
        const [first] = queue
        if (first === undefined || first.atMs > now) break
        queue.shift()
        if (queue === this.#down && first.upstream.known.health.state === 'up') {
          // It came back on a new way, by which it was asked already.
          this.#up.push({ upstream: first.upstream, atMs: now + UP_INTERVAL_MS - DOWN_INTERVAL_MS })
          continue
        }
        // Asked for another reason meanwhile, it stands in a queue once more, further back.
        const isStale = (this.#askedAtMs.get(first.upstream) ?? 0) + intervalOf(queue === this.#up) > first.atMs
        if (!isStale && this.#isHere(first.upstream)) void this.#ask(first.upstream)
      }
    }
  }

  #ask(upstream: Upstream): Promise<void> {
    const running = this.#asking.get(upstream)
    if (running !== undefined) return running
    this.#askedAtMs.set(upstream, this.#clock.elapsed())
    const freePlace = this.#takePlace()
    const asking = upstream.refresh().finally(() => {
      this.#asking.delete(upstream)
      freePlace()
      if (!this.#isFollowed(upstream)) return
      const isUp = upstream.known.health.state === 'up'
      const queue = isUp ? this.#up : this.#down
      // From the answer on, so that the queue stays in the order in which they fall due.
      queue.push({ upstream, atMs: this.#clock.elapsed() + intervalOf(isUp) })
      // In a turn of its own: thousands without a link answer at once, and must not hold the loop together.
      this.#clock.turn(() => this.#askDue())
    })
    this.#asking.set(upstream, asking)
    return asking
  }

  /** A place among those that are asked at a time, until it is given back, or for a second: some may hang. */
  #takePlace(): () => void {
    this.#placesTaken++
    const free = () => {
      if (!isTaken) return
      isTaken = false
      this.#placesTaken--
      limit[Symbol.dispose]()
    }
    let isTaken = true
    const limit = this.#clock.after(PATIENCE_MS, free)
    return free
  }
}

function intervalOf(isUp: boolean): number {
  return isUp ? UP_INTERVAL_MS : DOWN_INTERVAL_MS
}
