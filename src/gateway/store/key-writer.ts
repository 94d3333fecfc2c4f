import { sql } from 'kysely'
import { isActive, isWithin, KeyRepository, type KeyScope } from './key-repository.ts'
import type { KeyRow } from './schema.ts'
import type { OpenChange } from './store.ts'

/** A key to be stored; it starts in its first version, neither revoked nor used. */
export type NewKey = Omit<KeyRow, 'version' | 'updated_at' | 'revoked_at' | 'last_used_at'>

/** The columns that a change may set. */
export type KeyColumns = Pick<KeyRow, 'name' | 'terms' | 'expires_at'>

/** A secret that opens a key from now on. */
export interface NewKeySecret {
  readonly hash: string
  /** When those before it stop working. */
  readonly olderExpireAt: number
}

/** Keys within a change: what is read of them stays so until it ends. All times are epoch milliseconds. */
export class KeyWriter extends KeyRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** How many keys within the scope are active: neither revoked nor expired, and not a playground's. */
  async countActive(scope: KeyScope): Promise<number> {
    const { count } = await this.#change.db
      .selectFrom('keys')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where((keys) => isWithin(keys, scope))
      .where('is_playground', '=', 0)
      .where((keys) => isActive(keys, this.#change.at))
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  /** Whether a key of the org that is not revoked has the name; the one with the id `exceptId` does not count. */
  async isNameTaken(orgId: string, name: string, exceptId = ''): Promise<boolean> {
    const namesake = await this.#change.db
      .selectFrom('keys')
      .select('id')
      .where('org_id', '=', orgId)
      .where('name', '=', name)
      .where('revoked_at', 'is', null)
      .where('id', '!=', exceptId)
      .executeTakeFirst()
    return namesake !== undefined
  }

  /** Stores a key with its first secret; as it is stored. */
  async insert(key: NewKey, secretHash: string): Promise<KeyRow> {
    const { db, at } = this.#change
    const stored = await db
      .insertInto('keys')
      .values({ ...key, version: 1, updated_at: at, revoked_at: null, last_used_at: null })
      .returningAll()
      .executeTakeFirstOrThrow()
    await db
      .insertInto('key_secrets')
      .values({ key_id: key.id, hash: secretHash, created_at: key.created_at, expires_at: null })
      .execute()
    this.#change.changed('keys', key.id)
    return stored
  }

  /** Sets columns of a key, which is in its next version then; as it is stored. */
  async set({ id, version }: Pick<KeyRow, 'id' | 'version'>, columns: KeyColumns): Promise<KeyRow> {
    return await this.#update(id, { ...columns, version: version + 1 })
  }

  /** Gives a key a new current secret. The older ones work until their own end, if that comes first. */
  async rotate(id: string, { hash, olderExpireAt }: NewKeySecret): Promise<KeyRow> {
    const { db, at } = this.#change
    await db
      .updateTable('key_secrets')
      .set({ expires_at: olderExpireAt })
      .where('key_id', '=', id)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', olderExpireAt)]))
      .execute()
    await db.insertInto('key_secrets').values({ key_id: id, hash, created_at: at, expires_at: null }).execute()
    return await this.#update(id, {})
  }

  /** Ends a key for good; as it is stored. Its secrets stay, to tell revoked from unknown. */
  async revoke(id: string): Promise<KeyRow> {
    return await this.#update(id, { revoked_at: this.#change.at })
  }

  /** Ends every key that is left within the scope; those it ended, as they are now. */
  async revokeAll(scope: KeyScope): Promise<KeyRow[]> {
    const { db, at } = this.#change
    const revoked = await db
      .updateTable('keys')
      .set({ revoked_at: at, updated_at: at })
      .where((keys) => isWithin(keys, scope))
      .where('revoked_at', 'is', null)
      .returningAll()
      .execute()
    for (const { id } of revoked) this.#change.changed('keys', id)
    return revoked
  }

  /** Deletes the keys of playgrounds that ended at `at` or before, in every org. */
  async deleteEndedPlaygroundKeys(at: number): Promise<void> {
    const deleted = await this.#change.db
      .deleteFrom('keys')
      .where('is_playground', '=', sql.lit(1))
      .where((keys) => keys.or([keys('expires_at', '<=', at), keys('revoked_at', '<=', at)]))
      .returning('id')
      .execute()
    for (const { id } of deleted) this.#change.changed('keys', id)
  }

  async #update(id: string, columns: Partial<KeyRow>): Promise<KeyRow> {
    this.#change.changed('keys', id)
    return await this.#change.db
      .updateTable('keys')
      .set({ ...columns, updated_at: this.#change.at })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }
}
