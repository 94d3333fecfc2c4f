import type { Clock } from '../core/clock.ts'
import { asObject, type JsonObject } from '../formats/json-facts.ts'
import { readCatalogue } from './catalogue.ts'
import { askJson, type JsonQuestion } from './json-answer.ts'
import type { DetailQuestion, LoadedQuestion } from './known/model-server.ts'
import { modelServer, type ServerName } from './known/model-servers.ts'
import { joinFacts, type ModelFacts } from './model-facts.ts'
import type { CatalogueModel, ServerWay } from './server.ts'

/** One round of questions ends here, whatever was not answered. */
const ROUND_LIMIT_MS = 20_000
const MAX_QUESTIONS_AT_ONCE = 4
/** The longest answer about one model: licence, template and the names of all tensors make tens of KiB. */
const MAX_DETAIL_BYTES = 2 * 1_024 * 1_024
/** A question that failed is not asked again sooner: full rounds are further apart, listings for clients are not. */
const RETRY_MS = 20_000

export interface ModelDetailsOptions {
  readonly way: ServerWay
  readonly clock: Clock
  /** Called whenever `complete` would tell something new. */
  readonly onChange: () => void
}

interface Round {
  /** Nobody wants the answers any more. */
  readonly gone: AbortSignal
  /** The same, or the time is up. */
  readonly over: AbortSignal
  /** Monotonic. */
  readonly startedAtMs: number
}

interface Detail {
  /** The listing entry that it was asked for. */
  readonly stamp: string
  /** `undefined`: the question failed. */
  readonly facts: ModelFacts | undefined
  /** When its round began, monotonic. */
  readonly askedAtMs: number
}

/**
 * What a server tells of its models beyond its listing, by the `details` and `loaded` of its `ModelServer`. A model is asked about once, and again when its listing entry changes; what is loaded is asked each time.
 */
export class ModelDetails {
  readonly #way: ServerWay
  readonly #clock: Clock
  readonly #onChange: () => void
  /** By canonical name. */
  readonly #details = new Map<string, Detail>()
  /** By canonical name; `undefined`: the server does not tell. */
  #loaded: ReadonlyMap<string, ModelFacts> | undefined

  constructor({ way, clock, onChange }: ModelDetailsOptions) {
    this.#way = way
    this.#clock = clock
    this.#onChange = onChange
  }

  /** The models of a listing with all that is known of them. */
  complete(models: readonly CatalogueModel[]): readonly CatalogueModel[] {
    return models.map((model) => {
      const detail = this.#details.get(model.canonical)
      const asked = detail?.stamp === stampOf(model) ? detail.facts : undefined
      return { ...model, ...joinFacts(this.#loadedFactsOf(model), joinFacts(asked ?? {}, model)) }
    })
  }

  /**
   * Asks what is not known yet of the models of the newest listing; what fails stays unknown. Takes 20 s at most, ends
   * at once with `signal`, never rejects.
   */
  async read(server: ServerName, models: readonly CatalogueModel[], signal: AbortSignal): Promise<void> {
    this.#forgetAllBut(models)
    const limit = new AbortController()
    using _timer = this.#clock.after(ROUND_LIMIT_MS, () => limit.abort())
    const over = AbortSignal.any([signal, limit.signal])
    const round: Round = { gone: signal, over, startedAtMs: this.#clock.elapsed() }
    const { loaded, details } = modelServer(server)
    await Promise.all([
      loaded && this.#readLoaded(loaded, round),
      details && this.#readEach(details.askable(models), details, round),
    ])
  }

  #loadedFactsOf({ canonical, isCloud }: CatalogueModel): ModelFacts {
    if (this.#loaded === undefined || isCloud) return {}
    return this.#loaded.get(canonical) ?? { isLoaded: false }
  }

  async #readLoaded({ path, entriesIn, factsIn }: LoadedQuestion, round: Round): Promise<void> {
    const answer = await this.#ask({ path }, round)
    if (round.gone.aborted) return
    const entries = answer && entriesIn(answer)
    this.#loaded = entries && new Map(readCatalogue(entries).map(({ canonical, entry }) => [canonical, factsIn(entry)]))
    this.#onChange()
  }

  async #readEach(models: readonly CatalogueModel[], details: DetailQuestion, round: Round): Promise<void> {
    const waiting = this.#due(models, round).values()
    const askOneByOne = async (): Promise<void> => {
      for (const model of waiting) {
        const answer = await this.#ask(details.of(model), round)
        if (round.gone.aborted) return
        const facts = answer === undefined ? undefined : details.factsIn(answer)
        this.#details.set(model.canonical, { stamp: stampOf(model), facts, askedAtMs: round.startedAtMs })
        if (facts !== undefined) this.#onChange()
        if (round.over.aborted) return
      }
    }
    await Promise.all(Array.from({ length: MAX_QUESTIONS_AT_ONCE }, askOneByOne))
  }

  /** The models to ask about. Those that failed come last, so that a few that never answer cannot hold up the rest. */
  #due(models: readonly CatalogueModel[], { startedAtMs }: Round): readonly CatalogueModel[] {
    const fresh: CatalogueModel[] = []
    const failed: CatalogueModel[] = []
    for (const model of models) {
      const detail = this.#details.get(model.canonical)
      if (detail?.stamp !== stampOf(model)) fresh.push(model)
      else if (detail.facts === undefined && startedAtMs - detail.askedAtMs >= RETRY_MS) failed.push(model)
    }
    return [...fresh, ...failed]
  }

  async #ask(question: Pick<JsonQuestion, 'path' | 'body'>, { over }: Round): Promise<JsonObject | undefined> {
    try {
      const answer = await askJson(this.#way, { ...question, maxBytes: MAX_DETAIL_BYTES, signal: over })
      return answer.statusCode === 200 ? asObject(answer.json) : undefined
    } catch {
      // The next probe says what is wrong, if it lasts.
      return undefined
    }
  }

  #forgetAllBut(models: readonly CatalogueModel[]): void {
    const names = new Set(models.map(({ canonical }) => canonical))
    for (const name of this.#details.keys()) if (!names.has(name)) this.#details.delete(name)
  }
}

/** Changes whenever the server's own entry does, but for `created`, where llama-server writes the time of the question. */
function stampOf({ entry }: CatalogueModel): string {
  return JSON.stringify({ ...entry, created: undefined })
}
