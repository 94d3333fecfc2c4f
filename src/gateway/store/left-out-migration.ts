import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Lets a request's row tell what of its body was not sent to the upstream. */
export const leftOutMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('requests').addColumn('left_out', 'text').execute()
  },
}
