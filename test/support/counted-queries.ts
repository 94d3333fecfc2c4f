import type { KyselyPlugin } from 'kysely'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'

/** What was asked of a database, and the rows that came back. */
export interface QueryCounts {
  readonly statements: number
  readonly rows: number
}

/** A database whose statements are counted; the one that it stands over is asked, and closed by whoever opened it. */
export interface CountedDatabase extends OpenDatabase {
  /** What was asked since the last call. */
  takeCounts(): QueryCounts
}

/**
 * Counts what is asked through the result, in transactions too; the beginning and the end of one are no statements.
 * @param onAsked told at each statement how many there have been
 */
export function countQueries(database: OpenDatabase, onAsked?: (statements: number) => void): CountedDatabase {
  let [statements, rows] = [0, 0]
  const counter: KyselyPlugin = {
    transformQuery({ node }) {
      statements++
      onAsked?.(statements)
      return node
    },
    async transformResult({ result }) {
      rows += result.rows.length
      return result
    },
  }
  return {
    ...database,
    db: database.db.withPlugin(counter),
    takeCounts() {
      const counts = { statements, rows }
      statements = rows = 0
      return counts
    },
  }
}
