import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import { type EndedKind, endedName, revokedUnstored } from './unstored-words.ts'

const RETRY_INTERVAL_MS = 5_000
/** How long an ending may take to be stored before it takes effect here. */
const EFFECT_AFTER_MS = 500

export interface UnstoredOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Told which there are, `key 66tqn02gq0`, whenever that has changed. Default: nobody is. */
  readonly changed?: (names: readonly string[]) => void
}

/** Something that is ended, and how. */
export interface Ending<T> {
  readonly what: EndedKind
  /** Stores it; again until it is. `id` is what `here` gave, where it took effect before. */
  readonly store: (id?: string) => Promise<T>
  /** Lets it take effect in this process, which may be asked for again; the id of what it ended. */
  readonly here: () => string | undefined
  /** It is stored, or refused: what `here` keeps is needed no more. Default: it keeps nothing. */
  readonly over?: () => void
}

/** One that is to be stored yet. */
interface Waiting {
  readonly store: () => Promise<unknown>
  readonly over: (() => void) | undefined
}

/**
 * Changes that have taken effect in this process and could not be stored. Each is tried again until it is, or a rule
 * refuses it. What is left at the end is lost, and the log names it.
 */
export class Unstored {
  readonly #options: UnstoredOptions
  readonly #changes = new Map<string, Waiting>()
  #timer: Disposable | undefined
  #isTrying = false
  #failure: unknown

  constructor(options: UnstoredOptions) {
    this.#options = options
  }

  /** How many there are. */
  get count(): number {
    return this.#changes.size
  }

  /**
   * Ends something. Where that cannot be stored, or not soon, it takes effect here all the same. Rejects with
   * `revoked_unstored` where it could not be stored.
   */
  async revoke<T>({ what, store, here, over }: Ending<T>): Promise<T> {
    // A store that is slow to answer, behind a lock or others' changes, is not waited for.
    using _soon = this.#options.clock.after(EFFECT_AFTER_MS, here)
    try {
      const stored = await store()
      over?.()
      return stored
    } catch (error) {
      const id = error instanceof PunkuError && error.code === 'store_unavailable' ? here() : undefined
      if (id === undefined) {
        over?.()
        throw error
      }
      this.#add(endedName(what, id), { store: () => store(id), over })
      throw revokedUnstored(what, error)
    }
  }

  /** Adds one, in place of an earlier one of that name. */
  #add(name: string, change: Waiting): void {
    this.#changes.set(name, change)
    this.#tell()
    this.#timer ??= this.#options.clock.every(RETRY_INTERVAL_MS, () => void this.#try())
  }

  /** Tries once more, and gives up what is left. */
  async close(): Promise<void> {
    this.#rest()
    await this.#try()
    if (this.#changes.size > 0) this.#options.log.error({ revoked: this.names }, 'revocations.lost')
  }

  /** Why the last try failed. */
  get failure(): unknown {
    return this.#failure
  }

  /** Which there are, `key 66tqn02gq0`. */
  get names(): readonly string[] {
    return [...this.#changes.keys()]
  }

  #tell(): void {
    this.#options.changed?.(this.names)
  }

  #rest(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  async #try(): Promise<void> {
    if (this.#isTrying) return
    this.#isTrying = true
    for (const [name, { store, over }] of [...this.#changes]) {
      if (!(await this.#isDone(name, store))) break
      over?.()
      this.#changes.delete(name)
      this.#tell()
    }
    this.#isTrying = false
    if (this.#changes.size === 0) this.#rest()
  }

  async #isDone(name: string, store: () => Promise<unknown>): Promise<boolean> {
    const { log } = this.#options
    try {
      await store()
      log.info({ change: name }, 'a change that could not be stored is stored now')
      return true
    } catch (error) {
      this.#failure = error instanceof PunkuError ? error.cause : error
      // The others wait for the same database.
      if (!(error instanceof PunkuError) || error.code === 'store_unavailable') return false
      log.warn({ err: error, change: name }, 'a change that took effect here was refused when it could be stored')
      return true
    }
  }
}
