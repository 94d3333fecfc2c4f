import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Lets a request's row tell what its run is called and which tools its answer called, and the rows of one session be found
 * among all. Only rows that name a session are in the index: the others cost nothing more to write.
 */
export const toolSessionsMigration: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('requests').addColumn('session_label', 'text').execute()
    await db.schema.alterTable('requests').addColumn('tool_calls', 'text').execute()
    await db.schema
      .createIndex('requests_session')
      .on('requests')
      .columns(['session_id', 'at'])
      .where(sql.ref('session_id'), 'is not', null)
      .execute()
  },
}
