import type { UpstreamRow } from './schema.ts'
import type { OpenChange } from './store.ts'
import { UpstreamRepository } from './upstream-repository.ts'

/** An upstream to be stored, in its first version. */
export type NewUpstream = Omit<UpstreamRow, 'version' | 'created_at' | 'updated_at'>

/** What can be changed of an upstream. */
export type UpstreamColumns = Pick<UpstreamRow, 'label' | 'url' | 'kind' | 'credential'>

/** Upstreams within a change: what is read of them stays so until it ends. */
export class UpstreamWriter extends UpstreamRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** Whether an upstream of the org has the label; the one with the id `exceptId` does not count. */
  async isLabelTaken(orgId: string, label: string, exceptId = ''): Promise<boolean> {
    const namesake = await this.#change.db
      .selectFrom('upstreams')
      .select('id')
      .where('org_id', '=', orgId)
      .where('label', '=', label)
      .where('id', '!=', exceptId)
      .executeTakeFirst()
    return namesake !== undefined
  }

  /** Stores an upstream; as it is stored. */
  async insert(upstream: NewUpstream): Promise<UpstreamRow> {
    const { db, at } = this.#change
    this.#change.changed('upstreams', upstream.id)
    return await db
      .insertInto('upstreams')
      .values({ ...upstream, version: 1, created_at: at, updated_at: at })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Sets columns of an upstream, which is in its next version then; as it is stored. */
  async set({ id, version }: Pick<UpstreamRow, 'id' | 'version'>, columns: UpstreamColumns): Promise<UpstreamRow> {
    const { db, at } = this.#change
    this.#change.changed('upstreams', id)
    return await db
      .updateTable('upstreams')
      .set({ ...columns, version: version + 1, updated_at: at })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Removes an upstream. */
  async remove(id: string): Promise<void> {
    this.#change.changed('upstreams', id)
    await this.#change.db.deleteFrom('upstreams').where('id', '=', id).execute()
  }

  /** Removes those of an org; as they were. */
  async removeAll(orgId: string): Promise<UpstreamRow[]> {
    const removed = await this.#change.db.deleteFrom('upstreams').where('org_id', '=', orgId).returningAll().execute()
    for (const { id } of removed) this.#change.changed('upstreams', id)
    return removed
  }
}
