import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { NewRequestRow } from '../store/schema.ts'

/** Rows kept while the database does not answer; beyond it the oldest are dropped and counted. */
const MAX_WAITING_ROWS = 100_000

/**
 * Rows that are written before their time has come. Rows that wait outlive the young generation's collections, each of
 * which copies them: at thousands of requests a second that costs more than writing them.
 */
const FLUSH_ROWS = 256

/** Rows in one transaction: what one failure puts back. */
const MAX_BATCH_ROWS = 4_096

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
  #dropped = 0
  /** The last write failed: the next try is the timer's, not the next row's. */
  #isFailing = false
  #unnamedSecond = 0
  #unnamedRows = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#timer = options.clock.every(options.flushMs, () => void this.flush())
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
      this.#dropped++
    }
    if (this.#waiting.push(row) >= FLUSH_ROWS && !this.#isFailing) void this.flush()
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
  }

  async #write(): Promise<void> {
    const rows = this.#waiting
    if (rows.length === 0) return
    this.#waiting = []
    for (let from = 0; from < rows.length; from += MAX_BATCH_ROWS) {
      const batch = rows.slice(from, from + MAX_BATCH_ROWS)
      try {
        await this.#options.insert(batch)
        this.#isFailing = false
      } catch (error) {
        this.#isFailing = true
        this.#putBack(rows.slice(from))
        this.#options.log.error({ err: error, rows: rows.length - from }, 'requests.unwritten')
        return
      }
      this.#tell(batch)
    }
    if (this.#dropped > 0) {
      this.#options.log.error({ rows: this.#dropped }, 'requests.dropped')
      this.#dropped = 0
    }
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
    this.#dropped += Math.max(0, all.length - MAX_WAITING_ROWS)
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
