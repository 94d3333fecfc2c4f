import type { Dispatcher } from 'undici'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { Places } from '../../core/places.ts'
import type { Follower } from '../store/feed.ts'
import type { UpstreamRow } from '../store/schema.ts'
import type { UpstreamRepository } from '../store/upstream-repository.ts'
import { credentialFor, DirectUpstream } from './direct-upstream.ts'
import type { ServerKeySeal } from './server-key-seal.ts'
import { type StoredUpstream, storedUpstream } from './stored-upstream.ts'
import type { UpstreamRegistry } from './upstream-registry.ts'

export interface StoredUpstreamsOptions {
  readonly repository: UpstreamRepository
  readonly seal: ServerKeySeal
  /** Where they are added and removed. */
  readonly upstreams: UpstreamRegistry
  /** Makes the way to an upstream's origin; the upstream closes it. */
  readonly createDispatcher: (origin: string) => Dispatcher
  readonly clock: Clock
  readonly log: Logger
}

interface Entry {
  readonly row: UpstreamRow
  /** `undefined`: the row cannot be read. */
  readonly upstream: DirectUpstream | undefined
}

/**
 * The upstreams that were added at run time, among all others as they stand in the store. It has to follow the feed.
 * While the store is away they stay. They are closed with the others.
 */
export class StoredUpstreams implements Follower {
  readonly #options: StoredUpstreamsOptions
  readonly #entries = new Map<string, Entry>()
  /** What is told while they are loaded is read after that: nothing older is put over it. */
  readonly #turns = new Places(1)

  constructor(options: StoredUpstreamsOptions) {
    this.#options = options
  }

  /** Adds them. Rejects when the store cannot be read. */
  start(): Promise<void> {
    return this.reload()
  }

  async changed(ids: readonly string[]): Promise<void> {
    using _turn = await this.#turns.enter()
    const rows = new Map((await this.#options.repository.listByIds(ids)).map((row) => [row.id, row]))
    for (const id of ids) await this.#put(id, rows.get(id))
  }

  async reload(): Promise<void> {
    using _turn = await this.#turns.enter()
    const rows = new Map((await this.#options.repository.list()).map((row) => [row.id, row]))
    for (const id of [...this.#entries.keys()]) if (!rows.has(id)) await this.#put(id, undefined)
    for (const [id, row] of rows) await this.#put(id, row)
  }

  /** The one with that id, as it was last read; `undefined` for an upstream that comes from elsewhere. */
  get(id: string): StoredUpstream | undefined {
    const entry = this.#entries.get(id)
    return entry && storedUpstream(entry.row)
  }

  async #put(id: string, row: UpstreamRow | undefined): Promise<void> {
    const { upstreams, log } = this.#options
    if (row === undefined) {
      if (this.#entries.delete(id)) await upstreams.remove(id)
      return
    }
    const entry = this.#entries.get(id)
    if (entry?.row.version === row.version) return
    if (entry?.upstream !== undefined && isSameServer(entry.row, row)) {
      entry.upstream.relabel(row.label)
      this.#entries.set(id, { ...entry, row })
      return
    }
    if (entry?.upstream !== undefined) await upstreams.remove(id)
    const upstream = this.#open(row)
    this.#entries.set(id, { row, upstream })
    if (upstream === undefined) return
    try {
      upstreams.add(upstream)
    } catch (error) {
      log.error({ err: error, upstream: id }, 'upstream.refused')
    }
  }

  /** `undefined` for a row that cannot be read: it serves nobody, and does not keep the others from serving. */
  #open(row: UpstreamRow): DirectUpstream | undefined {
    const { seal, createDispatcher, clock, log } = this.#options
    const { id, org_id: orgId, label, url, kind, credential } = row
    try {
      return new DirectUpstream({
        id,
        orgId,
        label,
        url,
        ...(kind === null ? {} : { kind }),
        ...(credential === null
          ? {}
          : { credential: credentialFor(kind ?? undefined, seal.open(credential, { id, url })) }),
        createDispatcher,
        clock,
        log,
      })
    } catch (error) {
      log.error(
        { err: error, upstream: id },
        'a stored upstream cannot be read and serves nobody: remove it, and add it again',
      )
      return undefined
    }
  }
}

/** Whether nothing but what people call it differs. */
function isSameServer(one: UpstreamRow, other: UpstreamRow): boolean {
  return one.url === other.url && one.kind === other.kind && one.credential === other.credential
}
