import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { OpenDatabase } from './database.ts'

/** The marks by which processes follow what changes. */
export function changesMigration(dialect: OpenDatabase['dialect']): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('changes')
        .addColumn('seq', dialect === 'sqlite' ? 'integer' : 'bigint', (column) => column.primaryKey())
        .addColumn('noun', 'text', (column) => column.notNull())
        .addColumn('thing_id', 'text', (column) => column.notNull())
        .execute()
    },
  }
}
