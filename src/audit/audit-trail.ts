import type { AuditQuery, AuditRepository } from '../store/audit-repository.ts'
import type { OpenDatabase } from '../store/database.ts'
import type { AuditRow } from '../store/schema.ts'
import type { ChainCheck, KeptHead } from './chain-check.ts'
import type { Chains } from './chains.ts'
import { verifyChains } from './verify.ts'

/** What one entry says of a thing before and after may be large. */
const EXPORT_PAGE_ROWS = 100

export interface AuditTrailOptions {
  readonly database: Pick<OpenDatabase, 'db'>
  readonly repository: AuditRepository
  readonly chains: Chains
}

/** What the audit log holds, for those who may read it, and whether it is as it was written. */
export class AuditTrail {
  readonly #options: AuditTrailOptions

  constructor(options: AuditTrailOptions) {
    this.#options = options
  }

  /** Entries, newest first; at most 1,000. @param beforeSeq only entries before this one: the next page */
  list(query: AuditQuery, limit: number, beforeSeq?: number): Promise<AuditRow[]> {
    return this.#options.repository.list(query, limit, beforeSeq)
  }

  /** Every entry, oldest first, read in pages while they are taken. */
  async *all(query: AuditQuery): AsyncGenerator<AuditRow> {
    for (let after = 0; ; ) {
      const page = await this.#options.repository.listAfter(query, EXPORT_PAGE_ROWS, after)
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < EXPORT_PAGE_ROWS) return
      after = last.seq
    }
  }

  /** Looks whether the audit log and the request rows are as they were written, as `verifyChains`. */
  verify(kept: readonly KeptHead[] = []): Promise<readonly ChainCheck[]> {
    const { database, chains } = this.#options
    return verifyChains(database, chains, kept)
  }
}
