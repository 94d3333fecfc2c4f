import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { PunkuError } from '../../core/error.ts'
import type { Logger } from '../../core/log.ts'
import { DeferredWrites } from '../store/deferred-writes.ts'
import type { Follower } from '../store/feed.ts'
import type { KeyRepository, KeyScope } from '../store/key-repository.ts'
import type { KeyRow, KeySecretRow } from '../store/schema.ts'
import type { Key } from './key.ts'
import { endOf, type KeyEntry, type KeySecret, keyEntry, keyEntryFromRows, SECRET_HASH_BYTES } from './key-entry.ts'
import {
  keyDamaged,
  keyExpired,
  keyMalformed,
  keyRevoked,
  keyUnknown,
  networkNotAllowed,
  secretRotated,
} from './key-refusals.ts'
import { isMeantAsKey, parseKey } from './key-text.ts'

/** How often it is looked whether a key has expired. */
const END_INTERVAL_MS = 500
/** How long a rotated secret that ended is kept, to be told apart from one that never was. */
const RETIRED_SECRET_KEPT_MS = 30 * 86_400_000
/** Presented texts remembered; every one is a valid secret, so this bounds memory, not strangers. */
const MAX_REMEMBERED = 10_000
/** Keys that are read in one turn of the event loop. */
const LOADED_AT_ONCE = 100

export interface KeyringOptions {
  readonly repository: KeyRepository
  /** What is stored of a secret, 32 bytes: `hashSecret` under the gateway's pepper. */
  readonly hash: (secret: string) => Buffer
  readonly clock: Clock
  readonly log: Logger
}

/** Where and when a key is presented. */
export interface Presentation {
  /** The client's IP address, as `node:net` writes it. */
  readonly address: string
  readonly nowMs: number
}

/** Called once when a key has ended: `key_revoked` or `key_expired`, for those who still use it. */
export type KeyEndListener = (keyId: string, error: PunkuError) => void

interface Opened {
  readonly entry: KeyEntry
  readonly secret: KeySecret
}

/** All keys in memory, as they stand in the store, so that verifying asks no database. It has to follow the feed. */
export class Keyring implements Follower {
  readonly #options: KeyringOptions
  readonly #listeners: KeyEndListener[] = []
  /** Stands in for the hash of a key that does not exist. */
  readonly #nobody: readonly KeySecret[] = [{ hash: randomBytes(SECRET_HASH_BYTES), expiresAt: 0 }]
  readonly #entries = new Map<string, KeyEntry>()
  /**
   * The presented texts whose secret was checked, so that it is checked once and not for each request. Looked up by the
   * whole text, never a part. The time of a lookup tells a guesser nothing: texts are compared only when their hashes
   * agree, which V8 seeds at random in each process, and any text in here is already wholly right. Once its key has
   * changed a text is checked again.
   */
  readonly #opened = new Map<string, Opened>()
  /** The keys whose end needs no telling: it was told, or nobody has used them. */
  readonly #ended = new Set<string>()
  /** When those were that are revoked in this process alone. */
  readonly #revokedHere = new Map<string, number>()
  /** Before then no key ends by itself. */
  #nextEndAt = Infinity
  /** When keys were last used, as far as that is not stored. */
  readonly uses: Pick<DeferredWrites<number>, 'unwrittenCount' | 'failure'>
  readonly #uses: DeferredWrites<number>
  #timer: Disposable | undefined

