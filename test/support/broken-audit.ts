import { type Kysely, sql } from 'kysely'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'

/** Written by whoever asks, whether or not anything comes of it. */
const ASIDE: ReadonlySet<string> = new Set(['sign_in_rates', 'counts', 'verifications', 'requests', 'request_seals'])
/** When something was used last. */
const USES: ReadonlySet<string> = new Set(['updatedAt', 'expiresAt', 'lastPolledAt', 'last_used_at', 'last_seen_at'])

/** Runs something while no entry of the audit log can be written to the database. */
export async function withoutAudit<T>({ db, dialect }: OpenDatabase, run: () => Promise<T>): Promise<T> {
  if (dialect === 'sqlite') {
    await sql`create trigger no_audit before insert on audit begin select raise(abort, 'no audit'); end`.execute(db)
  } else {
    await sql`create function no_audit() returns trigger language plpgsql as
      $$ begin raise exception 'no audit'; end $$`.execute(db)
    await sql`create trigger no_audit before insert on audit for each row execute function no_audit()`.execute(db)
  }
  try {
    return await run()
  } finally {
    if (dialect === 'sqlite') await sql`drop trigger no_audit`.execute(db)
    else await sql`drop function no_audit() cascade`.execute(db)
  }
}

/** All that the database holds, but for counts of requests and when things were used: to tell whether anything changed. */
export async function contentsOf({ db }: OpenDatabase): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables = await db.introspection.getTables()
  const contents: Record<string, readonly string[]> = {}
  for (const { name } of tables) {
    if (ASIDE.has(name) || name.startsWith('kysely')) continue
    const rows = await (db as unknown as Kysely<Record<string, Record<string, unknown>>>)
      .selectFrom(name)
      .selectAll()
      .execute()
    contents[name] = rows.map(withoutUses).sort()
  }
  return contents
}

function withoutUses(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(row).filter(([column]) => !USES.has(column)))
}
