import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Lets a request's row tell in which wire format its upstream was asked, where that was not the client's. */
export const translatedMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('requests').addColumn('translated', 'text').execute()
  },
}
