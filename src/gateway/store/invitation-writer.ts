import type { ExpressionBuilder } from 'kysely'
import { InvitationRepository } from './invitation-repository.ts'
import type { Database, InvitationRow } from './schema.ts'
import type { OpenChange } from './store.ts'

/** An invitation to be stored: neither accepted nor revoked. */
export type NewInvitation = Omit<InvitationRow, 'accepted_at' | 'accepted_by' | 'revoked_at'>

/** Invitations within a change: what is read of them stays so until it ends. */
export class InvitationWriter extends InvitationRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** How many invitations of an org wait to be accepted. */
  async countWaiting(orgId: string): Promise<number> {
    const { db, at } = this.#change
    const { waiting } = await db
      .selectFrom('invitations')
      .select(({ fn }) => fn.countAll<number>().as('waiting'))
      .where('org_id', '=', orgId)
      .where(isWaitingAt(at))
      .executeTakeFirstOrThrow()
    return Number(waiting)
  }

  async insert(invitation: NewInvitation): Promise<void> {
    await this.#change.db
      .insertInto('invitations')
      .values({ ...invitation, accepted_at: null, accepted_by: null, revoked_at: null })
      .execute()
  }

  /** Ends an invitation for good; false, and nothing changed, for one that nobody can accept any more. */
  async revoke(id: string): Promise<boolean> {
    const { db, at } = this.#change
    const { numUpdatedRows } = await db
      .updateTable('invitations')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where(isWaitingAt(at))
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /** Uses an invitation up. */
  async accept(id: string, personId: string): Promise<void> {
    const { db, at } = this.#change
    await db.updateTable('invitations').set({ accepted_at: at, accepted_by: personId }).where('id', '=', id).execute()
  }
}

function isWaitingAt(at: number) {
  return ({ and, eb }: ExpressionBuilder<Database, 'invitations'>) =>
    and([eb('accepted_at', 'is', null), eb('revoked_at', 'is', null), eb('expires_at', '>', at)])
}
