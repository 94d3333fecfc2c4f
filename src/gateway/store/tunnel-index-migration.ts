import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What changed is followed by marks: nobody looks tunnels up by when that was. */
export const tunnelIndexMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.dropIndex('tunnels_updated_at').execute()
  },
}
