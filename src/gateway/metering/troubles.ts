import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'

/**
 * Each kind of trouble with the name of its log line. `lasts`: it is over when it is told so, and not when it was not told
 * of for a while; the log then has its beginning and its end.
 */
const TROUBLES = {
  connections_refused: { event: 'connections.refused', lasts: false },
  connection_share_taken: { event: 'connections.share_taken', lasts: false },
  commands_refused: { event: 'commands.refused', lasts: false },
  pairings_full: { event: 'pairings.full', lasts: false },
  files_exhausted: { event: 'files.exhausted', lasts: false },
  loop_late: { event: 'loop.late', lasts: true },
  database_away: { event: 'database.away', lasts: true },
  database_file_lost: { event: 'database.file_lost', lasts: true },
  requests_unwritten: { event: 'requests.unwritten', lasts: true },
  revocations_unstored: { event: 'revocations.unstored', lasts: true },
} as const satisfies Record<string, { readonly event: string; readonly lasts: boolean }>

export type TroubleKind = keyof typeof TROUBLES

/** Something that is wrong with the gateway itself, or was a moment ago. */
export interface Trouble {
  readonly kind: TroubleKind
  /** What it is and what to do, for people. */
  readonly text: string
  /** Epoch milliseconds. */
  readonly since: number
  /** How often it has happened since then. */
  readonly count: number
}

export interface Occurrence {
  readonly kind: TroubleKind
  readonly text: string
  /** Default: once. */
  readonly count?: number
  /** For the log only. */
  readonly detail?: object
}

interface Running {
  occurrence: Occurrence
  readonly since: number
  count: number
  /** Of these no line is in the log yet. */
  unloggedCount: number
  /** Monotonic milliseconds. */
  lastAtMs: number
}

/** How often the log is told of what goes on. */
const LOG_EVERY_MS = 10_000
/** What did not happen for so long is over. */
const QUIET_MS = 60_000

/**
 * What is wrong with the gateway itself, each kind once. Whoever sees it tells it each time; the log has a line at once,
 * one each 10 s with how often it was where it comes and goes, and one when it is over.
 */
export class Troubles implements Disposable {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #running = new Map<TroubleKind, Running>()
  readonly #listeners: ((kind: TroubleKind, isOver: boolean) => void)[] = []
  #timer: Disposable | undefined

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock
    this.#log = log
  }

  /** Adds a listener for those that begin and are over. */
  onChange(listener: (kind: TroubleKind, isOver: boolean) => void): void {
    this.#listeners.push(listener)
  }

  /** It has happened, for the first time or again. */
  tell(occurrence: Occurrence): void {
    const { kind, count = 1 } = occurrence
    const running = this.#running.get(kind)
    const lastAtMs = this.#clock.elapsed()
    if (running !== undefined) {
      running.occurrence = occurrence
      running.count += count
      running.unloggedCount += count
      running.lastAtMs = lastAtMs
      return
    }
    const begun = { occurrence, since: this.#clock.now(), count, unloggedCount: count, lastAtMs }
    this.#running.set(kind, begun)
    this.#write(begun)
    this.#timer ??= this.#clock.every(LOG_EVERY_MS, () => this.#look())
    for (const listener of this.#listeners) listener(kind, false)
  }

  /** It is over; one that there is not changes nothing. */
  over(kind: TroubleKind): void {
    const running = this.#running.get(kind)
    if (running === undefined) return
    if (running.unloggedCount > 0 && !TROUBLES[kind].lasts) this.#write(running)
    this.#running.delete(kind)
    this.#log.info(
      { times: running.count, since: new Date(running.since).toISOString() },
      `${TROUBLES[kind].event}.over`,
    )
    if (this.#running.size === 0) this[Symbol.dispose]()
    for (const listener of this.#listeners) listener(kind, true)
  }

  /** Those there are, the oldest first. */
  list(): readonly Trouble[] {
    return [...this.#running.values()].map(({ occurrence: { kind, text }, since, count }) => ({
      kind,
      text,
      since,
      count,
    }))
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #look(): void {
    const now = this.#clock.elapsed()
    for (const [kind, running] of [...this.#running]) {
      if (TROUBLES[kind].lasts) continue
      if (now - running.lastAtMs >= QUIET_MS) this.over(kind)
      else if (running.unloggedCount > 0) this.#write(running)
    }
  }

  #write(running: Running): void {
    const { kind, text, detail } = running.occurrence
    this.#log.error({ ...detail, times: running.unloggedCount, text }, TROUBLES[kind].event)
    running.unloggedCount = 0
  }
}
