import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceInTime } from './page.ts'
import type { Database, InvitationRow, OrgRole } from './schema.ts'

/** An invitation, and what is known of those it names. */
export interface InvitationView extends InvitationRow {
  readonly org_name: string
  /** What whoever made it is in the org today; null: nothing. */
  readonly inviter_role: OrgRole | null
  readonly is_inviter_system_admin: number
  /** Null as well when the person is gone. */
  readonly accepter_name: string | null
}

/** Invitations, with the hashes of their tokens. All times are epoch milliseconds. */
export class InvitationRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The invitations of an org, newest first. */
  async list(orgId: string, { after, limit }: Page<PlaceInTime>): Promise<InvitationView[]> {
    let query = invitations(this.#db).where('invitations.org_id', '=', orgId)
    if (after !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('invitations.created_at', 'invitations.id'), '<', tuple(after.at, after.id)),
      )
    }
    return await query
      .orderBy('invitations.created_at', 'desc')
      .orderBy('invitations.id', 'desc')
      .limit(limit)
      .execute()
  }

  /** The invitations of every org that name an address, given in lower case, and wait to be accepted; oldest first. */
  async listWaiting(email: string, at: number): Promise<InvitationView[]> {
    return await invitations(this.#db)
      .where('invitations.email', '=', email)
      .where('invitations.accepted_at', 'is', null)
      .where('invitations.revoked_at', 'is', null)
      .where('invitations.expires_at', '>', at)
      .orderBy('invitations.created_at')
      .orderBy('invitations.id')
      .execute()
  }

  /** The invitation of that id, in whatever state. */
  async find(id: string): Promise<InvitationView | undefined> {
    return await invitations(this.#db).where('invitations.id', '=', id).executeTakeFirst()
  }
}

function invitations(db: Kysely<Database>) {
  return db
    .selectFrom('invitations')
    .innerJoin('orgs', 'orgs.id', 'invitations.org_id')
    .leftJoin('members as inviter', (join) =>
      join.onRef('inviter.org_id', '=', 'invitations.org_id').onRef('inviter.person_id', '=', 'invitations.inviter_id'),
    )
    .leftJoin('system_admins', 'system_admins.person_id', 'invitations.inviter_id')
    .leftJoin('people as accepter', 'accepter.id', 'invitations.accepted_by')
    .selectAll('invitations')
    .select(({ eb }) => [
      'orgs.name as org_name',
      'inviter.role as inviter_role',
      eb.case().when('system_admins.person_id', 'is', null).then(0).else(1).end().as('is_inviter_system_admin'),
      'accepter.name as accepter_name',
    ])
}
