import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceInTime } from './page.ts'
import type { Database, OrgRole, OrgRow } from './schema.ts'

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

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
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
}
