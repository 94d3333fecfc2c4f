import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The rules for models that an org has, and the other names of models. */
export const modelRulesMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('model_rules')
      .addColumn('org_id', 'text', (column) => column.notNull().references('orgs.id').onDelete('cascade'))
      .addColumn('canonical', 'text', (column) => column.notNull())
      .addColumn('upstream', 'text', (column) => column.notNull())
      .addColumn('match', 'text', (column) => column.notNull())
      .addColumn('translate', 'text')
      .addColumn('defaults', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('model_rules_primary', ['org_id', 'canonical', 'upstream'])
      .execute()
    await db.schema
      .createTable('model_aliases')
      .addColumn('org_id', 'text', (column) => column.notNull().references('orgs.id').onDelete('cascade'))
      .addColumn('canonical', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('model_aliases_primary', ['org_id', 'canonical'])
      .execute()
  },
}
