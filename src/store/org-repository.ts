import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceInTime } from './page.ts'
import type { Database, OrgRole, OrgRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** An org to be stored: nothing set, in its first version. */
export type NewOrg = Pick<OrgRow, 'id' | 'slug' | 'name' | 'created_at'>

/** An org, and what somebody is in it; null: no member. */
export type SeenOrgRow = OrgRow & { readonly role: OrgRole | null }

/** Whose list of orgs it is. */
export interface OrgViewer {
  /** `undefined`: nobody who signed in. */
  readonly personId: string | undefined
  /** Also the orgs they do not belong to. */
  readonly seesAll: boolean
}

/** Orgs and their settings. All times are epoch milliseconds. */
export class OrgRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /** The orgs that somebody sees, oldest first. */
  async list({ personId, seesAll }: OrgViewer, { after, limit }: Page<PlaceInTime>): Promise<SeenOrgRow[]> {
    let query = this.#db
      .selectFrom('orgs')
      .leftJoin('members', (join) =>
        join.onRef('members.org_id', '=', 'orgs.id').on('members.person_id', '=', personId ?? ''),
      )
      .selectAll('orgs')
      .select('members.role')
    if (!seesAll) query = query.where('members.person_id', 'is not', null)
    if (after !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('orgs.created_at', 'orgs.id'), '>', tuple(after.at, after.id)),
      )
    }
    return await query.orderBy('orgs.created_at').orderBy('orgs.id').limit(limit).execute()
  }

  /** The org of that id or slug. No org has the id of another as its slug. */
  async find(idOrSlug: string): Promise<OrgRow | undefined> {
    return await this.#db
      .selectFrom('orgs')
      .selectAll()
      .where(({ or, eb }) => or([eb('id', '=', idOrSlug), eb('slug', '=', idOrSlug)]))
      .executeTakeFirst()
  }

  /** Stores an org, and its first owner if there is one; `undefined`, and nothing stored, when the slug is taken. */
  async insert(org: NewOrg, ownerId: string | undefined): Promise<OrgRow | undefined> {
    return await this.#db.transaction().execute(async (transaction) => {
      const stored = await transaction
        .insertInto('orgs')
        .values({ ...org, settings: '{}', version: 1, updated_at: org.created_at })
        .onConflict((conflict) => conflict.column('slug').doNothing())
        .returningAll()
        .executeTakeFirst()
      if (stored === undefined || ownerId === undefined) return stored
      await transaction
        .insertInto('members')
        .values({ org_id: org.id, person_id: ownerId, role: 'owner', version: 1, created_at: org.created_at })
        .execute()
      return stored
    })
  }

  /** Changes an org that is still in that version; `stale` when it is not, `gone` when there is none. */
  async change(
    id: string,
    version: number,
    change: Partial<Pick<OrgRow, 'name' | 'settings'>>,
    at: number,
  ): Promise<{ readonly before: OrgRow; readonly after: OrgRow } | 'stale' | 'gone'> {
    return await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'people')
      const before = await transaction.selectFrom('orgs').selectAll().where('id', '=', id).executeTakeFirst()
      if (before === undefined) return 'gone'
      if (before.version !== version) return 'stale'
      const after = await transaction
        .updateTable('orgs')
        .set({ ...change, version: version + 1, updated_at: at })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow()
      return { before, after }
    })
  }

  /** Deletes an org with its members and invitations; false when there is none. */
  async remove(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('orgs').where('id', '=', id).executeTakeFirstOrThrow()
    return numDeletedRows === 1n
  }
}
