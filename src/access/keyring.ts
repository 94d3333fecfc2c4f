import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import type { Logger } from '../core/log.ts'
import type { KeyRepository } from '../store/key-repository.ts'
import type { KeyRow, KeySecretRow } from '../store/schema.ts'
import { type Key, keyFromRow } from './key.ts'
import { parseKey } from './key-text.ts'

/** How often the store is asked for changes: twice within the second in which a revocation has to bite. */
const POLL_INTERVAL_MS = 500
/** How often the times of last use are written. */
const SAVE_USE_INTERVAL_MS = 30_000
/** How long a rotated secret that ended is kept, to be told apart from one that never was. */
const RETIRED_SECRET_KEPT_MS = 30 * 86_400_000
/** Presented texts remembered; every one is a valid secret, so this bounds memory, not strangers. */
const MAX_REMEMBERED = 10_000
const HASH_BYTES = 32

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

interface KeySecret {
  readonly hash: Buffer
  /** `Infinity`: the current one. */
  readonly expiresAt: number
}

interface Entry {
  readonly key: Key
  readonly secrets: readonly KeySecret[]
  usedAt: number
  savedUsedAt: number
}

interface Opened {
  readonly entry: Entry
  readonly secret: KeySecret
}

/**
 * All keys in memory, as they stand in the store, so that verifying asks no database. `start` loads them and then
 * follows the store: a change made by another process is seen within a second.
 */
export class Keyring {
  readonly #options: KeyringOptions
  readonly #listeners: KeyEndListener[] = []
  /** Stands in for the hash of a key that does not exist. */
  readonly #nobody: readonly KeySecret[] = [{ hash: randomBytes(HASH_BYTES), expiresAt: 0 }]
  #entries: ReadonlyMap<string, Entry> = new Map()
  /**
   * The presented texts whose secret was checked, so that it is checked once and not for each request. Looked up by the
   * whole text, never a part. The time of a lookup tells a guesser nothing: texts are compared only when their hashes
   * agree, which V8 seeds at random in each process, and any text in here is already wholly right. Every change to the
   * keys clears it, and what a key may do is asked anew each time.
   */
  readonly #opened = new Map<string, Opened>()
  readonly #ended = new Set<string>()
  #changeMark: string | undefined
  #reading: Promise<void> = Promise.resolve()
  #polling: Promise<void> | undefined
  #isStoreAway = false
  #savedUseAt = 0
  #timer: Disposable | undefined

  constructor(options: KeyringOptions) {
    this.#options = options
  }

