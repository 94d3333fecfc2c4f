import type { OpenDatabase } from '../store/database.ts'
import type { ChainCheck, KeptHead } from './chain-check.ts'
import type { Chains } from './chains.ts'
import { checkAudit } from './check-audit.ts'
import { checkRequests } from './check-requests.ts'

/** Retention may remove what is being looked at; it runs once an hour. */
const MAX_TRIES = 3

/**
 * Looks at every row that the chains of a database cover, in bounded memory and while others write. Each chain is told
 * with its first fault.
 * @param kept last links from earlier looks, kept where nobody can change them with the database
 */
export async function verifyChains(
  { db }: Pick<OpenDatabase, 'db'>,
  chains: Chains,
  kept: readonly KeptHead[] = [],
): Promise<readonly ChainCheck[]> {
  const checks: ChainCheck[] = []
  for (const [chain, check] of [
    [chains.audit, checkAudit],
    [chains.requests, checkRequests],
  ] as const) {
    let anchor = await chain.anchor(db)
    for (let tries = 1; ; tries++) {
      const found = await check(db, chain, anchor, kept)
      const now = await chain.anchor(db)
      const hasMoved = now.isGenuine && now.base.seq > anchor.base.seq
      if (found.fault === undefined || !hasMoved || tries === MAX_TRIES) {
        checks.push(found)
        break
      }
      anchor = now
    }
  }
  return checks
}
