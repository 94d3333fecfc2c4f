import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Lets a page of keys or tunnels, and the number of active keys, be read without reading all there are. */
export const listIndexesMigration: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of ['keys', 'tunnels']) {
      await db.schema.createIndex(`${table}_listed`).on(table).columns(['org_id', 'created_at', 'id']).execute()
    }
    await db.schema.createIndex('keys_of_person').on('keys').columns(['org_id', 'person_id', 'created_at']).execute()
    // All that the count of active keys looks at, so that it reads no row.
    await db.schema
      .createIndex('keys_live_end')
      .on('keys')
      .columns(['org_id', 'expires_at', 'created_at', 'person_id', 'is_playground'])
      .where(sql.ref('revoked_at'), 'is', null)
      .execute()
  },
}
