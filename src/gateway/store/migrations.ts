import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { PunkuError } from '../../core/error.ts'
import { changesMigration } from './changes-migration.ts'
import { countsMigration } from './counts-migration.ts'
import type { OpenDatabase } from './database.ts'
import { factsMigration } from './facts-migration.ts'
import { keyLookupMigration } from './key-lookup-migration.ts'
import { keyTermsMigration } from './key-terms-migration.ts'
import { leftOutMigration } from './left-out-migration.ts'
import { listIndexesMigration } from './list-indexes-migration.ts'
import { modelRulesMigration } from './model-rules-migration.ts'
import { networksAndTurnsMigration } from './networks-and-turns-migration.ts'
import { openRequestsMigration } from './open-requests-migration.ts'
import { peopleMigration } from './people-migration.ts'
import type { Database } from './schema.ts'
import { toolSessionsMigration } from './tool-sessions-migration.ts'
import { translatedMigration } from './translated-migration.ts'
import { tunnelIndexMigration } from './tunnel-index-migration.ts'

/**
 * Makes the tables, or brings older ones up to this version; each migration whole or not at all. May run in several
 * processes at once: one does the work, the others wait. Throws `internal` for a database made by a newer version, and
 * with the database's own error as its cause for anything else.
 */
export async function migrate({ db, dialect }: OpenDatabase): Promise<void> {
  const migrations = migrationsFor(dialect)
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  const unknown = (await appliedMigrations(db)).find((name) => !(name in migrations))
  if (unknown !== undefined) {
    throw new PunkuError(
      'internal',
      `It was made by a newer version of Punku: it has the migration "${unknown}", which this version does not know. Start the newer version again, or restore a backup from before the upgrade.`,
      { cause: error },
    )
  }
  throw new PunkuError(
    'internal',
    'Its tables could not be made or brought up to date: they are not those that it says it has. Put it back from a backup.',
    {
      cause: error,
    },
  )
}

/** Every migration there is, by its name; they run in the order of the names. */
export function migrationsFor(dialect: OpenDatabase['dialect']): Record<string, Migration> {
  return {
    '0001-keys-and-requests': keysAndRequests(dialect),
    '0002-tunnels': tunnels,
    '0003-people': peopleMigration(dialect),
    '0004-key-terms': keyTermsMigration,
    '0005-changes': changesMigration(dialect),
    '0006-open-requests': openRequestsMigration,
    '0007-counts': countsMigration,
    '0008-facts': factsMigration,
    '0009-list-indexes': listIndexesMigration,
    '0010-key-lookup': keyLookupMigration,
    '0011-tunnel-index': tunnelIndexMigration,
    '0012-left-out': leftOutMigration,
    '0013-networks-and-turns': networksAndTurnsMigration,
    '0014-translated': translatedMigration,
    '0015-model-rules': modelRulesMigration,
    '0016-tool-sessions': toolSessionsMigration,
  }
}

/** Whether any migration was ever run here: a database without one is new, or was emptied. */
export async function isMigrated({ db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>): Promise<boolean> {
  const question =
    dialect === 'sqlite'
      ? sql<{ found: number }>`select count(*) as found from sqlite_master where name = 'kysely_migration'`
      : sql<{ found: number }>`select count(to_regclass('kysely_migration')) as found`
  const { rows } = await question.execute(db)
  return Number(rows[0]?.found) > 0
}

async function appliedMigrations(db: Kysely<Database>): Promise<string[]> {
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
    return rows.map((row) => row.name)
  } catch {
    // No table of migrations, or no database at all: the migrator's own error says why.
    return []
  }
}

