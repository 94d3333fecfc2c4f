import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What gateways on one database count together, and the links by which a first person comes in. */
export const countsMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('counts')
      .addColumn('bucket', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('count', 'integer', (column) => column.notNull())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('counts_primary', ['bucket', 'key'])
      .execute()
    await db.schema.createIndex('counts_ends_at').on('counts').columns(['bucket', 'ends_at']).execute()
    await db.schema
      .createTable('setup_links')
      .addColumn('hash', 'text', (column) => column.primaryKey())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()
  },
}
