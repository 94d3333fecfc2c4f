import { OrgRepository } from './org-repository.ts'
import type { OrgRow } from './schema.ts'
import type { OpenChange } from './store.ts'

/** An org to be stored: nothing set, in its first version. */
export type NewOrg = Pick<OrgRow, 'id' | 'slug' | 'name' | 'created_at'>

/** Orgs within a change: what is read of them stays so until it ends. */
export class OrgWriter extends OrgRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** Stores an org; as it is stored. */
  async insert(org: NewOrg): Promise<OrgRow> {
    this.#change.changed('orgs', org.id)
    return await this.#change.db
      .insertInto('orgs')
      .values({ ...org, settings: '{}', version: 1, updated_at: org.created_at })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Sets columns of an org, which is in its next version then; as it is stored. */
  async set(
    { id, version }: Pick<OrgRow, 'id' | 'version'>,
    columns: Partial<Pick<OrgRow, 'name' | 'settings'>>,
  ): Promise<OrgRow> {
    this.#change.changed('orgs', id)
    return await this.#change.db
      .updateTable('orgs')
      .set({ ...columns, version: version + 1, updated_at: this.#change.at })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Deletes an org with its members, invitations and upstreams. Its keys and tunnels are to be ended before. */
  async remove(id: string): Promise<void> {
    const { db } = this.#change
    // The database deletes them by itself, and says nothing of it.
    for (const { person_id } of await db.selectFrom('members').select('person_id').where('org_id', '=', id).execute()) {
      this.#change.changed('people', person_id)
    }
    for (const upstream of await db.selectFrom('upstreams').select('id').where('org_id', '=', id).execute()) {
      this.#change.changed('upstreams', upstream.id)
    }
    await db.deleteFrom('orgs').where('id', '=', id).execute()
    this.#change.changed('orgs', id)
  }
}
