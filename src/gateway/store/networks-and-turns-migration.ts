import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * From where people came in: whoever guesses at an account from elsewhere takes none of the tries of these. And that a
 * tunnel's refresh token is replaced when it is used.
 */
export const networksAndTurnsMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('known_networks')
      .addColumn('person_id', 'text', (column) => column.notNull().references('people.id').onDelete('cascade'))
      .addColumn('network', 'text', (column) => column.notNull())
      .addColumn('used_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('known_networks_primary', ['person_id', 'network'])
      .execute()
    await db.schema.createIndex('known_networks_used_at').on('known_networks').column('used_at').execute()
    await db.schema
      .alterTable('tunnel_credentials')
      .addColumn('turn', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
    await db.schema.alterTable('tunnel_credentials').addColumn('previous_hash', 'text').execute()
    await db.schema.alterTable('tunnel_credentials').addColumn('first_hash', 'text').execute()
  },
}
