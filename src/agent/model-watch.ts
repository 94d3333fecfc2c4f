import type { Clock } from '../core/clock.ts'
import type { ServerKnowledge } from '../servers/server-knowledge.ts'

/** A model server that is up is asked every minute, one that is not every 5 s. */
const ROUND_MS = 5_000
const UP_ROUNDS = 12

/** What is known of the model server beside an agent. */
export interface LocalModels {
  /** Host, port and base path. */
  readonly id: string
  readonly state: 'unprobed' | 'up' | 'down'
  /** Why it is down, for people. Empty when up. */
  readonly reason: string
  /** `undefined` until it has answered once. */
  readonly server: string | undefined
  readonly version: string | undefined
  /** As the server spells them, sorted; `undefined` until it has told of them. */
  readonly models: readonly string[] | undefined
}

export interface ModelWatchOptions {
  /** Host, port and base path of the server. */
  readonly id: string
  /** Whoever made it ends it. */
  readonly server: Pick<ServerKnowledge, 'health' | 'server' | 'version' | 'models' | 'refresh'>
  readonly clock: Clock
  /** Called when what is known has changed, after the first look. */
  readonly onChange: (known: LocalModels) => void
}

/** Looks again and again at the model server beside an agent. Disposing it ends that. */
export class ModelWatch implements Disposable {
  readonly #options: ModelWatchOptions
  #timer: Disposable | undefined
  #round = 0
  #last = ''

  constructor(options: ModelWatchOptions) {
    this.#options = options
  }

  /** What is known now. */
  get known(): LocalModels {
    const { id, server: knowledge } = this.#options
    const { health, server, version, models } = knowledge
    return { id, state: health.state, reason: health.reason, server, version, models: models?.map((m) => m.id).sort() }
  }

  /** Resolves when the server was asked once, 10 s at most; from then on it is watched. */
  async start(): Promise<void> {
    await this.#options.server.refresh()
    this.#last = JSON.stringify(this.known)
    this.#timer = this.#options.clock.every(ROUND_MS, () => void this.#look())
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    const { server, onChange } = this.#options
    this.#round++
    if (server.health.state === 'up' && this.#round % UP_ROUNDS !== 0) return
    await server.refresh()
    const { known } = this
    const text = JSON.stringify(known)
    if (text === this.#last || this.#timer === undefined) return
    this.#last = text
    onChange(known)
  }
}