  /** Loads the keys, and from then on follows the store until `close`. Rejects when the store cannot be read. */
  async start(): Promise<void> {
    const { clock, repository } = this.#options
    await repository.deleteExpiredSecrets(clock.now() - RETIRED_SECRET_KEPT_MS)
    await this.refresh()
    this.#savedUseAt = clock.now()
    this.#timer = clock.every(POLL_INTERVAL_MS, () => {
      // In this turn, and whether or not the store answers: an expired key's streams end on time.
      this.#endKeys(clock.now())
      this.#polling ??= this.#poll().finally(() => {
        this.#polling = undefined
      })
    })
  }

  /** Stops following the store and writes when keys were last used. */
  async close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    await this.#polling
    await this.#saveUse()
  }

  /** Rereads the keys if any changed since. Resolves when a change that was committed before the call has taken effect. */
  refresh(): Promise<void> {
    const read = () => this.#read()
    this.#reading = this.#reading.then(read, read)
    return this.#reading
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
    const { entry, secret } = this.#opened.get(presented) ?? this.#open(presented)
    const { key } = entry
    if (key.revokedAt !== undefined) throw revoked()
    if (key.expiresAt !== undefined && key.expiresAt <= nowMs) throw expired()
    if (secret.expiresAt <= nowMs) throw rotated()
    if (!key.networks.contains(address)) throw networkNotAllowed()
    entry.usedAt = nowMs
    return key
  }

  #open(presented: string): Opened {
    const parsed = parseKey(presented)
    if (parsed === undefined) throw malformed()
    const entry = this.#entries.get(parsed.id)
    const hash = this.#options.hash(parsed.secret)
    let secret: KeySecret | undefined
    for (const candidate of entry?.secrets ?? this.#nobody) {
      if (timingSafeEqual(hash, candidate.hash)) secret = candidate
    }
    if (entry === undefined || secret === undefined) throw unknown()
    const opened = { entry, secret }
    if (this.#opened.size >= MAX_REMEMBERED) this.#opened.clear()
    this.#opened.set(presented, opened)
    return opened
  }

  async #read(): Promise<void> {
    const { repository, clock } = this.#options
    // The mark before the rows: a change in between is then read twice rather than missed.
    const changeMark = await repository.changeMark()
    if (changeMark !== this.#changeMark) {
      const rows = await repository.listAll()
      this.#replace(rows, await repository.listSecrets())
      this.#changeMark = changeMark
    }
    this.#endKeys(clock.now())
  }

  #replace(rows: readonly KeyRow[], secretRows: readonly KeySecretRow[]): void {
    const isFirst = this.#changeMark === undefined
    const secretsByKey = Map.groupBy(secretRows, (row) => row.key_id)
    const entries = new Map<string, Entry>()
    for (const row of rows) {
      const entry = this.#entryFrom(row, secretsByKey.get(row.id) ?? [])
      if (entry === undefined) continue
      entries.set(row.id, entry)
      // A key that had expired may have been given more time: its next end has to be told again.
      if (endOf(entry, this.#options.clock.now()) === undefined) this.#ended.delete(row.id)
      else if (isFirst) this.#ended.add(row.id)
    }
    const previous = this.#entries
    this.#entries = entries
    this.#opened.clear()
    for (const id of previous.keys()) if (!entries.has(id)) this.#end(id, revoked())
  }

  /** `undefined` for a row that cannot be read: it opens nothing, and does not keep the other keys from opening. */
  #entryFrom(row: KeyRow, secretRows: readonly KeySecretRow[]): Entry | undefined {
    const secrets = secretRows
      .map((secret) => ({ hash: Buffer.from(secret.hash, 'hex'), expiresAt: secret.expires_at ?? Infinity }))
      .filter((secret) => secret.hash.length === HASH_BYTES)
    const previous = this.#entries.get(row.id)
    try {
      const key = keyFromRow(row)
      const savedUsedAt = row.last_used_at ?? 0
      return { key, secrets, usedAt: Math.max(previous?.usedAt ?? 0, savedUsedAt), savedUsedAt }
    } catch (error) {
      this.#options.log.error({ err: error, keyId: row.id }, 'a stored key cannot be read and opens nothing')
      return undefined
    }
  }

  /** Tells the listeners of every key that has ended since. */
  #endKeys(nowMs: number): void {
    for (const [id, entry] of this.#entries) {
      const error = this.#ended.has(id) ? undefined : endOf(entry, nowMs)
      if (error !== undefined) this.#end(id, error)
    }
  }

  #end(id: string, error: PunkuError): void {
    if (this.#ended.has(id)) return
    this.#ended.add(id)
    for (const listener of this.#listeners) {
      try {
        listener(id, error)
      } catch (failure) {
        this.#options.log.error({ err: failure, keyId: id }, 'the end of a key could not be carried out in full')
      }
    }
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#options
    try {
      await this.refresh()
      if (clock.now() - this.#savedUseAt >= SAVE_USE_INTERVAL_MS) await this.#saveUse()
      if (this.#isStoreAway) log.info('keys are followed again')
      this.#isStoreAway = false
    } catch (error) {
      // Said once, not twice a second. The keys stand as they were last read.
      if (!this.#isStoreAway) log.error({ err: error }, 'keys cannot be read: changes to them take no effect')
      this.#isStoreAway = true
    }
  }

  async #saveUse(): Promise<void> {
    const used = [...this.#entries.values()].filter((entry) => entry.usedAt > entry.savedUsedAt)
    const usedAt = new Map(used.map((entry) => [entry.key.id, entry.usedAt]))
    await this.#options.repository.touch(usedAt)
    for (const entry of used) entry.savedUsedAt = usedAt.get(entry.key.id) ?? 0
    this.#savedUseAt = this.#options.clock.now()
  }
}

/** Why nobody can use the key any more; `undefined` while someone can. */
function endOf({ key, secrets }: Entry, nowMs: number): PunkuError | undefined {
  if (key.revokedAt !== undefined) return revoked()
  if (key.expiresAt !== undefined && key.expiresAt <= nowMs) return expired()
  return secrets.some((secret) => secret.expiresAt > nowMs) ? undefined : revoked()
}

const malformed = () =>
  new PunkuError('key_malformed', 'This is no key of this gateway: its keys start with `pk_`. Check what was copied.')

const unknown = () =>
  new PunkuError(
    'key_unknown',
    'This gateway does not know this key. Check that all of it was copied, or have one made with `punku keys create`.',
  )

const revoked = () => new PunkuError('key_revoked', 'This key was revoked. Ask whoever runs the gateway for another.')

const expired = () => new PunkuError('key_expired', 'This key has expired. Ask whoever runs the gateway for another.')

const rotated = () =>
  new PunkuError(
    'key_expired',
    'This key was rotated and its old secret no longer works. Use the text that the rotation gave.',
  )

const networkNotAllowed = () =>
  new PunkuError('network_not_allowed', 'This key may not be used from this network. Its owner can say from where.')