  constructor(options: KeyringOptions) {
    const { repository, clock, log } = options
    this.#options = options
    this.#uses = new DeferredWrites({
      write: (usedAt) => repository.touch(usedAt),
      failure: 'when keys were last used cannot be written',
      clock,
      log,
    })
    this.uses = this.#uses
  }

  /** Loads the keys and looks after their ends, until `close`. Rejects when the store cannot be read. */
  async start(): Promise<void> {
    const { clock, repository } = this.#options
    await repository.deleteExpiredSecrets(clock.now() - RETIRED_SECRET_KEPT_MS)
    await this.reload()
    this.#timer = clock.every(END_INTERVAL_MS, () => this.#endKeys(clock.now()))
    this.#uses.start()
  }

  /** Writes when keys were last used. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await this.#uses.close()
  }

  /**
   * Ends a key in this process alone, by id or name, as it was last read, until `overHere`; `undefined` when there is none
   * in the scope. The store knows nothing of it, and what is read of the key meanwhile does not bring it back.
   */
  revokeHere({ orgId, personId }: KeyScope, idOrName: string): Key | undefined {
    const isMeant = ({ key }: KeyEntry) =>
      key.orgId === orgId &&
      (personId === undefined || key.personId === personId) &&
      (key.id === idOrName || key.name === idOrName)
    const meant = [...this.#entries.values()].filter(isMeant)
    // One that was revoked so before may be revoked again.
    const entry = meant.find(({ key }) => key.revokedAt === undefined) ?? meant.at(-1)
    if (entry === undefined || entry.key.revokedAt !== undefined) return entry?.key
    return this.#revokeHere(entry)
  }

  /** As `revokeHere`, of all keys of a person, in one org or without it in every one. */
  revokeHereOf(personId: string, orgId?: string): void {
    for (const entry of this.#entriesOf(personId, orgId)) if (entry.key.revokedAt === undefined) this.#revokeHere(entry)
  }

  /** Takes keys that were revoked here as the store has them again, where it can be read. */
  overHere(ids: Iterable<string>): void {
    const over = [...ids].filter((id) => this.#revokedHere.delete(id))
    if (over.length === 0) return
    this.changed(over).catch((error: unknown) => {
      this.#options.log.warn({ err: error, keyIds: over }, 'keys cannot be read, and stay revoked here')
    })
  }

  /** As `overHere`, for the keys of a person. */
  overHereOf(personId: string, orgId?: string): void {
    this.overHere(this.#entriesOf(personId, orgId).map(({ key }) => key.id))
  }

  /** The keys that are revoked in this process alone, by id, and when they were: epoch milliseconds. */
  get revokedHere(): ReadonlyMap<string, number> {
    return this.#revokedHere
  }

  #entriesOf(personId: string, orgId: string | undefined): readonly KeyEntry[] {
    return [...this.#entries.values()].filter(
      ({ key }) => key.personId === personId && (orgId === undefined || key.orgId === orgId),
    )
  }

  #revokeHere(entry: KeyEntry): Key {
    const revokedAt = this.#options.clock.now()
    this.#revokedHere.set(entry.key.id, revokedAt)
    this.#set(entry)
    return { ...entry.key, revokedAt }
  }

  async changed(ids: readonly string[]): Promise<void> {
    await this.#put(ids, await this.#options.repository.listByIds(ids))
  }

  async reload(): Promise<void> {
    const { repository, clock } = this.#options
    const gone = new Set(this.#entries.keys())
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: KeyRow[] = await repository.listAfter(after, LOADED_AT_ONCE)
      const ids = rows.map(({ id }) => id)
      for (const id of ids) gone.delete(id)
      await this.#put(ids, rows)
      after = ids[LOADED_AT_ONCE - 1]
      // Requests go on meanwhile, by what is known.
      await new Promise<void>((resolve) => clock.turn(resolve))
    }
    for (const id of gone) this.#remove(id)
  }

  /** Adds a listener for keys that end: revoked, expired, or gone. The end of a rotated secret's grace is none. */
  onEnd(listener: KeyEndListener): void {
    this.#listeners.push(listener)
  }

  /**
   * The key that a presented text opens. Throws `key_malformed` for what is no key, `key_unknown` for an unknown id or
   * a wrong secret alike and after the same work, and only for the right secret `key_revoked`, `key_expired` or
   * `network_not_allowed`.
   */
  verify(presented: string, { address, nowMs }: Presentation): Key {
    const remembered = this.#opened.get(presented)
    const { entry, secret } = remembered === undefined || remembered.entry.isStale ? this.#open(presented) : remembered
    const { key } = entry
    if (key.revokedAt !== undefined) throw keyRevoked()
    if (key.expiresAt !== undefined && key.expiresAt <= nowMs) throw keyExpired()
    if (secret.expiresAt <= nowMs) throw secretRotated()
    if (!key.networks.contains(address)) throw networkNotAllowed()
    this.#uses.set(key.id, nowMs)
    return key
  }

  #open(presented: string): Opened {
    const parsed = parseKey(presented)
    if (parsed === undefined) throw isMeantAsKey(presented) ? keyDamaged() : keyMalformed()
    const entry = this.#entries.get(parsed.id)
    const hash = this.#options.hash(parsed.secret)
    let secret: KeySecret | undefined
    for (const candidate of entry?.secrets ?? this.#nobody) {
      if (timingSafeEqual(hash, candidate.hash)) secret = candidate
    }
    if (entry === undefined || secret === undefined) throw keyUnknown()
    const opened = { entry, secret }
    if (this.#opened.size >= MAX_REMEMBERED) this.#opened.clear()
    this.#opened.set(presented, opened)
    return opened
  }

  /** Takes over the rows that were read of the keys of these ids. */
  async #put(ids: readonly string[], rows: readonly KeyRow[]): Promise<void> {
    if (ids.length === 0) return
    // The keys were read before their secrets: a secret that came in between belongs to a change that is told next.
    const secrets = Map.groupBy(await this.#options.repository.listSecretsOf(ids), ({ key_id }) => key_id)
    const unreadable = new Set(ids)
    for (const row of rows) {
      const entry = this.#entryFrom(row, secrets.get(row.id) ?? [])
      if (entry === undefined) continue
      unreadable.delete(row.id)
      this.#set(entry)
    }
    for (const id of unreadable) this.#remove(id)
  }

  #entryFrom(row: KeyRow, secretRows: readonly KeySecretRow[]): KeyEntry | undefined {
    try {
      return keyEntryFromRows(row, secretRows)
    } catch (error) {
      this.#options.log.error({ err: error, keyId: row.id }, 'a stored key cannot be read and opens nothing')
      return undefined
    }
  }

  #set(read: KeyEntry): void {
    const { id } = read.key
    const revokedAt = read.key.revokedAt ?? this.#revokedHere.get(id)
    const entry = revokedAt === read.key.revokedAt ? read : keyEntry({ ...read.key, revokedAt }, read.secrets)
    const before = this.#entries.get(id)
    if (before === undefined) this.#ended.add(id)
    else before.isStale = true
    this.#entries.set(id, entry)
    if (entry.endsAt <= this.#options.clock.now()) {
      this.#end(entry)
      return
    }
    // A key that had expired may have been given more time: its next end has to be told again.
    this.#ended.delete(id)
    this.#nextEndAt = Math.min(this.#nextEndAt, entry.endsAt)
  }

  #remove(id: string): void {
    this.#revokedHere.delete(id)
    const before = this.#entries.get(id)
    if (before === undefined) return
    before.isStale = true
    this.#entries.delete(id)
    if (!this.#ended.delete(id)) this.#tell(id, keyRevoked())
  }

  #endKeys(nowMs: number): void {
    if (nowMs < this.#nextEndAt) return
    this.#nextEndAt = Infinity
    for (const entry of this.#entries.values()) {
      if (entry.endsAt <= nowMs) this.#end(entry)
      else this.#nextEndAt = Math.min(this.#nextEndAt, entry.endsAt)
    }
  }

  #end(entry: KeyEntry): void {
    const { id } = entry.key
    if (this.#ended.has(id)) return
    this.#ended.add(id)
    this.#tell(id, endOf(entry))
  }

  #tell(id: string, error: PunkuError): void {
    for (const listener of this.#listeners) {
      try {
        listener(id, error)
      } catch (failure) {
        this.#options.log.error({ err: failure, keyId: id }, 'the end of a key could not be carried out in full')
      }
    }
  }
}
