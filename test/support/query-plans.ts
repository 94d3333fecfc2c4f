import type { CompiledQuery, KyselyPlugin } from 'kysely'
import { sql } from 'kysely'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'

/** A SQLite database that keeps what it is asked. */
export interface PlannedDatabase extends OpenDatabase {
  /** How SQLite carries out each of the different statements since the last call: a line for each table it looks into. */
  takePlans(): Promise<readonly { readonly statement: string; readonly steps: readonly string[] }[]>
}

/** Keeps what is asked through the result; the database it stands over is closed by whoever opened it. */
export function planQueries(database: OpenDatabase): PlannedDatabase {
  let asked = new Map<string, CompiledQuery>()
  const keeper: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      const query = database.db.getExecutor().compileQuery(node, queryId)
      asked.set(query.sql, query)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return {
    ...database,
    db: database.db.withPlugin(keeper),
    async takePlans() {
      const queries = asked
      asked = new Map()
      const plans = []
      for (const query of queries.values()) {
        const explained = { ...query, sql: `explain query plan ${query.sql}`, query: sql``.toOperationNode() }
        const { rows } = await database.db.executeQuery<{ readonly detail: string }>(explained)
        plans.push({ statement: query.sql, steps: rows.map(({ detail }) => detail) })
      }
      return plans
    },
  }
}
