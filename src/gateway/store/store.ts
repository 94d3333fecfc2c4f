import type { Kysely } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { Places } from '../../core/places.ts'
import type { AuditActor, AuditFacts, AuditNote } from './audit-note.ts'
import type { AuditRepository, NewAuditRow } from './audit-repository.ts'
import type { Noun } from './change-table.ts'
import type { OpenDatabase } from './database.ts'
import type { AuditRow, Database } from './schema.ts'
import { storeError } from './store-error.ts'
import { lockWrites } from './write-lock.ts'

/** Marks that are kept: whoever has not read for so many changes reads all anew. */
const KEPT_MARKS = 10_000
/** Below both databases' limits on parameters. */
const MARKS_PER_INSERT = 1_000

export interface StoreOptions {
  readonly database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly audit: AuditRepository
  readonly clock: Clock
  readonly log: Logger
}

/** A transaction that no other change runs beside: what is read in it stays so until it ends. */
export interface StoreTransaction {
  readonly db: Kysely<Database>
  /** When it happens, epoch milliseconds. */
  readonly at: number
}

/** One change that is made: rows, entries of the audit log and marks are stored together, or none of them. */
export interface OpenChange extends StoreTransaction {
  /** Tells all who follow the noun that the thing of that id is another now, or gone. */
  changed(noun: Noun, id: string): void
  /** Adds an entry to the audit log, in the name of whoever makes the change, or of who came to be known within it. */
  record(note: AuditNote, by?: AuditActor): void
}

/** Told of the entries of a change, once it is stored. What it throws is logged. */
export type EntryListener = (entry: AuditRow) => void

/** Where every change to keys, people, tunnels and settings is made. */
export class Store {
  readonly #options: StoreOptions
  readonly #entryListeners: EntryListener[] = []
  readonly #turns = new Places(1)
  #follow: (() => Promise<void>) | undefined

  constructor(options: StoreOptions) {
    this.#options = options
  }

  /**
   * Makes a change: what `run` writes, what it records and what it marks is stored whole, or nothing of it where `run`
   * rejects. Resolves with what `run` gave, when those who follow in this process have seen it. Throws for a change that
   * marks something and records nothing. None is made within another, nor by who follows one: it would wait for itself.
   */
  async change<T>(actor: AuditActor, run: (change: OpenChange) => Promise<T>): Promise<T> {
    const marks = new Map<string, { readonly noun: Noun; readonly thing_id: string }>()
    const rows: NewAuditRow[] = []
    let entries: readonly AuditRow[] = []
    const result = await this.transaction(async ({ db, at }) => {
      const value = await run({
        db,
        at,
        changed: (noun, id) => void marks.set(`${noun} ${id}`, { noun, thing_id: id }),
        record: (note, by = actor) => void rows.push(rowOf(by, note, at)),
      })
      if (marks.size > 0 && rows.length === 0) throw new Error('a change has to be recorded in the audit log')
      await insertMarks(db, [...marks.values()])
      entries = await this.#options.audit.append(db, rows)
      return value
    })
    this.#tell(entries)
    if (marks.size > 0) await this.#followed()
    return result
  }

  /**
   * Runs what nobody follows and nothing records, such as a code that is asked for, as one transaction. Both reject with
   * `store_unavailable` where the database cannot be used.
   */
  async transaction<T>(run: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    const { database, clock } = this.#options
    // Whoever waits holds no connection meanwhile: reads need some too.
    using _turn = await this.#turns.enter()
    try {
      return await database.db.transaction().execute(async (db) => {
        await lockWrites(db, database.dialect, 'changes')
        return await run({ db, at: clock.now() })
      })
    } catch (error) {
      throw storeError(error)
    }
  }

  /** Adds a listener for the entries that this process writes. */
  onRecorded(listener: EntryListener): void {
    this.#entryListeners.push(listener)
  }

  /** What has to be awaited before a change is told as made. Default: nothing follows in this process. */
  followedBy(refresh: () => Promise<void>): void {
    this.#follow = refresh
  }

  async #followed(): Promise<void> {
    try {
      await this.#follow?.()
    } catch (error) {
      // The change stands; whoever follows reads it once the database is there again.
      this.#options.log.error({ err: error }, 'a change is stored, and takes effect here once the database can be read')
    }
  }

  #tell(entries: readonly AuditRow[]): void {
    for (const entry of entries) {
      for (const listener of this.#entryListeners) {
        try {
          listener(entry)
        } catch (error) {
          this.#options.log.error({ err: error }, 'an entry of the audit log could not be told')
        }
      }
    }
  }
}

async function insertMarks(
  db: Kysely<Database>,
  marks: readonly { readonly noun: Noun; readonly thing_id: string }[],
): Promise<void> {
  if (marks.length === 0) return
  const { newest } = await db
    .selectFrom('changes')
    .select(({ fn }) => fn.max('seq').as('newest'))
    .executeTakeFirstOrThrow()
  const first = (newest ?? 0) + 1
  for (let from = 0; from < marks.length; from += MARKS_PER_INSERT) {
    const some = marks.slice(from, from + MARKS_PER_INSERT)
    await db
      .insertInto('changes')
      .values(some.map((mark, index) => ({ seq: first + from + index, ...mark })))
      .execute()
  }
  await db
    .deleteFrom('changes')
    .where('seq', '<', first + marks.length - KEPT_MARKS)
    .execute()
}

function rowOf(actor: AuditActor, { orgId, action, target, before, after }: AuditNote, at: number): NewAuditRow {
  return {
    at,
    org_id: orgId ?? null,
    actor_kind: actor.kind,
    actor_id: actor.personId ?? null,
    actor_name: actor.name,
    address: actor.address,
    action,
    target_id: target?.id ?? null,
    target_name: target?.name ?? null,
    before: factsText(before),
    after: factsText(after),
  }
}

function factsText(facts: AuditFacts | undefined): string | null {
  return facts === undefined ? null : JSON.stringify(facts)
}
