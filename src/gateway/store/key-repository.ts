import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import { holdsText } from './holds-text.ts'
import type { Page, PlaceInTime } from './page.ts'
import { isRevokedAs } from './revoked-filter.ts'
import type { Database, KeyRow, KeySecretRow } from './schema.ts'

/** Keys whose use is written by one statement. */
const TOUCHED_AT_ONCE = 500

/** The keys of an org, or of one person in it. */
export interface KeyScope {
  readonly orgId: string
  /** `undefined`: everybody's, and the org's own. */
  readonly personId: string | undefined
}

/** A part of the list of keys. */
export interface KeyPage extends Page<PlaceInTime> {
  /** Only those with this in their name or id. */
  readonly text?: string | undefined
  /** Only those that are revoked, or none of them. Default: both. */
  readonly isRevoked?: boolean | undefined
  /** Ids of keys that are revoked, whatever is stored of them. Default: none. */
  readonly revokedHere?: readonly string[] | undefined
}

/** Which keys end soon: before `before`, and not made for `minLifeMs` or less. */
export interface EndingSoon {
  readonly before: number
  readonly minLifeMs: number
  /** As in a `KeyPage`. */
  readonly revokedHere?: readonly string[] | undefined
}

/** Keys and the hashes of their secrets. All times are epoch milliseconds. */
export class KeyRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** Some of all keys of all orgs, revoked ones too, by id: those after `id`. `''` is before all. */
  async listAfter(id: string, limit: number): Promise<KeyRow[]> {
    return await this.#db.selectFrom('keys').selectAll().where('id', '>', id).orderBy('id').limit(limit).execute()
  }

  /** The keys of these ids, of whichever org, revoked ones too. */
  async listByIds(ids: readonly string[]): Promise<KeyRow[]> {
    return await this.#db.selectFrom('keys').selectAll().where('id', 'in', ids).execute()
  }

  /** The secrets of the keys of these ids, expired ones too. */
  async listSecretsOf(ids: readonly string[]): Promise<KeySecretRow[]> {
    return await this.#db.selectFrom('key_secrets').selectAll().where('key_id', 'in', ids).execute()
  }

  /** Keys, newest first, but none of a playground that has ended by `now`. */
  async list(scope: KeyScope, { after, limit, text, isRevoked, revokedHere }: KeyPage, now: number): Promise<KeyRow[]> {
    let select = this.#db
      .selectFrom('keys')
      .selectAll()
      .where((keys) => isWithin(keys, scope))
      .where((keys) => keys.or([keys('is_playground', '=', 0), isActive(keys, now)]))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
    if (text !== undefined) select = select.where(holdsText(['name', 'id'], text))
    if (isRevoked !== undefined) select = select.where(isRevokedAs(isRevoked, revokedHere))
    if (after !== undefined) {
      select = select.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('created_at', 'id'), '<', tuple(after.at, after.id)),
      )
    }
    return await select.execute()
  }

  /** How many keys are active, and how many of them end soon. */
  async countByLife(
    scope: KeyScope,
    now: number,
    { revokedHere, ...soon }: EndingSoon,
  ): Promise<{ readonly active: number; readonly endingSoon: number }> {
    const { active, endingSoon } = await this.#db
      .selectFrom('keys')
      .select((keys) => [
        keys.fn.countAll<number>().as('active'),
        keys.fn.count<number>(keys.case().when(endsSoon(keys, soon)).then(1).end()).as('endingSoon'),
      ])
      .where((keys) => isWithin(keys, scope))
      .where((keys) => isActive(keys, now))
      .where(isRevokedAs(false, revokedHere))
      .executeTakeFirstOrThrow()
    return { active: Number(active), endingSoon: Number(endingSoon) }
  }

  /** The active keys that end soon, the first to end first. */
  async listEndingSoon(
    scope: KeyScope,
    now: number,
    { revokedHere, ...soon }: EndingSoon,
    limit: number,
  ): Promise<KeyRow[]> {
    return await this.#db
      .selectFrom('keys')
      .selectAll()
      .where((keys) => isWithin(keys, scope))
      .where((keys) => isActive(keys, now))
      .where((keys) => endsSoon(keys, soon))
      .where(isRevokedAs(false, revokedHere))
      .orderBy('expires_at')
      .orderBy('id')
      .limit(limit)
      .execute()
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
      .where('is_playground', '=', sql.lit(1))
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .execute()
  }

  /** Records when keys, by id, were last used; a time older than the stored one changes nothing. Marks no change. */
  async touch(lastUsedAt: ReadonlyMap<string, number>): Promise<void> {
    // In one order everywhere, so that two gateways on one database never wait for each other in a circle.
    const touches = [...lastUsedAt].sort(([left], [right]) => (left < right ? -1 : 1))
    for (let from = 0; from < touches.length; from += TOUCHED_AT_ONCE) {
      const used = sql.join(
        touches
          .slice(from, from + TOUCHED_AT_ONCE)
          .map(([id, at]) => sql`(cast(${id} as text), cast(${at} as bigint))`),
      )
      await sql`update keys set last_used_at = used.column2 from (values ${used}) as used
        where keys.id = used.column1 and (last_used_at is null or last_used_at < used.column2)`.execute(this.#db)
    }
  }

  /** Deletes the secrets that stopped working at `at` or before; how many. Marks no change: none of them worked. */
  async deleteExpiredSecrets(at: number): Promise<number> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('key_secrets')
      .where('expires_at', '<=', at)
      .executeTakeFirstOrThrow()
    return Number(numDeletedRows)
  }
}

/** Whether a key is in the scope. */
export function isWithin(
  keys: ExpressionBuilder<Database, 'keys'>,
  { orgId, personId }: KeyScope,
): Expression<SqlBool> {
  const isOfOrg = keys('org_id', '=', orgId)
  return personId === undefined ? isOfOrg : keys.and([isOfOrg, keys('person_id', '=', personId)])
}

/** Whether a key is neither revoked nor expired. */
export function isActive(keys: ExpressionBuilder<Database, 'keys'>, now: number): Expression<SqlBool> {
  return keys.and([
    keys('revoked_at', 'is', null),
    keys.or([keys('expires_at', 'is', null), keys('expires_at', '>', now)]),
  ])
}

function endsSoon(keys: ExpressionBuilder<Database, 'keys'>, { before, minLifeMs }: EndingSoon): Expression<SqlBool> {
  return keys.and([
    keys('expires_at', '<=', before),
    keys(keys('expires_at', '-', keys.ref('created_at')), '>', minLifeMs),
  ])
}
