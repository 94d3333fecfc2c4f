import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, UpstreamRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** An upstream to be stored, in its first version. */
export type NewUpstream = Omit<UpstreamRow, 'version' | 'updated_at'>

/** What can be changed of an upstream. */
export type UpstreamColumns = Pick<UpstreamRow, 'label' | 'url' | 'kind' | 'credential'>

/** The upstreams that were added at run time. All times are epoch milliseconds. */
export class UpstreamRepository {
  readonly #db: Kysely<Database>
  readonly #dialect: OpenDatabase['dialect']

  constructor({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#db = db
    this.#dialect = dialect
  }

  /** Those of every org, oldest first. */
  async list(): Promise<UpstreamRow[]> {
    return await this.#db.selectFrom('upstreams').selectAll().orderBy('created_at').orderBy('id').execute()
  }

  /** The one of an org with that id, or else with that label. */
  async find(orgId: string, idOrLabel: string): Promise<UpstreamRow | undefined> {
    const rows = await this.#db
      .selectFrom('upstreams')
      .selectAll()
      .where('org_id', '=', orgId)
      .where((where) => where.or([where('id', '=', idOrLabel), where('label', '=', idOrLabel)]))
      .execute()
    return rows.find(({ id }) => id === idOrLabel) ?? rows[0]
  }

  /** Stores an upstream; false, and nothing stored, when its org has one with the label. */
  async insert(upstream: NewUpstream): Promise<boolean> {
    return await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'upstreams')
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('upstreams')
        .values({ ...upstream, version: 1, updated_at: upstream.created_at })
        .onConflict((conflict) => conflict.columns(['org_id', 'label']).doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n
    })
  }

  /**
   * Changes the upstream if it still has that version, and gives it as it is then. `outdated`: it has another, or is
   * gone. `label_taken`: its org has another with the label.
   */
  async change(
    { id, org_id, version }: Pick<UpstreamRow, 'id' | 'org_id' | 'version'>,
    columns: UpstreamColumns,
    at: number,
  ): Promise<UpstreamRow | 'outdated' | 'label_taken'> {
    return await this.#db.transaction().execute(async (transaction) => {
      await lockWrites(transaction, this.#dialect, 'upstreams')
      const namesake = await transaction
        .selectFrom('upstreams')
        .select('id')
        .where('org_id', '=', org_id)
        .where('label', '=', columns.label)
        .where('id', '!=', id)
        .executeTakeFirst()
      if (namesake !== undefined) return 'label_taken'
      const changed = await transaction
        .updateTable('upstreams')
        .set({ ...columns, version: version + 1, updated_at: at })
        .where('id', '=', id)
        .where('version', '=', version)
        .returningAll()
        .executeTakeFirst()
      return changed ?? 'outdated'
    })
  }

  /** Removes it; false when there is none with that id. */
  async remove(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('upstreams').where('id', '=', id).executeTakeFirstOrThrow()
    return numDeletedRows === 1n
  }

  /** A text that differs after every change to which upstreams there are and what they are, whoever made the change. */
  async changeMark(): Promise<string> {
    // Each with its version: a highest number would be the same again once the row that had it is gone.
    const rows = await this.#db.selectFrom('upstreams').select(['id', 'version']).orderBy('id').execute()
    return rows.map(({ id, version }) => `${id}:${version}`).join()
  }
}
