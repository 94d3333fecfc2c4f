import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceInTime } from './page.ts'
import type { Database, KeyRow, KeySecretRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** A key to be stored; the repository sets `updated_at`, and the key starts neither revoked nor used. */
export type NewKey = Omit<KeyRow, 'version' | 'updated_at' | 'revoked_at' | 'last_used_at'>

/** The columns that a change may set. */
export type KeyColumns = Pick<
  KeyRow,
  'name' | 'models' | 'routes' | 'networks' | 'allows_cloud' | 'allows_metrics' | 'expires_at'
>

/** The keys of an org, or of one person in it. */
export interface KeyScope {
  readonly orgId: string
  /** `undefined`: everybody's, and the org's own. */
  readonly personId: string | undefined
}

/** How many keys a person may have that are active: neither revoked nor expired, and not the playground's. */
export interface ActiveKeyLimit {
  readonly personId: string
  readonly max: number
}

/** Keys and the hashes of their secrets. All times are epoch milliseconds. */
export class KeyRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /** Every key of every org, revoked ones too. */
  async listAll(): Promise<KeyRow[]> {
    return await this.#db.selectFrom('keys').selectAll().orderBy('created_at').orderBy('id').execute()
  }

  /** The secrets of every key, expired ones too. */
  async listSecrets(): Promise<KeySecretRow[]> {
    return await this.#db.selectFrom('key_secrets').selectAll().execute()
  }

  /** Keys, oldest first, revoked ones too, but none of a playground that has ended by `now`. */
  async list(scope: KeyScope, { after, limit }: Page<PlaceInTime>, now: number): Promise<KeyRow[]> {
    let select = this.#db
      .selectFrom('keys')
      .selectAll()
      .where((keys) => isWithin(keys, scope))
      .where((keys) => keys.or([keys('is_playground', '=', 0), isActive(keys, now)]))
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit)
    if (after !== undefined) {
      select = select.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('created_at', 'id'), '>', tuple(after.at, after.id)),
      )
    }
    return await select.execute()
  }

  /** The key with that id, or else of that name: the one that is not revoked, or else the newest. */
  async find(scope: KeyScope, idOrName: string): Promise<KeyRow | undefined> {
    return await this.#db
      .selectFrom('keys')
      .selectAll()
      .where((keys) => isWithin(keys, scope))
      .where((keys) => keys.or([keys('id', '=', idOrName), keys('name', '=', idOrName)]))
      .orderBy((keys) =>
        keys.case().when('id', '=', idOrName).then(0).when('revoked_at', 'is', null).then(1).else(2).end(),
      )
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .executeTakeFirst()
  }

  /** The names of keys by id, whatever became of them; those of other orgs, and of no key, are not in it. */
  async namesOf(orgId: string, ids: Iterable<string | null>): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(ids)].filter((id) => id !== null)
    if (wanted.length === 0) return new Map()
    const rows = await this.#db
      .selectFrom('keys')
      .select(['id', 'name'])
      .where('org_id', '=', orgId)
      .where('id', 'in', wanted)
      .execute()
    return new Map(rows.map(({ id, name }) => [id, name]))
  }

  /** The keys of a playground that are not revoked: a person's, or the org's own. */
  async livePlaygroundKeys(orgId: string, personId: string | null): Promise<KeyRow[]> {
    return await this.#db
      .selectFrom('keys')
      .selectAll()
      .where('org_id', '=', orgId)
      .where('person_id', personId === null ? 'is' : '=', personId)
      .where('is_playground', '=', 1)
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .execute()
  }

  /**
   * Stores a key with its first secret. Nothing is stored when a key of the org that is not revoked has the name
   * (`name_taken`), or the person has as many active keys as the limit says (`too_many`).
   */
  async insert(key: NewKey, secretHash: string, limit?: ActiveKeyLimit): Promise<'stored' | 'name_taken' | 'too_many'> {
    return await this.#change(key.created_at, async (transaction, updatedAt) => {
      if (await isReached(transaction, limit, key, key.created_at)) return 'too_many'
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('keys')
        .values({ ...key, version: 1, updated_at: updatedAt, revoked_at: null, last_used_at: null })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return 'name_taken'
      await transaction
        .insertInto('key_secrets')
        .values({ key_id: key.id, hash: secretHash, created_at: key.created_at, expires_at: null })
        .execute()
      return 'stored'
    })
  }

  /**
   * Changes what a key may do. Nothing is changed when it is revoked or not of that version any more (`outdated`), when
   * another key of its org has the name, or when it had expired and would be one too many now.
   */
  async change(
    { id, version, at }: { readonly id: string; readonly version: number; readonly at: number },
    columns: KeyColumns,
    limit?: ActiveKeyLimit,
  ): Promise<'changed' | 'outdated' | 'name_taken' | 'too_many'> {
    return await this.#change(at, async (transaction, updatedAt) => {
      const row = await transaction.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst()
      if (row === undefined || row.revoked_at !== null || row.version !== version) return 'outdated'
      const isRevived = hasExpired(row, at) && !hasExpired(columns, at)
      if (isRevived && (await isReached(transaction, limit, row, at))) return 'too_many'
      const namesake = await transaction
        .selectFrom('keys')
        .select('id')
        .where('org_id', '=', row.org_id)
        .where('name', '=', columns.name)
        .where('revoked_at', 'is', null)
        .where('id', '!=', id)
        .executeTakeFirst()
      if (namesake !== undefined) return 'name_taken'
      await transaction
        .updateTable('keys')
        .set({ ...columns, version: version + 1, updated_at: updatedAt })
        .where('id', '=', id)
        .execute()
      return 'changed'
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

  /** Ends every key that is left within the scope; those it ended, as they are now. */
  async revokeAll(scope: KeyScope, at: number): Promise<KeyRow[]> {
    return await this.#change(at, async (transaction, updatedAt) => {
      return await transaction
        .updateTable('keys')
        .set({ revoked_at: at, updated_at: updatedAt })
        .where((keys) => isWithin(keys, scope))
        .where('revoked_at', 'is', null)
        .returningAll()
        .execute()
    })
  }

  /** Deletes the keys of playgrounds that ended at `at` or before, in every org; how many. */
  async deleteEndedPlaygroundKeys(at: number): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('keys')
      .where('is_playground', '=', 1)
      .where((keys) => keys.or([keys('expires_at', '<=', at), keys('revoked_at', '<=', at)]))
      .executeTakeFirstOrThrow()
    return Number(numDeletedRows)
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

