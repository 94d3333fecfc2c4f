import type { Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { UpstreamRow } from '../store/schema.ts'
import type { UpstreamRepository } from '../store/upstream-repository.ts'
import { credentialFor, DirectUpstream } from './direct-upstream.ts'
import type { ServerKeySeal } from './server-key-seal.ts'
import { type StoredUpstream, storedUpstream } from './stored-upstream.ts'
import type { Upstreams } from './upstreams.ts'

/** How often the store is asked for changes, as for keys and tunnels. */
const POLL_INTERVAL_MS = 500

export interface StoredUpstreamsOptions {
  readonly repository: UpstreamRepository
  readonly seal: ServerKeySeal
  /** Where they are added and removed. */
  readonly upstreams: Upstreams
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
 * The upstreams that were added at run time, among all others as they stand in the store. `start` adds them and then
 * follows the store: a change made by another process is seen within a second. While the store is away they stay.
 */
export class StoredUpstreams {
  readonly #options: StoredUpstreamsOptions
  readonly #entries = new Map<string, Entry>()
  #changeMark: string | undefined
  #reading: Promise<void> = Promise.resolve()
  #polling: Promise<void> | undefined
  #isStoreAway = false
  #timer: Disposable | undefined

  constructor(options: StoredUpstreamsOptions) {
    this.#options = options
  }

  /** Adds them, and from then on follows the store until `close`. Rejects when the store cannot be read. */
  async start(): Promise<void> {
    await this.refresh()
    this.#timer = this.#options.clock.every(POLL_INTERVAL_MS, () => {
      this.#polling ??= this.#poll().finally(() => {
        this.#polling = undefined
      })
    })
  }

  /** Stops following the store. The upstreams stay, and are closed with the others. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await this.#polling
  }

  /** Rereads them if any changed since. Resolves when a change that was committed before the call has taken effect. */
  refresh(): Promise<void> {
    const read = () => this.#read()
    this.#reading = this.#reading.then(read, read)
    return this.#reading
  }

  /** The one with that id, as it was last read; `undefined` for an upstream that comes from elsewhere. */
  get(id: string): StoredUpstream | undefined {
    const entry = this.#entries.get(id)
    return entry && storedUpstream(entry.row)
  }

  async #read(): Promise<void> {
    const { repository, upstreams } = this.#options
    // The mark before the rows: a change in between is then read twice rather than missed.
    const changeMark = await repository.changeMark()
    if (changeMark === this.#changeMark) return
    const rows = new Map((await repository.list()).map((row) => [row.id, row]))
    for (const id of this.#entries.keys()) {
      if (rows.has(id)) continue
      this.#entries.delete(id)
      await upstreams.remove(id)
    }
    for (const row of rows.values()) await this.#apply(row)
    this.#changeMark = changeMark
  }

  async #apply(row: UpstreamRow): Promise<void> {
    const { upstreams, log } = this.#options
    const entry = this.#entries.get(row.id)
    if (entry?.row.version === row.version) return
    if (entry?.upstream !== undefined && isSameServer(entry.row, row)) {
      entry.upstream.relabel(row.label)
      this.#entries.set(row.id, { ...entry, row })
      return
    }
    if (entry?.upstream !== undefined) await upstreams.remove(row.id)
    const upstream = this.#open(row)
    this.#entries.set(row.id, { row, upstream })
    if (upstream === undefined) return
    // It is asked at once, which may take long: what else has changed does not wait for it.
    upstreams.add(upstream).catch((error: unknown) => log.error({ err: error, upstream: row.id }, 'upstream.refused'))
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

  async #poll(): Promise<void> {
    const { log } = this.#options
    try {
      await this.refresh()
      if (this.#isStoreAway) log.info('stored upstreams are followed again')
      this.#isStoreAway = false
    } catch (error) {
      // Said once, not twice a second.
      if (!this.#isStoreAway)
        log.error({ err: error }, 'stored upstreams cannot be read: changes to them take no effect')
      this.#isStoreAway = true
    }
  }
}

/** Whether nothing but what people call it differs. */
function isSameServer(one: UpstreamRow, other: UpstreamRow): boolean {
  return one.url === other.url && one.kind === other.kind && one.credential === other.credential
}
