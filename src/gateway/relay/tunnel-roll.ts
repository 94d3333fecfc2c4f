import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { Places } from '../../core/places.ts'
import { DeferredWrites } from '../store/deferred-writes.ts'
import type { Follower } from '../store/feed.ts'
import type { TunnelRow } from '../store/schema.ts'
import type { Sighting, TunnelRepository } from '../store/tunnel-repository.ts'
import { type Machine, machineColumns } from './machine.ts'
import { type Tunnel, tunnelFromRow } from './tunnel.ts'

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
 * All live tunnels in memory, as they stand in the store. It has to follow the feed. While the store is away the tunnels
 * stand as they were last read.
 */
export class TunnelRoll implements Follower {
  readonly #options: TunnelRollOptions
  readonly #listeners: TunnelChangeListener[] = []
  /** When tunnels were last seen, as far as that is not stored. */
  readonly sightings: Pick<DeferredWrites<Sighting>, 'unwrittenCount' | 'failure'>
  readonly #seen: DeferredWrites<Sighting>
  readonly #tunnels = new Map<string, Tunnel>()
  /** Those that were revoked and could not be stored as such yet, as they stand. */
  readonly #endedHere = new Map<string, Tunnel>()
  /** What is told while the tunnels are loaded is read after that: nothing older is put over it. */
  readonly #turns = new Places(1)

  constructor(options: TunnelRollOptions) {
    const { repository, clock, log } = options
    this.#options = options
    this.#seen = new DeferredWrites({
      write: (sightings) => repository.touch(sightings),
      failure: 'when tunnels were last seen cannot be written',
      clock,
      log,
    })
    this.sightings = this.#seen
  }

  /** Loads the tunnels, and writes now and then when they were last seen, until `close`. Rejects when the store cannot be read. */
  async start(): Promise<void> {
    using _turn = await this.#turns.enter()
    for (const row of await this.#options.repository.listLive()) this.#tunnels.set(row.id, tunnelFromRow(row))
    this.#seen.start()
  }

  /** Writes when tunnels were last seen. */
  async close(): Promise<void> {
    await this.#seen.close()
  }

  async changed(ids: readonly string[]): Promise<void> {
    using _turn = await this.#turns.enter()
    const rows = new Map((await this.#options.repository.listByIds(ids)).map((row) => [row.id, row]))
    for (const id of ids) this.#put(id, rows.get(id))
  }

  async reload(): Promise<void> {
    using _turn = await this.#turns.enter()
    const rows = new Map((await this.#options.repository.listLive()).map((row) => [row.id, row]))
    for (const id of [...this.#tunnels.keys()]) if (!rows.has(id)) this.#put(id, undefined)
    for (const [id, row] of rows) this.#put(id, row)
  }

  /**
   * Ends a tunnel of an org in this process alone, by id or label, until `overHere`; `undefined` when it has none that is
   * live. The store knows nothing of it, and what is read of the tunnel meanwhile does not bring it back.
   */
  revokeHere(orgId: string, idOrLabel: string): Tunnel | undefined {
    const isMeant = (tunnel: Tunnel) =>
      tunnel.orgId === orgId && (tunnel.id === idOrLabel || tunnel.label === idOrLabel)
    const tunnel = this.#tunnels.values().find(isMeant)
    if (tunnel === undefined) return this.#endedHere.values().find(isMeant)
    const ended = { ...tunnel, revokedAt: this.#options.clock.now() }
    this.#put(tunnel.id, undefined)
    this.#endedHere.set(tunnel.id, ended)
    return ended
  }

  /** Takes tunnels that were revoked here as the store has them again, where it can be read. */
  overHere(ids: Iterable<string>): void {
    const over = [...ids].filter((id) => this.#endedHere.delete(id))
    if (over.length === 0) return
    this.changed(over).catch((error: unknown) => {
      this.#options.log.warn({ err: error, tunnelIds: over }, 'tunnels cannot be read, and stay revoked here')
    })
  }

  /** The tunnels that are revoked in this process alone, by id, as they stand. */
  get revokedHere(): ReadonlyMap<string, Tunnel> {
    return this.#endedHere
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

  #put(id: string, row: TunnelRow | undefined): void {
    const isEnded = row === undefined || row.revoked_at !== null
    if (isEnded) this.#endedHere.delete(id)
    const before = this.#tunnels.get(id)
    if (isEnded || this.#endedHere.has(id)) {
      this.#tunnels.delete(id)
      if (before !== undefined) this.#tell({ kind: 'revoked', tunnel: before })
      return
    }
    const tunnel = tunnelFromRow(row)
    this.#tunnels.set(id, tunnel)
    this.#tell({ kind: kindOf(before, tunnel), tunnel })
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
}

function kindOf(before: Tunnel | undefined, tunnel: Tunnel): TunnelChange['kind'] {
  if (before === undefined) return 'added'
  return before.credentialVersion === tunnel.credentialVersion ? 'changed' : 'rotated'
}
