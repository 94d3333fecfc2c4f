import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, ModelAliasRow, ModelRuleRow } from './schema.ts'

/** What orgs have said of their models, in the order in which it was added. All times are epoch milliseconds. */
export class ModelRuleRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The rules of these orgs; default: of all. */
  async rules(orgIds?: readonly string[]): Promise<ModelRuleRow[]> {
    let query = this.#db.selectFrom('model_rules').selectAll()
    if (orgIds !== undefined) query = query.where('org_id', 'in', orgIds)
    return await query.orderBy('created_at').orderBy('canonical').orderBy('upstream').execute()
  }

  /** The other names of models of these orgs; default: of all. */
  async aliases(orgIds?: readonly string[]): Promise<ModelAliasRow[]> {
    let query = this.#db.selectFrom('model_aliases').selectAll()
    if (orgIds !== undefined) query = query.where('org_id', 'in', orgIds)
    return await query.orderBy('created_at').orderBy('canonical').execute()
  }
}
