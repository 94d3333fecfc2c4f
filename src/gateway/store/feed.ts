import type { Selectable } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import type { ChangeTable, Noun } from './change-table.ts'
import type { OpenDatabase } from './database.ts'

/** How often the store is asked for changes: twice within the second in which a revocation has to bite. */
const POLL_INTERVAL_MS = 500
/** Marks that are read, and told, in one turn of the event loop. */
const PAGE_MARKS = 100

export interface FeedOptions {
  readonly database: Pick<OpenDatabase, 'db'>
  readonly clock: Clock
  /** Told once when the store cannot be read any more, with the error, and without one when it can again. */
  readonly reached?: (error?: unknown) => void
}

/** Who follows the things of a noun. Rejects where the store cannot be read: then it is called again later. */
export interface Follower {
  /** The things of these ids are others now, or gone. */
  changed(ids: readonly string[]): Promise<void>
  /** Any of them may be another, or gone: which ones is not known any more. */
  reload(): Promise<void>
}

type Mark = Selectable<ChangeTable>

/**
 * Tells what changes in the store, whichever process changes it: within a second, and at the same cost however much the
 * store holds. While the store is away nothing is told, and all of it afterwards. Before `start` and after `close` nothing
 * is told either.
 */
export class Feed {
  readonly #options: FeedOptions
  readonly #followers: { readonly noun: Noun; readonly follower: Follower }[] = []
  /** The last change that was told; `undefined`: there was none ever. */
  #last: Mark | undefined
  #reading: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | undefined
  #isStoreAway = false
  #timer: Disposable | undefined

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Adds a follower of a noun. Several of one noun are told one after the other. */
  follow(noun: Noun, follower: Follower): void {
    this.#followers.push({ noun, follower })
  }

  /**
   * Tells what changes from now on, until `close`. What changes while `load` reads is told once it has: nothing is
   * missed, and nothing older is put over it. Rejects when the store cannot be read, or as `load` does.
   */
  async start(load: () => Promise<void> = async () => {}): Promise<void> {
    this.#last = await this.#newest()
    this.#timer = this.#options.clock.every(POLL_INTERVAL_MS, () => void this.#poll())
    try {
      this.#reading = load()
      await this.#reading
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Resolves when nothing is told any more. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    await this.#waiting?.catch(() => {})
    await this.#reading.catch(() => {})
  }

  /** Resolves when all changes that were stored before the call were told; rejects when the store cannot be read. */
  async refresh(): Promise<void> {
    if (this.#timer === undefined) return
    // All who ask while one reads are answered by the next one.
    this.#waiting ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#waiting = undefined
        this.#reading = this.#read()
        return this.#reading
      })
    await this.#waiting
  }

  async #read(): Promise<void> {
    for (;;) {
      const marks = await this.#options.database.db
        .selectFrom('changes')
        .selectAll()
        // With the last one that was told: where that is gone, or another, marks after it may be gone too.
        .where('seq', '>=', this.#last?.seq ?? 0)
        .orderBy('seq')
        .limit(PAGE_MARKS)
        .execute()
      if (!follows(marks[0], this.#last)) return await this.#reload()
      await this.#tell(this.#last === undefined ? marks : marks.slice(1))
      this.#last = marks.at(-1)
      if (marks.length < PAGE_MARKS) return
      await new Promise<void>((resolve) => this.#options.clock.turn(resolve))
    }
  }

  async #tell(marks: readonly Mark[]): Promise<void> {
    if (marks.length === 0) return
    const byNoun = Map.groupBy(marks, ({ noun }) => noun)
    for (const { noun, follower } of this.#followers) {
      const ids = byNoun.get(noun)?.map(({ thing_id }) => thing_id)
      if (ids !== undefined) await follower.changed([...new Set(ids)])
    }
  }

  async #reload(): Promise<void> {
    const newest = await this.#newest()
    for (const { follower } of this.#followers) await follower.reload()
    this.#last = newest
  }

  async #newest(): Promise<Mark | undefined> {
    return await this.#options.database.db
      .selectFrom('changes')
      .selectAll()
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst()
  }

  async #poll(): Promise<void> {
    // One that reads already, or is about to, tells all there is; what comes after it waits for the next time.
    if (this.#waiting !== undefined) return
    const { reached } = this.#options
    try {
      await this.refresh()
      if (this.#isStoreAway) reached?.()
      this.#isStoreAway = false
    } catch (error) {
      // Once, not twice a second.
      if (!this.#isStoreAway) reached?.(error)
      this.#isStoreAway = true
    }
  }
}

/** Whether marks that begin so hold all that came after the last one told. */
function follows(first: Mark | undefined, last: Mark | undefined): boolean {
  if (last === undefined) return first === undefined || first.seq === 1
  return first?.seq === last.seq && first.noun === last.noun && first.thing_id === last.thing_id
}
