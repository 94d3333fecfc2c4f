import { PairingRepository } from './pairing-repository.ts'
import type { PairingRow } from './schema.ts'
import type { StoreTransaction } from './store.ts'

/** An agent that asks to be paired. */
export type NewPairing = Omit<
  PairingRow,
  'state' | 'tunnel_id' | 'polled_at' | 'failures' | 'user_code' | 'requested_at'
> & {
  readonly user_code: string
}

/** Pairings of one network that wait for somebody to confirm them. */
export interface WaitingNetwork {
  readonly network: string
  readonly count: number
  /** When the first of them ends. */
  readonly firstEndsAt: number
}

/** Pairings within a transaction: what is read of them stays so until it ends. Nobody follows them. */
export class PairingWriter extends PairingRepository {
  readonly #transaction: StoreTransaction

  constructor(transaction: StoreTransaction) {
    super(transaction)
    this.#transaction = transaction
  }

  /** Those that are pending and have not ended, by network. */
  async waiting(): Promise<readonly WaitingNetwork[]> {
    const { db, at } = this.#transaction
    const rows = await db
      .selectFrom('pairings')
      .select(({ fn }) => [
        'network',
        fn.countAll<number>().as('count'),
        fn.min<number>('expires_at').as('firstEndsAt'),
      ])
      .where('expires_at', '>', at)
      .where('state', '=', 'pending')
      .groupBy('network')
      .orderBy('network')
      .execute()
    return rows.map(({ network, count, firstEndsAt }) => ({ network, count: Number(count), firstEndsAt }))
  }

  /** Deletes the one of these networks that has waited longest. */
  async deleteFirst(networks: readonly string[]): Promise<void> {
    const { db } = this.#transaction
    await db
      .deleteFrom('pairings')
      .where('id', '=', ({ selectFrom }) =>
        selectFrom('pairings')
          .select('id')
          .where('state', '=', 'pending')
          .where('network', 'in', networks)
          .orderBy('requested_at')
          .orderBy('id')
          .limit(1),
      )
      .execute()
  }

  /** Stores a pending pairing, under a user code that is free. */
  async insert(pairing: NewPairing): Promise<void> {
    const { db, at } = this.#transaction
    await db
      .insertInto('pairings')
      .values({ ...pairing, state: 'pending', requested_at: at, tunnel_id: null, polled_at: null, failures: 0 })
      .execute()
  }

  /** Deletes those that ended at `at` or before. */
  async deleteEnded(at: number): Promise<void> {
    await this.#transaction.db.deleteFrom('pairings').where('expires_at', '<=', at).execute()
  }

  /** Lets the agent fetch the tokens of a tunnel, until `expiresAt`. */
  async approve(id: string, tunnelId: string, expiresAt: number): Promise<void> {
    await this.#update(id, { state: 'approved', tunnel_id: tunnelId, expires_at: expiresAt })
  }

  /** Notes a confirmation that failed: so many have now. */
  async setFailures(id: string, failures: number): Promise<void> {
    await this.#update(id, { failures })
  }

  /** Refuses the agent. */
  async deny(id: string): Promise<void> {
    await this.#update(id, { state: 'denied' })
  }

  /** Deletes an approved pairing, which is redeemed by that; false when there is none. */
  async take(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#transaction.db
      .deleteFrom('pairings')
      .where('id', '=', id)
      .where('state', '=', 'approved')
      .executeTakeFirstOrThrow()
    return numDeletedRows === 1n
  }

  async #update(id: string, columns: Partial<PairingRow>): Promise<void> {
    await this.#transaction.db.updateTable('pairings').set(columns).where('id', '=', id).execute()
  }
}
