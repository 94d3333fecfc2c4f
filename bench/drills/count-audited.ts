import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openDatabase } from '../../src/gateway/store/database.ts'

/** How many keys there are, and which of what was done to them is not in the audit log. */
export async function countAudited(
  home: string,
): Promise<{ readonly keys: number; readonly without: readonly string[] }> {
  const database = openDatabase({ url: pathToFileURL(join(home, 'punku.db')).href })
  try {
    const keys = await database.db.selectFrom('keys').select(['id', 'revoked_at']).execute()
    const entries = await database.db.selectFrom('audit').select(['action', 'target_id']).execute()
    const recorded = new Set(entries.map(({ action, target_id }) => `${action} ${target_id}`))
    const done = keys.flatMap(({ id, revoked_at }) =>
      revoked_at === null ? [`key.create ${id}`] : [`key.create ${id}`, `key.revoke ${id}`],
    )
    return { keys: keys.length, without: done.filter((change) => !recorded.has(change)) }
  } finally {
    await database.close()
  }
}
