import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { UpstreamFailure } from '../../core/upstream-failure.ts'
import { upstreamError } from '../../servers/failure.ts'
import { askLoaded } from '../../servers/loaded-listing.ts'
import type { CatalogueModel } from '../../servers/server.ts'
import { askFewAtATime, PATIENCE_MS, waitAtMost } from './patience.ts'
import type { Upstream } from './upstream.ts'

/** How long an upstream may take to say which models it has loaded. */
const LOADED_TIMEOUT_MS = 5_000

interface Question {
  readonly atMs: number
  readonly answer: Promise<void>
}

/** What upstreams have in memory, as they tell it when they are asked: no catalogue holds that. */
export class LoadedModels {
  readonly #clock: Clock
  /** What each told last; none of one that failed to. */
  readonly #told = new WeakMap<Upstream, readonly CatalogueModel[]>()
  /** Why those could not be asked that the gateway had no open file for. */
  readonly #unasked = new WeakMap<Upstream, PunkuError>()
  readonly #asking = new Map<Upstream, Question>()

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock
  }

  /**
   * Asks each that is not being asked, a few at a time, and gives what each told. One that has been silent for a second
   * is not waited for: what it told before stands for it. Left out are those that have told nothing. Throws `overloaded`
   * where none has, and the gateway itself could not ask.
   */
  async of(upstreams: readonly Upstream[]): Promise<readonly (readonly [Upstream, readonly CatalogueModel[]])[]> {
    const asking = askFewAtATime(this.#clock, upstreams, (upstream) => this.#hear(upstream))
    await waitAtMost(this.#clock, PATIENCE_MS, asking)
    const all = upstreams.flatMap((upstream) => {
      const told = this.#told.get(upstream)
      return told === undefined ? [] : [[upstream, told] as const]
    })
    const unasked = upstreams.map((upstream) => this.#unasked.get(upstream)).find((error) => error !== undefined)
    if (all.length === 0 && unasked !== undefined) throw unasked
    return all
  }

  #hear(upstream: Upstream): Promise<void> {
    let question = this.#asking.get(upstream)
    if (question === undefined) {
      const answer = this.#ask(upstream).finally(() => this.#asking.delete(upstream))
      question = { atMs: this.#clock.elapsed(), answer }
      this.#asking.set(upstream, question)
    }
    return waitAtMost(this.#clock, question.atMs + PATIENCE_MS - this.#clock.elapsed(), question.answer)
  }

  async #ask(upstream: Upstream): Promise<void> {
    const limit = new AbortController()
    using _timer = this.#clock.after(LOADED_TIMEOUT_MS, () => limit.abort())
    try {
      const loaded = await askLoaded(upstream.way, upstream.known, limit.signal)
      if (loaded === undefined) this.#told.delete(upstream)
      else this.#told.set(upstream, loaded)
      this.#unasked.delete(upstream)
    } catch (error) {
      // What it told before stands.
      this.#unasked.set(upstream, PunkuError.from(error instanceof UpstreamFailure ? upstreamError(error) : error))
    }
  }
}
