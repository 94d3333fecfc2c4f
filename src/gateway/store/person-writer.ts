import { PersonRepository } from './person-repository.ts'
import type { OpenChange } from './store.ts'

/** What people may do, within a change: what is read of them, and who is counted, stays so until it ends. */
export class PersonWriter extends PersonRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** Makes a person, who is none, a system admin. */
  async addSystemAdmin(id: string): Promise<void> {
    const { db, at } = this.#change
    await db.insertInto('system_admins').values({ person_id: id, created_at: at }).execute()
    this.#change.changed('people', id)
  }

  /** Makes a person a system admin no longer. */
  async removeSystemAdmin(id: string): Promise<void> {
    await this.#change.db.deleteFrom('system_admins').where('person_id', '=', id).execute()
    this.#change.changed('people', id)
  }

  /** Takes from a person all they may do. */
  async strip(id: string): Promise<void> {
    const { db } = this.#change
    await db.deleteFrom('system_admins').where('person_id', '=', id).execute()
    await db.deleteFrom('members').where('person_id', '=', id).execute()
    this.#change.changed('people', id)
  }

  /** Lets a session work in an org from now on. */
  async setSessionOrg(sessionId: string, orgId: string): Promise<void> {
    await this.#change.db
      .insertInto('session_orgs')
      .values({ session_id: sessionId, org_id: orgId })
      .onConflict((conflict) => conflict.column('session_id').doUpdateSet({ org_id: orgId }))
      .execute()
    this.#change.changed('sessions', sessionId)
  }
}
