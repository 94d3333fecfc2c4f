import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Sighting, TunnelRepository } from '../store/tunnel-repository.ts'
import { type Machine, machineColumns } from './machine.ts'
import { type Tunnel, tunnelFromRow } from './tunnel.ts'

/** How often the store is asked for changes: twice within the second in which a revocation has to bite. */
const POLL_INTERVAL_MS = 500
/** How often it is written when tunnels were last seen. */
const SAVE_SEEN_INTERVAL_MS = 30_000

export interface TunnelRollOptions {
  readonly repository: TunnelRepository
  readonly clock: Clock
  readonly log: Logger
}

/**
 * What became of a tunnel. `tunnel` is how it stands now; a revoked one, how it stood before.
 * - `added`: made, or confirmed.
 * - `changed`: renamed, or paired.
 * - `rotated`: its credentials ended, and its link has to.
 * - `revoked`: it is over.
 */
export interface TunnelChange {
  readonly kind: 'added' | 'changed' | 'rotated' | 'revoked'
  readonly tunnel: Tunnel
}

/** Called once for each change, after the roll has it. */
export type TunnelChangeListener = (change: TunnelChange) => void

/**
 * All live tunnels in memory, as they stand in the store. `start` loads them and then follows the store: a change made
 * by another process is seen within a second. While the store is away the tunnels stand as they were last read.
 */
export class TunnelRoll {
  readonly #options: TunnelRollOptions
  readonly #listeners: TunnelChangeListener[] = []
  readonly #seen = new Map<string, Sighting>()
  #tunnels: ReadonlyMap<string, Tunnel> = new Map()
  #changeMark: string | undefined
  #reading: Promise<void> = Promise.resolve()
  #polling: Promise<void> | undefined
  #isStoreAway = false
  #savedSeenAt = 0
  #timer: Disposable | undefined

  constructor(options: TunnelRollOptions) {
    this.#options = options
  }

  /** Loads the tunnels, and from then on follows the store until `close`. Rejects when the store cannot be read. */
  async start(): Promise<void> {
    const { clock } = this.#options
    await this.refresh()
    this.#savedSeenAt = clock.now()
    this.#timer = clock.every(POLL_INTERVAL_MS, () => {
      this.#polling ??= this.#poll().finally(() => {
        this.#polling = undefined
      })
    })
  }

  /** Stops following the store and writes when tunnels were last seen. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await this.#polling
    await this.#saveSeen()
  }

  /** Rereads the tunnels if any changed since. Resolves when a change that was committed before the call has taken effect. */
  refresh(): Promise<void> {
    const read = () => this.#read()
    this.#reading = this.#reading.then(read, read)
    return this.#reading
  }

  /** The live tunnel with that id. */
  get(id: string): Tunnel | undefined {
    return this.#tunnels.get(id)
  }

  /** Every live tunnel, oldest first. */
  list(): readonly Tunnel[] {
    return [...this.#tunnels.values()]
  }

  /** Adds a listener for what becomes of tunnels. Those that `start` finds are not told. */
  onChange(listener: TunnelChangeListener): void {
    this.#listeners.push(listener)
  }

  /** Notes that a tunnel's agent was there at `at` (epoch milliseconds), and on which machine. Written later, with others. */
  seen(id: string, machine: Machine, at: number): void {
    this.#seen.set(id, { at, machine: machineColumns(machine) })
  }

  async #read(): Promise<void> {
    const { repository } = this.#options
    // The mark before the rows: a change in between is then read twice rather than missed.
    const changeMark = await repository.changeMark()
    if (changeMark === this.#changeMark) return
    const tunnels = (await repository.listLive()).map(tunnelFromRow)
    const isFirst = this.#changeMark === undefined
    const previous = this.#tunnels
    this.#tunnels = new Map(tunnels.map((tunnel) => [tunnel.id, tunnel]))
    this.#changeMark = changeMark
    if (isFirst) return
    for (const change of changesBetween(previous, this.#tunnels)) this.#tell(change)
  }

  #tell(change: TunnelChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        const tunnelId = change.tunnel.id
        this.#options.log.error({ err: error, tunnelId }, 'the change of a tunnel could not be carried out in full')
      }
    }
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#options
    try {
      await this.refresh()
      if (clock.now() - this.#savedSeenAt >= SAVE_SEEN_INTERVAL_MS) await this.#saveSeen()
      if (this.#isStoreAway) log.info('tunnels are followed again')
      this.#isStoreAway = false
    } catch (error) {
      // Said once, not twice a second.
      if (!this.#isStoreAway) log.error({ err: error }, 'tunnels cannot be read: changes to them take no effect')
      this.#isStoreAway = true
    }
  }

  async #saveSeen(): Promise<void> {
    const batch = new Map(this.#seen)
    await this.#options.repository.touch(batch)
    for (const [id, sighting] of batch) if (this.#seen.get(id) === sighting) this.#seen.delete(id)
    this.#savedSeenAt = this.#options.clock.now()
  }
}

function* changesBetween(
  before: ReadonlyMap<string, Tunnel>,
  after: ReadonlyMap<string, Tunnel>,
): Generator<TunnelChange> {
  for (const tunnel of before.values()) if (!after.has(tunnel.id)) yield { kind: 'revoked', tunnel }
  for (const tunnel of after.values()) {
    const previous = before.get(tunnel.id)
    if (previous === undefined) yield { kind: 'added', tunnel }
    else if (previous.credentialVersion !== tunnel.credentialVersion) yield { kind: 'rotated', tunnel }
    else if (previous.updatedAt !== tunnel.updatedAt) yield { kind: 'changed', tunnel }
  }
}
