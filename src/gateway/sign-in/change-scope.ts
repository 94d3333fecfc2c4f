import { APIError } from 'better-auth/api'
import type { CompiledQuery } from 'kysely'
import { PunkuError } from '../../core/error.ts'
import type { AuditActor } from '../store/audit-note.ts'
import type { OpenChange, Store } from '../store/store.ts'
import { storeError } from '../store/store-error.ts'
import { EarlierReads } from './earlier-reads.ts'

/** Where it is known who it was, the entries say so; a change that only counts failures has none. */
const NOBODY: AuditActor = { kind: 'nobody', personId: undefined, name: 'nobody', address: '' }

/** The change that what is written belongs to. */
export interface ChangeScope {
  /** The change, which begins now where it has not begun. */
  open(): Promise<OpenChange>
  /** The change, if it has begun. */
  opened(): Promise<OpenChange | undefined>
  /** What was read before the change: it begins only where that still holds. */
  hasRead(query: CompiledQuery, rows: readonly unknown[]): void
  /** That a statement of it failed: nothing of it may stay. */
  fail(error: unknown): void
  sessionBegan(id: string): void
  sessionEnded(id: string): void
}

/**
 * A change that begins with the first write that needs one, and ends with the request. It does not begin where what the
 * request read before of who comes in is another by then: of several that go by the same, one changes it.
 */
export class LazyChange implements ChangeScope {
  readonly #store: Pick<Store, 'change'>
  readonly #end = Promise.withResolvers<void>()
  readonly #earlier = new EarlierReads()
  readonly #begun = new Set<string>()
  readonly #ended = new Set<string>()
  #change: Promise<OpenChange> | undefined
  #stored: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(store: Pick<Store, 'change'>) {
    this.#store = store
    // Nobody waits for it where the change could not begin.
    this.#end.promise.catch(() => {})
  }

  async open(): Promise<OpenChange> {
    this.#change ??= this.#begin()
    return await this.#change
  }

  async opened(): Promise<OpenChange | undefined> {
    return await this.#change
  }

  hasRead(query: CompiledQuery, rows: readonly unknown[]): void {
    this.#earlier.add(query, rows)
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  sessionBegan(id: string): void {
    this.#begun.add(id)
  }

  sessionEnded(id: string): void {
    if (!this.#begun.has(id)) this.#ended.add(id)
  }

  /** Resolves when all of it is stored. Rejects, and nothing is, where any of it failed. */
  async commit(): Promise<void> {
    this.requireWhole()
    this.#end.resolve()
    await this.#stored
  }

  /** Throws why the change could not begin, or what of it failed. */
  requireWhole(): void {
    if (this.#failure !== undefined) throw storeError(this.#failure.error)
  }

  /** Takes back what has been written. */
  async rollBack(error: unknown): Promise<void> {
    if (this.#stored === undefined) return
    this.#end.reject(error)
    await this.#stored.catch(() => {})
  }

  async #begin(): Promise<OpenChange> {
    const begun = Promise.withResolvers<OpenChange>()
    this.#stored = this.#store.change(NOBODY, async (change) => {
      await this.#earlier.requireSame(change.db)
      begun.resolve(change)
      await this.#end.promise
      for (const id of this.#ended) change.changed('sessions', id)
    })
    this.#stored.catch((error: unknown) => {
      this.fail(error)
      begun.reject(refusalOf(error))
    })
    return await begun.promise
  }
}

/** To the library a failure that is meant is a refusal; what else is thrown it writes to standard error. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof PunkuError)) return error
  return new APIError(error.status === 409 ? 'CONFLICT' : 'SERVICE_UNAVAILABLE', { code: error.code })
}

/** A change that somebody else has begun, and ends. */
export class JoinedChange implements ChangeScope {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    this.#change = change
  }

  async open(): Promise<OpenChange> {
    return this.#change
  }

  async opened(): Promise<OpenChange> {
    return this.#change
  }

  hasRead(): void {}

  /** Whoever asked for it is told by the rejection. */
  fail(): void {}

  sessionBegan(): void {}

  sessionEnded(id: string): void {
    this.#change.changed('sessions', id)
  }
}
