import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

const COLUMNS = ['models', 'routes', 'networks', 'allows_cloud', 'allows_metrics'] as const

/** Puts what a key may do into one column, so that a further property of keys is no change to the tables. */
export const keyTermsMigration: Migration = {
  async up(db: Kysely<unknown>) {
    // Whoever leaves the column out stores a key that opens nothing.
    await db.schema
      .alterTable('keys')
      .addColumn('terms', 'text', (column) => column.notNull().defaultTo('{}'))
      .execute()
    await sql`update keys set terms = '{"models":' || models || ',"routes":' || routes || ',"networks":' || networks
      || ',"allowsCloud":' || case allows_cloud when 1 then 'true' else 'false' end
      || ',"allowsMetrics":' || case allows_metrics when 1 then 'true' else 'false' end || '}'`.execute(db)
    for (const column of COLUMNS) await db.schema.alterTable('keys').dropColumn(column).execute()
  },
}
