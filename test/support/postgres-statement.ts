import pg from 'pg'

/** Runs one statement on a connection of its own; the rows it gives. */
export async function runStatement(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}
