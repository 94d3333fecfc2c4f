import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, KeyRow, KeySecretRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** A key to be stored; the repository sets `updated_at`, and the key starts neither revoked nor used. */
export type NewKey = Omit<KeyRow, 'updated_at' | 'revoked_at' | 'last_used_at'>

/** Keys and the hashes of their secrets. All times are epoch milliseconds. */
export class KeyRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /** Every key, revoked ones too, oldest first. */
  async list(): Promise<KeyRow[]> {
    return await this.#db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('id').execute()
  }

  /** The secrets of every key, expired ones too. */
  async listSecrets(): Promise<KeySecretRow[]> {
    return await this.#db.selectFrom('key_secrets').selectAll().execute()
  }

  /** The key with that id, revoked or not. */
  async findById(id: string): Promise<KeyRow | undefined> {
    return await this.#db.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** The key of that name that is not revoked; there is at most one. */
  async findByName(name: string): Promise<KeyRow | undefined> {
    return await this.#db
      .selectFrom('keys')
      .selectAll()
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
  }

  /** Stores a key with its first secret; false, and nothing stored, when a key that is not revoked has the name. */
  async insert(key: NewKey, secretHash: string): Promise<boolean> {
    return await this.#change(key.created_at, async (transaction, updatedAt) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('keys')
        .values({ ...key, updated_at: updatedAt, revoked_at: null, last_used_at: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return false
      await transaction
        .insertInto('key_secrets')
        .values({ key_id: key.id, hash: secretHash, created_at: key.created_at, expires_at: null })
        .execute()
      return true
    })
  }

  /**
   * Gives a key a new current secret. The older ones work until `olderExpireAt`, or until their own end if that comes
   * first. False, and nothing changed, when no key that is not revoked has the id.
   */
  async rotate(
    id: string,
    secret: { readonly hash: string; readonly at: number; readonly olderExpireAt: number },
  ): Promise<boolean> {
    return await this.#change(secret.at, async (transaction, updatedAt) => {
      const { numUpdatedRows } = await transaction
        .updateTable('keys')
        .set({ updated_at: updatedAt })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      await transaction
        .updateTable('key_secrets')
        .set({ expires_at: secret.olderExpireAt })
        .where('key_id', '=', id)
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', secret.olderExpireAt)]))
        .execute()
      await transaction
        .insertInto('key_secrets')
        .values({ key_id: id, hash: secret.hash, created_at: secret.at, expires_at: null })
        .execute()
      return true
    })
  }

  /** Ends a key for good; false when no key that is not revoked has the id. Its secrets stay, to tell revoked from unknown. */
  async revoke(id: string, at: number): Promise<boolean> {
    return await this.#change(at, async (transaction, updatedAt) => {
      const { numUpdatedRows } = await transaction
        .updateTable('keys')
        .set({ revoked_at: at, updated_at: updatedAt })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /** Records when keys, by id, were last used; a time older than the stored one changes nothing. Moves no change mark. */
  async touch(lastUsedAt: ReadonlyMap<string, number>): Promise<void> {
    if (lastUsedAt.size === 0) return
    // In one order everywhere, so that two gateways on one database never wait for each other in a circle.
    const touches = [...lastUsedAt].sort(([left], [right]) => (left < right ? -1 : 1))
    await this.#db.transaction().execute(async (transaction) => {
      for (const [id, at] of touches) {
        await transaction
          .updateTable('keys')
          .set({ last_used_at: at })
          .where('id', '=', id)
          .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', at)]))
          .execute()
      }
    })
  }

  /** A text that differs after every change to what a key may do or which secrets open it, whoever made the change. */
  async changeMark(): Promise<string> {
    const { newest, count } = await this.#db
      .selectFrom('keys')
      .select(({ fn }) => [fn.max('updated_at').as('newest'), fn.countAll<number>().as('count')])
      .executeTakeFirstOrThrow()
    return `${newest ?? 0}:${count}`
  }

  /** Deletes the secrets that stopped working at `at` or before; how many. Moves no change mark: none of them worked. */
  async deleteExpiredSecrets(at: number): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('key_secrets')
      .where('expires_at', '<=', at)
      .executeTakeFirstOrThrow()
    return Number(numDeletedRows)
  }

  /**
   * Runs a change in a transaction, with an `updated_at` above every other. The clock alone would not do: two changes
   * in one millisecond, or one by a machine whose clock is behind, would leave the change mark where it was.
   */
  async #change<T>(now: number, run: (transaction: Kysely<Database>, updatedAt: number) => Promise<T>): Promise<T> {
    return await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'keys')
      const { newest } = await transaction
        .selectFrom('keys')
        .select(({ fn }) => fn.max('updated_at').as('newest'))
        .executeTakeFirstOrThrow()
      return await run(transaction, Math.max(now, (newest ?? 0) + 1))
    })
  }
}
