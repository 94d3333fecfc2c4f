import { createSecretKey } from 'node:crypto'
import { derivedKey } from '../../core/derived-key.ts'
import type { Secret } from '../../core/secret.ts'
import { CHAIN_START, Chain } from '../store/chain.ts'
import type { OpenDatabase } from '../store/database.ts'
import { lockWrites } from '../store/write-lock.ts'

/** Keeps these keys apart from all else that is made from the pepper. */
const KEY_LABEL = 'punku chain 1'

/** The chains of a database. */
export interface Chains {
  /** Over the rows of the audit log. */
  readonly audit: Chain
  /** Over the seals of request rows. */
  readonly requests: Chain
}

/**
 * Opens the chains of a database under the gateway's pepper. In a database that has none both begin here, in one
 * transaction: from then on one without its anchor has been tampered with.
 */
export async function openChains({ db, dialect }: OpenDatabase, pepper: Secret): Promise<Chains> {
  const chains = { audit: chainOf('audit', pepper), requests: chainOf('requests', pepper) }
  await db.transaction().execute(async (transaction) => {
    await lockWrites(transaction, dialect, 'changes')
    const known = await transaction.selectFrom('chains').select('name').limit(1).executeTakeFirst()
    if (known !== undefined) return
    const ends = { base: CHAIN_START, head: CHAIN_START }
    for (const chain of Object.values(chains)) await chain.moveEnds(transaction, { ...ends, isGenuine: true }, ends)
  })
  return chains
}

function chainOf(name: Chain['name'], pepper: Secret): Chain {
  return new Chain(name, createSecretKey(derivedKey(pepper, `${KEY_LABEL} ${name}`)))
}
