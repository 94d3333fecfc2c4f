import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { OpenDatabase } from './database.ts'

/**
 * Makes people, orgs and what belongs to them, and gives the org `default` all that was there before. The tables of
 * sign-in, with names in camel case, are the library's own: a test holds them to what it asks for.
 */
export function peopleMigration(dialect: OpenDatabase['dialect']): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await signIn(db, dialect)
      await orgs(db)
      await columnsOfOrgs(db)
      await chains(db, dialect)
    },
  }
}

async function signIn(db: Kysely<unknown>, dialect: OpenDatabase['dialect']): Promise<void> {
  const date = dialect === 'sqlite' ? 'text' : 'timestamptz'
  const flag = dialect === 'sqlite' ? 'integer' : 'boolean'
  await db.schema
    .createTable('people')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull().unique())
    .addColumn('emailVerified', flag, (column) => column.notNull())
    .addColumn('image', 'text')
    .addColumn('createdAt', date, (column) => column.notNull())
    .addColumn('updatedAt', date, (column) => column.notNull())
    .addColumn('twoFactorEnabled', flag)
    .execute()
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('expiresAt', date, (column) => column.notNull())
    .addColumn('token', 'text', (column) => column.notNull().unique())
    .addColumn('createdAt', date, (column) => column.notNull())
    .addColumn('updatedAt', date, (column) => column.notNull())
    .addColumn('ipAddress', 'text')
    .addColumn('userAgent', 'text')
    .addColumn('userId', 'text', (column) => column.notNull().references('people.id').onDelete('cascade'))
    .execute()
  await db.schema
    .createTable('accounts')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('accountId', 'text', (column) => column.notNull())
    .addColumn('providerId', 'text', (column) => column.notNull())
    .addColumn('userId', 'text', (column) => column.notNull().references('people.id').onDelete('cascade'))
    .addColumn('accessToken', 'text')
    .addColumn('refreshToken', 'text')
    .addColumn('idToken', 'text')
    .addColumn('accessTokenExpiresAt', date)
    .addColumn('refreshTokenExpiresAt', date)
    .addColumn('scope', 'text')
    .addColumn('password', 'text')
    .addColumn('createdAt', date, (column) => column.notNull())
    .addColumn('updatedAt', date, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('verifications')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('identifier', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('expiresAt', date, (column) => column.notNull())
    .addColumn('createdAt', date, (column) => column.notNull())
    .addColumn('updatedAt', date, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('two_factors')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('secret', 'text', (column) => column.notNull())
    .addColumn('backupCodes', 'text', (column) => column.notNull())
    .addColumn('userId', 'text', (column) => column.notNull().references('people.id').onDelete('cascade'))
    .addColumn('verified', flag)
    .addColumn('failedVerificationCount', 'integer')
    .addColumn('lockedUntil', date)
    .execute()
  await db.schema
    .createTable('passkeys')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text')
    .addColumn('publicKey', 'text', (column) => column.notNull())
    .addColumn('userId', 'text', (column) => column.notNull().references('people.id').onDelete('cascade'))
    .addColumn('credentialID', 'text', (column) => column.notNull())
    .addColumn('counter', 'integer', (column) => column.notNull())
    .addColumn('deviceType', 'text', (column) => column.notNull())
    .addColumn('backedUp', flag, (column) => column.notNull())
    .addColumn('transports', 'text')
    .addColumn('createdAt', date)
    .addColumn('aaguid', 'text')
    .execute()
  await db.schema
    .createTable('login_codes')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('deviceCode', 'text', (column) => column.notNull())
    .addColumn('userCode', 'text', (column) => column.notNull())
    .addColumn('userId', 'text')
    .addColumn('expiresAt', date, (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('lastPolledAt', date)
    .addColumn('pollingInterval', 'integer')
    .addColumn('clientId', 'text')
    .addColumn('scope', 'text')
    .execute()
  await db.schema
    .createTable('sign_in_rates')
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('key', 'text', (column) => column.notNull().unique())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('lastRequest', 'bigint', (column) => column.notNull())
    .execute()
  for (const [table, column] of [
    ['sessions', 'userId'],
    ['accounts', 'userId'],
    ['verifications', 'identifier'],
    ['two_factors', 'secret'],
    ['two_factors', 'userId'],
    ['passkeys', 'userId'],
    ['passkeys', 'credentialID'],
  ] as const) {
    await db.schema.createIndex(`${table}_${column}_idx`).on(table).column(column).execute()
  }
  for (const column of ['deviceCode', 'userCode']) {
    await db.schema.createIndex(`login_codes_${column}_uidx`).unique().on('login_codes').column(column).execute()
  }
}

async function orgs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('orgs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('slug', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  const now = Date.now()
  await sql`insert into orgs (id, slug, name, settings, version, created_at, updated_at)
    values ('default', 'default', 'Default', '{}', 1, ${now}, ${now})`.execute(db)

  await db.schema
    .createTable('members')
    .addColumn('org_id', 'text', (column) => column.notNull().references('orgs.id').onDelete('cascade'))
    .addColumn('person_id', 'text', (column) => column.notNull().references('people.id').onDelete('cascade'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('members_primary', ['org_id', 'person_id'])
    .execute()
  await db.schema.createIndex('members_person_id').on('members').column('person_id').execute()

  await db.schema
    .createTable('system_admins')
    .addColumn('person_id', 'text', (column) => column.primaryKey().references('people.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('session_orgs')
    .addColumn('session_id', 'text', (column) => column.primaryKey().references('sessions.id').onDelete('cascade'))
    .addColumn('org_id', 'text', (column) => column.notNull().references('orgs.id').onDelete('cascade'))
    .execute()

  await db.schema
    .createTable('invitations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('org_id', 'text', (column) => column.notNull().references('orgs.id').onDelete('cascade'))
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('email', 'text')
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('inviter_id', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('accepted_at', 'bigint')
    .addColumn('accepted_by', 'text')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await db.schema.createIndex('invitations_org_id').on('invitations').column('org_id').execute()

  await db.schema
    .createTable('upstreams')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('org_id', 'text', (column) => column.notNull().references('orgs.id').onDelete('cascade'))
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('kind', 'text')
    .addColumn('credential', 'text')
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('upstreams_label', ['org_id', 'label'])
    .execute()
}

async function columnsOfOrgs(db: Kysely<unknown>): Promise<void> {
  // SQLite adds one column at a time.
  await db.schema
    .alterTable('keys')
    .addColumn('org_id', 'text', (column) => column.notNull().defaultTo('default'))
    .execute()
  await db.schema.alterTable('keys').addColumn('person_id', 'text').execute()
  await db.schema
    .alterTable('keys')
    .addColumn('created_by', 'text', (column) => column.notNull().defaultTo('local admin'))
    .execute()
  await db.schema
    .alterTable('keys')
    .addColumn('is_playground', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  await db.schema
    .alterTable('keys')
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
  await db.schema.dropIndex('keys_live_name').execute()
  await db.schema
    .createIndex('keys_live_name')
    .unique()
    .on('keys')
    .columns(['org_id', 'name'])
    .where(sql.ref('revoked_at'), 'is', null)
    .execute()

  // Rows without a key are no org's.
  await db.schema.alterTable('requests').addColumn('org_id', 'text').execute()
  await db.schema.alterTable('requests').addColumn('person_id', 'text').execute()
  await db.schema.alterTable('requests').addColumn('sent_ms', 'double precision').execute()
  await db.schema.alterTable('requests').addColumn('load_ms', 'double precision').execute()
  await sql`update requests set org_id = 'default' where key_id is not null`.execute(db)
}

async function chains(db: Kysely<unknown>, dialect: OpenDatabase['dialect']): Promise<void> {
  const number = dialect === 'sqlite' ? 'integer' : 'bigint'
  await db.schema
    .createTable('audit')
    .addColumn('seq', number, (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('org_id', 'text')
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text')
    .addColumn('actor_name', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('target_id', 'text')
    .addColumn('target_name', 'text')
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('audit_at').on('audit').column('at').execute()

  await db.schema
    .createTable('request_seals')
    .addColumn('seq', number, (column) => column.primaryKey())
    .addColumn('first_seq', 'bigint', (column) => column.notNull())
    .addColumn('last_seq', 'bigint', (column) => column.notNull())
    .addColumn('rows', 'integer', (column) => column.notNull())
    .addColumn('newest_at', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()

  // Where each chain begins, after what its retention removed, and where it ends.
  await db.schema
    .createTable('chains')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('base_seq', 'bigint', (column) => column.notNull())
    .addColumn('base_hash', 'text', (column) => column.notNull())
    .addColumn('head_seq', 'bigint', (column) => column.notNull())
    .addColumn('head_hash', 'text', (column) => column.notNull())
    .addColumn('mac', 'text', (column) => column.notNull())
    .execute()
}
