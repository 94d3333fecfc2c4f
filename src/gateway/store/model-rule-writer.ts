import { ModelRuleRepository } from './model-rule-repository.ts'
import type { ModelAliasRow, ModelRuleRow } from './schema.ts'
import type { OpenChange } from './store.ts'

/** By what a rule is found, of which there is one. */
export type ModelRulePlace = Pick<ModelRuleRow, 'org_id' | 'canonical' | 'upstream'>

/** By what another name of a model is found, of which there is one. */
export type ModelAliasPlace = Pick<ModelAliasRow, 'org_id' | 'canonical'>

type Times = 'version' | 'created_at' | 'updated_at'

/** What orgs say of their models, within a change: what is read stays so until it ends. Who follows is told of the org. */
export class ModelRuleWriter extends ModelRuleRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** Stores a rule in its first version; as it is stored. */
  async insertRule(rule: Omit<ModelRuleRow, Times>): Promise<ModelRuleRow> {
    const { db, at } = this.#change
    this.#change.changed('models', rule.org_id)
    return await db
      .insertInto('model_rules')
      .values({ ...rule, version: 1, created_at: at, updated_at: at })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Sets columns of a rule, which is in its next version then; as it is stored. */
  async setRule(
    { org_id, canonical, upstream, version }: ModelRuleRow,
    columns: Pick<ModelRuleRow, 'match' | 'translate' | 'defaults'>,
  ): Promise<ModelRuleRow> {
    const { db, at } = this.#change
    this.#change.changed('models', org_id)
    return await db
      .updateTable('model_rules')
      .set({ ...columns, version: version + 1, updated_at: at })
      .where('org_id', '=', org_id)
      .where('canonical', '=', canonical)
      .where('upstream', '=', upstream)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Removes a rule; as it was, or `undefined` where there was none. */
  async removeRule({ org_id, canonical, upstream }: ModelRulePlace): Promise<ModelRuleRow | undefined> {
    this.#change.changed('models', org_id)
    return await this.#change.db
      .deleteFrom('model_rules')
      .where('org_id', '=', org_id)
      .where('canonical', '=', canonical)
      .where('upstream', '=', upstream)
      .returningAll()
      .executeTakeFirst()
  }

  /** Stores another name of a model in its first version; as it is stored. */
  async insertAlias(alias: Omit<ModelAliasRow, Times>): Promise<ModelAliasRow> {
    const { db, at } = this.#change
    this.#change.changed('models', alias.org_id)
    return await db
      .insertInto('model_aliases')
      .values({ ...alias, version: 1, created_at: at, updated_at: at })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Sets columns of another name, which is in its next version then; as it is stored. */
  async setAlias(
    { org_id, canonical, version }: ModelAliasRow,
    columns: Pick<ModelAliasRow, 'name' | 'model'>,
  ): Promise<ModelAliasRow> {
    const { db, at } = this.#change
    this.#change.changed('models', org_id)
    return await db
      .updateTable('model_aliases')
      .set({ ...columns, version: version + 1, updated_at: at })
      .where('org_id', '=', org_id)
      .where('canonical', '=', canonical)
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Removes another name of a model; as it was, or `undefined` where there was none. */
  async removeAlias({ org_id, canonical }: ModelAliasPlace): Promise<ModelAliasRow | undefined> {
    this.#change.changed('models', org_id)
    return await this.#change.db
      .deleteFrom('model_aliases')
      .where('org_id', '=', org_id)
      .where('canonical', '=', canonical)
      .returningAll()
      .executeTakeFirst()
  }

  /** Removes all of an org; what its rules and its names were. */
  async removeAll(
    orgId: string,
  ): Promise<{ readonly rules: readonly ModelRuleRow[]; readonly aliases: readonly ModelAliasRow[] }> {
    const { db } = this.#change
    const rules = await db.deleteFrom('model_rules').where('org_id', '=', orgId).returningAll().execute()
    const aliases = await db.deleteFrom('model_aliases').where('org_id', '=', orgId).returningAll().execute()
    if (rules.length + aliases.length > 0) this.#change.changed('models', orgId)
    return { rules, aliases }
  }
}
