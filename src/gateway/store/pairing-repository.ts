import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, PairingRow } from './schema.ts'

/** Device codes and one-time tokens that were not redeemed yet. All times are epoch milliseconds. */
export class PairingRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The pairing with that public id. */
  async findById(id: string): Promise<PairingRow | undefined> {
    return await this.#db.selectFrom('pairings').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** The pairing with that user code, in whatever state. */
  async findByUserCode(userCode: string): Promise<PairingRow | undefined> {
    return await this.#db.selectFrom('pairings').selectAll().where('user_code', '=', userCode).executeTakeFirst()
  }

  /** Notes that the agent asked; false when it asked elsewhere at the same time. */
  async recordPoll({ id, polled_at }: PairingRow, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('pairings')
      .set({ polled_at: at })
      .where('id', '=', id)
      .where('polled_at', polled_at === null ? 'is' : '=', polled_at)
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /** Lets the agent wait longer between two questions, unless it waits `maxMs` already. */
  async slowDown(id: string, byMs: number, maxMs: number): Promise<void> {
    await this.#db
      .updateTable('pairings')
      .set(({ eb }) => ({ interval_ms: eb('interval_ms', '+', byMs) }))
      .where('id', '=', id)
      .where('interval_ms', '<', maxMs)
      .execute()
  }
}