function hasExpired({ expires_at: expiresAt }: Pick<KeyRow, 'expires_at'>, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

/** Whether a key is in the scope. */
function isWithin(keys: ExpressionBuilder<Database, 'keys'>, { orgId, personId }: KeyScope): Expression<SqlBool> {
  const isOfOrg = keys('org_id', '=', orgId)
  return personId === undefined ? isOfOrg : keys.and([isOfOrg, keys('person_id', '=', personId)])
}

function isActive(keys: ExpressionBuilder<Database, 'keys'>, now: number): Expression<SqlBool> {
  return keys.and([
    keys('revoked_at', 'is', null),
    keys.or([keys('expires_at', 'is', null), keys('expires_at', '>', now)]),
  ])
}

/** Whether the person has as many active keys in the key's org as they may. */
async function isReached(
  transaction: Kysely<Database>,
  limit: ActiveKeyLimit | undefined,
  { org_id: orgId }: Pick<KeyRow, 'org_id'>,
  now: number,
): Promise<boolean> {
  if (limit === undefined) return false
  const { count } = await transaction
    .selectFrom('keys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where((keys) => isWithin(keys, { orgId, personId: limit.personId }))
    .where('is_playground', '=', 0)
    .where((keys) => isActive(keys, now))
    .executeTakeFirstOrThrow()
  return Number(count) >= limit.max
}
