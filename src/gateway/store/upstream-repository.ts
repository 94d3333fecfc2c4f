import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, UpstreamRow } from './schema.ts'

/** The upstreams that were added at run time. All times are epoch milliseconds. */
export class UpstreamRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** Those of every org, oldest first. */
  async list(): Promise<UpstreamRow[]> {
    return await this.#db.selectFrom('upstreams').selectAll().orderBy('created_at').orderBy('id').execute()
  }

  /** Those of these ids, of whichever org. */
  async listByIds(ids: readonly string[]): Promise<UpstreamRow[]> {
    return await this.#db.selectFrom('upstreams').selectAll().where('id', 'in', ids).execute()
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
}
