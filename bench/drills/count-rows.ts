import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import { openDatabase } from '../../src/gateway/store/database.ts'

/** How many requests with a key and the status 200 are recorded. @param place a state folder, or a database's URL */
export async function countRows(place: string): Promise<number> {
  const url = place.startsWith('postgres:') ? place : pathToFileURL(join(place, 'punku.db')).href
  const database = openDatabase({ url })
  try {
    const { rows } = await sql<{
      found: number
    }>`select count(*) as found from requests where key_id is not null and status = 200 and error_code is null`.execute(
      database.db,
    )
    return Number(rows[0]?.found)
  } finally {
    await database.close()
  }
}
