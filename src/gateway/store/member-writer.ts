import { MemberRepository, type MemberView } from './member-repository.ts'
import type { MemberRow, OrgRole } from './schema.ts'
import type { OpenChange } from './store.ts'

/** Members within a change: what is read of them, and who is counted, stays so until it ends. */
export class MemberWriter extends MemberRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** Makes a person a member; false, and nothing changed, for who is one already. */
  async add(orgId: string, personId: string, role: OrgRole): Promise<boolean> {
    const { db, at } = this.#change
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('members')
      .values({ org_id: orgId, person_id: personId, role, version: 1, created_at: at })
      .onConflict((conflict) => conflict.columns(['org_id', 'person_id']).doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows !== 1n) return false
    this.#change.changed('people', personId)
    return true
  }

  /** Gives a member another role, which is in its next version then; as it is stored. */
  async setRole(member: MemberView, role: OrgRole): Promise<MemberView> {
    const { org_id, person_id, version } = member
    const columns = { role, version: version + 1 }
    await this.#change.db
      .updateTable('members')
      .set(columns)
      .where('org_id', '=', org_id)
      .where('person_id', '=', person_id)
      .execute()
    this.#change.changed('people', person_id)
    return { ...member, ...columns }
  }

  /** Ends a membership. */
  async remove({ org_id, person_id }: Pick<MemberRow, 'org_id' | 'person_id'>): Promise<void> {
    await this.#change.db
      .deleteFrom('members')
      .where('org_id', '=', org_id)
      .where('person_id', '=', person_id)
      .execute()
    this.#change.changed('people', person_id)
  }
}
