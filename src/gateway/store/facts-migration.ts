import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What is known of the database itself. */
export const factsMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('facts')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute()
  },
}
