import type { Clock } from '../../core/clock.ts'
import { randomId } from '../../core/id.ts'
import type { Logger } from '../../core/log.ts'
import type { OpenRequestRepository } from '../store/open-request-repository.ts'
import type { NewRequestRow } from '../store/schema.ts'

/** How long an exchange runs before it is noted, and how often its note is renewed: what a killed gateway loses of it. */
const NOTE_EVERY_MS = 60_000
/** A gateway that has renewed no note for so long is gone. */
const GONE_AFTER_MS = 5 * NOTE_EVERY_MS

export interface OpenRequestsOptions {
  readonly notes: OpenRequestRepository
  /** No other gateway can have the database: notes of another process are those of one that is gone. */
  readonly isAlone: boolean
  /** The exchanges that have run for so long, as they are to stand if this gateway is killed. */
  readonly running: (forMs: number) => readonly NewRequestRow[]
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Keeps a note in the database of every exchange that runs for longer than a minute, as its row is written only at its
 * end; the notes of a gateway that was killed become rows. `start` once, `close` after the last row.
 */
export class OpenRequests {
  readonly #options: OpenRequestsOptions
  /** Of this process: after a restart the notes of the one before are another's. */
  readonly #gateway = randomId(20)
  readonly #noted = new Set<string>()
  #timer: Disposable | undefined
  /** Rows and notes are written one after the other: a note that came after its row would stay. */
  #writing: Promise<void> = Promise.resolve()

  constructor(options: OpenRequestsOptions) {
    this.#options = options
  }

  /** Takes over what gateways that are gone have left; from then on exchanges are noted. Never rejects. */
  async start(): Promise<void> {
    const { isAlone, clock } = this.#options
    this.#timer = clock.every(NOTE_EVERY_MS, () => void this.#look())
    await this.#takeOver(isAlone ? Number.MAX_SAFE_INTEGER : clock.now() - GONE_AFTER_MS)
  }

  /** Stores rows of exchanges that are over, all or none, and removes their notes with it. */
  insert(rows: readonly NewRequestRow[]): Promise<void> {
    return this.#inTurn(async () => {
      const noted = this.#noted.size === 0 ? [] : rows.filter(({ id }) => this.#noted.has(id)).map(({ id }) => id)
      await this.#options.notes.close(rows, noted)
      for (const id of noted) this.#noted.delete(id)
    })
  }

  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    await this.#writing
  }

  async #look(): Promise<void> {
    const { notes, running, clock, log } = this.#options
    try {
      await this.#inTurn(async () => {
        const rows = running(NOTE_EVERY_MS)
        if (rows.length === 0) return
        for (const { id } of rows) this.#noted.add(id)
        await notes.note(this.#gateway, rows, clock.now())
      })
    } catch (error) {
      log.warn({ err: error }, 'requests.unnoted')
    }
    if (!this.#options.isAlone) await this.#takeOver(clock.now() - GONE_AFTER_MS)
  }

  async #takeOver(before: number): Promise<void> {
    const { notes, log } = this.#options
    try {
      const { rows, forged } = await notes.takeOver(this.#gateway, before)
      if (rows > 0) log.warn({ rows }, 'requests.taken_over')
      if (forged > 0) log.error({ notes: forged }, 'requests.forged_notes')
    } catch (error) {
      log.warn({ err: error }, 'requests.not_taken_over')
    }
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const writing = this.#writing.then(write)
    this.#writing = writing.catch(() => {})
    return writing
  }
}
