import { sql } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import type { OpenDatabase } from './database.ts'

/** Rows of one bucket; past that those that end first are forgotten. About 2 MB. */
const MAX_ROWS = 10_000
/** New rows of this process after which it looks whether there are too many. */
const NEW_ROWS_BETWEEN_SWEEPS = 1_000

/** What is counted. Keys of one bucket are forgotten for others of the same, never for those of another. */
export type Bucket = 'passwords' | 'second-factors' | 'used-codes' | 'newcomers' | 'reset-mails' | 'wrong-user-codes'

/** How many a key may take in one window. */
export interface CountLimit {
  readonly max: number
  /** How long a window is that begins with a first take, in milliseconds. */
  readonly windowMs: number
}

export interface CountsOptions {
  readonly database: Pick<OpenDatabase, 'db'>
  /** What is stored of a key, which may be an address that somebody mistyped: under the gateway's pepper. */
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
}

/**
 * Counts that all gateways on one database share, and that a restart does not forget: for what can be guessed, or must be
 * good once. Each take is one statement of its own, in no transaction, so that no stranger holds up a change.
 */
export class Counts {
  readonly #options: CountsOptions
  #newRows = 0

  constructor(options: CountsOptions) {
    this.#options = options
  }

  /** Takes one; `undefined` when there was one left, else how long until there is again, in milliseconds. */
  async take(bucket: Bucket, key: string, { max, windowMs }: CountLimit): Promise<number | undefined> {
    const { database, clock } = this.#options
    const now = clock.now()
    const stored = this.#stored(key)
    // A window that ends later than a new one would was begun before the clock was put back.
    const hasEnded = sql<boolean>`(counts.ends_at <= ${now} or counts.ends_at > ${now + windowMs})`
    const taken = await database.db
      .insertInto('counts')
      .values({ bucket, key: stored, count: 1, ends_at: now + windowMs })
      .onConflict((conflict) =>
        conflict
          .columns(['bucket', 'key'])
          .doUpdateSet({
            count: sql`case when ${hasEnded} then 1 else counts.count + 1 end`,
            ends_at: sql`case when ${hasEnded} then excluded.ends_at else counts.ends_at end`,
          })
          .where(sql<boolean>`${hasEnded} or counts.count < ${max}`),
      )
      .returning('count')
      .executeTakeFirst()
    if (taken !== undefined) {
      if (taken.count === 1) await this.#added(bucket)
      return undefined
    }
    const full = await database.db
      .selectFrom('counts')
      .select('ends_at')
      .where('bucket', '=', bucket)
      .where('key', '=', stored)
      .executeTakeFirst()
    return Math.max(1, (full?.ends_at ?? now) - now)
  }

  /** Gives back what was taken. */
  async giveBack(bucket: Bucket, key: string): Promise<void> {
    await this.#options.database.db
      .updateTable('counts')
      .set(({ eb }) => ({ count: eb('count', '-', 1) }))
      .where('bucket', '=', bucket)
      .where('key', '=', this.#stored(key))
      .where('count', '>', 0)
      .execute()
  }

  /** Deletes what has ended, in every bucket. */
  async sweep(): Promise<void> {
    const { database, clock } = this.#options
    await database.db.deleteFrom('counts').where('ends_at', '<=', clock.now()).execute()
  }

  /** A stranger who comes from everywhere must not fill the table. */
  async #added(bucket: Bucket): Promise<void> {
    if (++this.#newRows % NEW_ROWS_BETWEEN_SWEEPS !== 0) return
    await this.sweep()
    await this.#options.database.db
      .deleteFrom('counts')
      .where('bucket', '=', bucket)
      .where('ends_at', '<=', ({ selectFrom }) =>
        selectFrom('counts as kept')
          .select('kept.ends_at')
          .where('kept.bucket', '=', bucket)
          .orderBy('kept.ends_at', 'desc')
          .limit(1)
          .offset(MAX_ROWS),
      )
      .execute()
  }

  #stored(key: string): string {
    return this.#options.hash(key).toString('base64url')
  }
}
