import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceInTime } from './page.ts'
import type { Database, InvitationRow, OrgRole } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** An invitation to be stored: neither accepted nor revoked. */
export type NewInvitation = Omit<InvitationRow, 'accepted_at' | 'accepted_by' | 'revoked_at'>

/** An invitation, and what is known of those it names. */
export interface InvitationView extends InvitationRow {
  readonly org_name: string
  /** What whoever made it is in the org today; null: nothing. */
  readonly inviter_role: OrgRole | null
  readonly is_inviter_system_admin: number
  /** Null as well when the person is gone. */
  readonly accepter_name: string | null
}

/** Why nobody joined: the invitation is none that is open, or the person is a member already. */
export type AcceptRefusal = 'closed' | 'member'

/** Invitations, with the hashes of their tokens. All times are epoch milliseconds. */
export class InvitationRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
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

  /** Stores an invitation; false, and nothing stored, when the org has `max` already that wait to be accepted. */
  async insert(invitation: NewInvitation, max: number): Promise<boolean> {
    return await this.#change(async (transaction) => {
      const { waiting } = await transaction
        .selectFrom('invitations')
        .select(({ fn }) => fn.countAll<number>().as('waiting'))
        .where('org_id', '=', invitation.org_id)
        .where('accepted_at', 'is', null)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', invitation.created_at)
        .executeTakeFirstOrThrow()
      if (waiting >= max) return false
      await transaction
        .insertInto('invitations')
        .values({ ...invitation, accepted_at: null, accepted_by: null, revoked_at: null })
        .execute()
      return true
    })
  }

  /** Ends an invitation of the org that could be accepted still; false when there is none of that id that could. */
  async revoke(orgId: string, id: string, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('invitations')
      .set({ revoked_at: at })
      .where('org_id', '=', orgId)
      .where('id', '=', id)
      .where('accepted_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', at)
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /** Makes a person a member by an invitation that is open, and uses it up; or says why not, and changes nothing. */
  async accept(
    id: string,
    personId: string,
    at: number,
    isOpen: (invitation: InvitationView) => boolean,
  ): Promise<InvitationView | AcceptRefusal> {
    return await this.#change(async (transaction) => {
      const invitation = await invitations(transaction).where('invitations.id', '=', id).executeTakeFirst()
      if (invitation === undefined || !isOpen(invitation)) return 'closed'
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('members')
        .values({ org_id: invitation.org_id, person_id: personId, role: invitation.role, version: 1, created_at: at })
        .onConflict((conflict) => conflict.columns(['org_id', 'person_id']).doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows !== 1n) return 'member'
      await transaction
        .updateTable('invitations')
        .set({ accepted_at: at, accepted_by: personId })
        .where('id', '=', id)
        .execute()
      return invitation
    })
  }

  /** Runs a change that no other one to invitations, members or orgs runs beside. */
  async #change<T>(run: (transaction: Kysely<Database>) => Promise<T>): Promise<T> {
    return await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'people')
      return await run(transaction)
    })
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
