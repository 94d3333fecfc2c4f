import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { NewRequestRow } from '../store/schema.ts'
import { storeTroubleOf } from '../store/store-error.ts'
import type { Troubles } from './troubles.ts'

/** Rows kept while the database does not answer; beyond it the oldest are dropped and counted. */
const MAX_WAITING_ROWS = 100_000

/**
 * Rows that are written before their time has come. Rows that wait outlive the young generation's collections, each of
 * which copies them: at thousands of requests a second that costs more than writing them.
 */
const FLUSH_ROWS = 256

/** Rows in one transaction: what one failure puts back, and what is made text in one go on the event loop. */
const MAX_BATCH_ROWS = 1_024

/**
 * Requests nobody could be named for that get a row per second. All are counted in the metrics; the rows are bounded
 * so that a stranger cannot fill the disk.
 */
const UNNAMED_ROWS_PER_SECOND = 20

export interface RecorderOptions {
  readonly insert: (rows: readonly NewRequestRow[]) => Promise<void>
  /** How long a row may wait before it is written, milliseconds. It bounds what a killed process loses. */
  readonly flushMs: number
  readonly clock: Clock
  readonly log: Logger
  readonly troubles: Troubles
}

/** Told of rows once they are committed. What it throws is logged. */
export type RowsListener = (rows: readonly NewRequestRow[]) => void

/** Writes request rows in batches, off the hot path. `close()` writes what is left. */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #timer: Disposable
  readonly #listeners: RowsListener[] = []
  #waiting: NewRequestRow[] = []
  #writing: Promise<void> | undefined
  /** Rows that are being written. */
  #writingCount = 0
  #droppedCount = 0
  /** Of the last write: the next try is the timer's then, not the next row's. */
  #failure: unknown
  #unnamedSecond = 0
  #unnamedRows = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#timer = options.clock.every(options.flushMs, () => void this.flush())
  }

  /** Rows that are not in the database yet. */
  get unwrittenCount(): number {
    return this.#waiting.length + this.#writingCount
  }

  /** Rows that were given up since the start, as too many waited. */
  get droppedCount(): number {
    return this.#droppedCount
  }

  /** Why the last write failed; `undefined`: it did not. */
  get failure(): unknown {
    return this.#failure
  }

  /** Adds a listener for rows that are written. */
  onWritten(listener: RowsListener): void {
    this.#listeners.push(listener)
  }

  /** Takes one row; returns at once. */
  record(row: NewRequestRow): void {
    if (row.key_id === null && !this.#admitsUnnamed(row.at)) return
    if (this.#waiting.length >= MAX_WAITING_ROWS) {
      this.#waiting.shift()
      this.#droppedCount++
    }
    if (this.#waiting.push(row) >= FLUSH_ROWS && this.#failure === undefined) void this.flush()
  }

  /** Writes all waiting rows; resolves when they are committed or have failed and been put back. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async close(): Promise<void> {
    this.#timer[Symbol.dispose]()
    await this.flush()
    await this.flush()
    if (this.unwrittenCount > 0) this.#options.log.error({ rows: this.unwrittenCount }, 'requests.lost')
  }

  async #write(): Promise<void> {
    const rows = this.#waiting
    if (rows.length === 0) return
    this.#waiting = []
    for (let from = 0; from < rows.length; from += MAX_BATCH_ROWS) {
      const batch = rows.slice(from, from + MAX_BATCH_ROWS)
      this.#writingCount = rows.length - from
      try {
        await this.#options.insert(batch)
        this.#failure = undefined
        this.#options.troubles.over('requests_unwritten')
      } catch (error) {
        this.#failure = error
        this.#writingCount = 0
        this.#putBack(rows.slice(from))
        this.#tellUnwritten(error)
        return
      }
      this.#tell(batch)
    }
    this.#writingCount = 0
  }

  #tellUnwritten(error: unknown): void {
    const rows = this.unwrittenCount
    const given = this.#droppedCount === 0 ? '' : ` ${this.#droppedCount} were given up.`
    const reason = storeTroubleOf(error) ?? 'it failed; the log has the error'
    const text = `The database takes no rows of requests, because ${reason}; ${rows} wait in memory and are tried again.${given}`
    this.#options.troubles.tell({ kind: 'requests_unwritten', text, detail: { err: error, rows } })
  }

  #tell(rows: readonly NewRequestRow[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(rows)
      } catch (error) {
        this.#options.log.error({ err: error }, 'written rows could not be told')
      }
    }
  }

  #putBack(rows: NewRequestRow[]): void {
    const all = rows.concat(this.#waiting)
    this.#droppedCount += Math.max(0, all.length - MAX_WAITING_ROWS)
    this.#waiting = all.slice(-MAX_WAITING_ROWS)
  }

  #admitsUnnamed(at: number): boolean {
    const second = Math.floor(at / 1_000)
    if (second !== this.#unnamedSecond) {
      this.#unnamedSecond = second
      this.#unnamedRows = 0
    }
    return ++this.#unnamedRows <= UNNAMED_ROWS_PER_SECOND
  }
}
