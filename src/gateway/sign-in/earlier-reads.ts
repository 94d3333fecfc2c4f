import { AliasNode, type CompiledQuery, type Kysely, type OperationNode, SelectQueryNode, TableNode } from 'kysely'
import { PunkuError } from '../../core/error.ts'
import type { Database } from '../store/schema.ts'

/**
 * What of who comes in has to stay as it was read, and the columns that may change meanwhile: of when something was
 * written or used, and of failures, which are counted by statements that need no reading before.
 */
const MAY_CHANGE: Readonly<Record<string, readonly string[]>> = {
  people: ['updatedAt'],
  accounts: ['updatedAt'],
  sessions: ['updatedAt', 'expiresAt'],
  two_factors: ['failedVerificationCount'],
  passkeys: [],
}

interface EarlierRead {
  readonly query: CompiledQuery
  readonly mayChange: readonly string[]
  /** What was read, as text. */
  readonly found: string
}

/**
 * What a request has read of who comes in before its change began: by that a password was compared, or a code. To hash
 * takes long and must hold up nobody, so it cannot be a part of the change; others may have made theirs meanwhile.
 */
export class EarlierReads {
  readonly #reads = new Map<string, EarlierRead>()

  /** Keeps what a statement has read; what has nothing to do with who comes in is left aside. */
  add(query: CompiledQuery, rows: readonly unknown[]): void {
    const table = SelectQueryNode.is(query.query) ? tableOf(query.query) : undefined
    const mayChange = table === undefined ? undefined : MAY_CHANGE[table]
    if (mayChange === undefined) return
    const key = JSON.stringify([query.sql, query.parameters])
    // The first has been gone by.
    if (!this.#reads.has(key)) this.#reads.set(key, { query, mayChange, found: textOf(rows, mayChange) })
  }

  /**
   * Reads all of it again, within the change.
   * @throws PunkuError `version_conflict` where anything of it is another by now
   */
  async requireSame(db: Kysely<Database>): Promise<void> {
    for (const { query, mayChange, found } of this.#reads.values()) {
      const { rows } = await db.executeQuery(query)
      if (textOf(rows, mayChange) !== found) throw changedMeanwhile()
    }
  }
}

/** The library reads from one table at a time, behind an alias. */
function tableOf({ from }: SelectQueryNode): string | undefined {
  let node: OperationNode | undefined = from?.froms[0]
  while (node !== undefined) {
    if (TableNode.is(node)) return node.table.identifier.name
    if (AliasNode.is(node)) node = node.node
    else node = SelectQueryNode.is(node) ? node.from?.froms[0] : undefined
  }
  return undefined
}

function textOf(rows: readonly unknown[], mayChange: readonly string[]): string {
  const kept = rows.map((row) => Object.entries(Object(row)).filter(([column]) => !mayChange.includes(column)))
  return JSON.stringify(kept)
}

const changedMeanwhile = () =>
  new PunkuError(
    'version_conflict',
    'This account was changed at the same time by another request, so this one has changed nothing. See how the account stands now, then try again.',
  )
