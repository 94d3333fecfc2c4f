import type { AuditPage, AuditQuery, AuditRepository } from '../store/audit-repository.ts'
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

  /**
   * Entries, newest first, or oldest first after one; at most 1,000.
   * @param signal ends the search, with the signal's reason
   */
  list(query: AuditQuery, page: AuditPage, signal?: AbortSignal): Promise<AuditRow[]> {
    return this.#options.repository.list(query, page, signal)
  }

  /**
   * Every entry that is there now, oldest first, in pages that are read while they are taken.
   * @param signal ends them, with the signal's reason
   */
  pages(query: AuditQuery, signal?: AbortSignal): AsyncGenerator<readonly AuditRow[]> {
    return this.#options.repository.pages(query, EXPORT_PAGE_ROWS, signal)
  }

  /** Looks whether the audit log and the request rows are as they were written, as `verifyChains`. */
  verify(kept: readonly KeptHead[] = []): Promise<readonly ChainCheck[]> {
    const { database, chains } = this.#options
    return verifyChains(database, chains, kept)
  }
}
