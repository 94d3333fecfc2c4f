import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Lets one key be found by its name, and those of playgrounds, without reading all there are. */
export const keyLookupMigration: Migration = {
  async up(db: Kysely<unknown>) {
    // Of whichever org: with the org in front it could not be looked up by id or name in one step.
    await db.schema.createIndex('keys_name').on('keys').column('name').execute()
    await db.schema
      .createIndex('keys_playground')
      .on('keys')
      .columns(['org_id', 'person_id'])
      .where(sql.ref('is_playground'), '=', sql.lit(1))
      .execute()
    // What changed is followed by marks.
    await db.schema.dropIndex('keys_updated_at').execute()
  },
}
