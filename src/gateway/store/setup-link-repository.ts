import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database } from './schema.ts'

/** The hashes of setup links that nobody has used. All times are epoch milliseconds. */
export class SetupLinkRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** Whether one of that hash is good at `at`. */
  async has(hash: string, at: number): Promise<boolean> {
    const found = await this.#db
      .selectFrom('setup_links')
      .select('hash')
      .where('hash', '=', hash)
      .where('expires_at', '>', at)
      .executeTakeFirst()
    return found !== undefined
  }

  /** Stores one, inside a transaction, which ends after those before it. Of more than `max` the oldest are deleted. */
  async insert(hash: string, expiresAt: number, max: number): Promise<void> {
    const older = await this.#db.selectFrom('setup_links').selectAll().orderBy('expires_at', 'desc').execute()
    // Two of one millisecond are told apart, so that the oldest is one.
    const expires_at = Math.max(expiresAt, (older[0]?.expires_at ?? 0) + 1)
    await this.#db.insertInto('setup_links').values({ hash, expires_at }).execute()
    const surplus = older.slice(max - 1).map((one) => one.hash)
    if (surplus.length > 0) await this.#db.deleteFrom('setup_links').where('hash', 'in', surplus).execute()
  }

  /** Uses one up; false where there is none that is good at `at`. */
  async take(hash: string, at: number): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('setup_links')
      .where('hash', '=', hash)
      .where('expires_at', '>', at)
      .executeTakeFirstOrThrow()
    return numDeletedRows === 1n
  }
}