function keysAndRequests(dialect: OpenDatabase['dialect']): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('models', 'text', (column) => column.notNull())
        .addColumn('routes', 'text', (column) => column.notNull())
        .addColumn('networks', 'text', (column) => column.notNull())
        .addColumn('allows_cloud', 'integer', (column) => column.notNull())
        .addColumn('allows_metrics', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint')
        .addColumn('revoked_at', 'bigint')
        .addColumn('last_used_at', 'bigint')
        .execute()
      await db.schema
        .createIndex('keys_live_name')
        .unique()
        .on('keys')
        .column('name')
        .where(sql.ref('revoked_at'), 'is', null)
        .execute()
      await db.schema.createIndex('keys_updated_at').on('keys').column('updated_at').execute()

      await db.schema
        .createTable('key_secrets')
        .addColumn('key_id', 'text', (column) => column.notNull().references('keys.id').onDelete('cascade'))
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint')
        .addPrimaryKeyConstraint('key_secrets_primary', ['key_id', 'hash'])
        .execute()

      // A row outlives its key, so `key_id` refers to nothing. SQLite numbers rows by itself only in a column of
      // exactly this type.
      await db.schema
        .createTable('requests')
        .addColumn('seq', dialect === 'sqlite' ? 'integer' : 'bigint', (column) =>
          dialect === 'sqlite' ? column.primaryKey().autoIncrement() : column.generatedAlwaysAsIdentity().primaryKey(),
        )
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('key_id', 'text')
        .addColumn('upstream', 'text')
        .addColumn('dialect', 'text', (column) => column.notNull())
        .addColumn('route', 'text', (column) => column.notNull())
        .addColumn('model_asked', 'text')
        .addColumn('model_used', 'text')
        .addColumn('status', 'integer', (column) => column.notNull())
        .addColumn('error_code', 'text')
        .addColumn('is_streamed', 'integer', (column) => column.notNull())
        .addColumn('ttfb_ms', 'double precision')
        .addColumn('duration_ms', 'double precision', (column) => column.notNull())
        .addColumn('prompt_tokens', 'bigint')
        .addColumn('completion_tokens', 'bigint')
        .addColumn('cached_tokens', 'bigint')
        .addColumn('is_estimated', 'integer', (column) => column.notNull())
        .addColumn('request_bytes', 'bigint', (column) => column.notNull())
        .addColumn('response_bytes', 'bigint', (column) => column.notNull())
        .addColumn('client_name', 'text')
        .addColumn('client_version', 'text')
        .addColumn('session_id', 'text')
        .execute()
      // The only one: each further index doubles what a row costs to write, and sums by key or model read every row.
      await db.schema.createIndex('requests_at').on('requests').column('at').execute()
    },
  }
}

const tunnels: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('tunnels')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('org_id', 'text', (column) => column.notNull())
      .addColumn('label', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('credential_version', 'integer', (column) => column.notNull())
      .addColumn('paired_at', 'bigint')
      .addColumn('last_seen_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addColumn('machine_name', 'text')
      .addColumn('machine_platform', 'text')
      .addColumn('machine_arch', 'text')
      .addColumn('machine_software', 'text')
      .execute()
    await db.schema
      .createIndex('tunnels_live_label')
      .unique()
      .on('tunnels')
      .columns(['org_id', 'label'])
      .where(sql.ref('revoked_at'), 'is', null)
      .execute()
    await db.schema.createIndex('tunnels_updated_at').on('tunnels').column('updated_at').execute()

    await db.schema
      .createTable('tunnel_credentials')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('tunnel_id', 'text', (column) =>
        column.notNull().unique().references('tunnels.id').onDelete('cascade'),
      )
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute()

    await db.schema
      .createTable('pairings')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('user_code', 'text', (column) => column.unique())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('tunnel_id', 'text', (column) => column.references('tunnels.id').onDelete('cascade'))
      .addColumn('label', 'text', (column) => column.notNull())
      .addColumn('machine', 'text', (column) => column.notNull())
      .addColumn('platform', 'text', (column) => column.notNull())
      .addColumn('software', 'text', (column) => column.notNull())
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('network', 'text', (column) => column.notNull())
      .addColumn('requested_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('interval_ms', 'bigint', (column) => column.notNull())
      .addColumn('polled_at', 'bigint')
      .addColumn('failures', 'integer', (column) => column.notNull())
      .execute()
    await db.schema.createIndex('pairings_expires_at').on('pairings').column('expires_at').execute()
    await db.schema.createIndex('pairings_tunnel_id').on('pairings').column('tunnel_id').execute()
  },
}
