import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'

const WRITE_INTERVAL_MS = 30_000

export interface DeferredWritesOptions<Value> {
  /** Stores the values by id, all at once. */
  readonly write: (values: ReadonlyMap<string, Value>) => Promise<void>
  /** What is said, once, while they cannot be stored. */
  readonly failure: string
  readonly clock: Clock
  readonly log: Logger
}

/**
 * What is known at once and stored now and then, such as when a key was last used: of each id the last value, every
 * half minute and at the end. While the store is away it is kept, for as long as the process lives.
 */
export class DeferredWrites<Value> {
  readonly #options: DeferredWritesOptions<Value>
  #unwritten = new Map<string, Value>()
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown
  #timer: Disposable | undefined

  constructor(options: DeferredWritesOptions<Value>) {
    this.#options = options
  }

  /** Ids whose value is not stored yet. */
  get unwrittenCount(): number {
    return this.#unwritten.size
  }

  /** Why the last write failed; `undefined`: it did not. */
  get failure(): unknown {
    return this.#failure
  }

  /** Writes now and then, until `close`. */
  start(): void {
    this.#timer = this.#options.clock.every(WRITE_INTERVAL_MS, () => {
      this.#writing = this.#writing.then(() => this.#tryToWrite())
    })
  }

  /** Writes what is left. What cannot be stored then is lost, and the log says so. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await this.#writing
    await this.#tryToWrite()
  }

  set(id: string, value: Value): void {
    this.#unwritten.set(id, value)
  }

  async #tryToWrite(): Promise<void> {
    try {
      await this.#write()
      this.#failure = undefined
    } catch (error) {
      // Said once, not twice a minute.
      if (this.#failure === undefined) this.#options.log.error({ err: error }, this.#options.failure)
      this.#failure = error
    }
  }

  async #write(): Promise<void> {
    const values = this.#unwritten
    if (values.size === 0) return
    this.#unwritten = new Map()
    try {
      await this.#options.write(values)
    } catch (error) {
      // What came in meanwhile is newer.
      this.#unwritten = new Map([...values, ...this.#unwritten])
      throw error
    }
  }
}
