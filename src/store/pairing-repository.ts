import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, PairingRow, TunnelRow } from './schema.ts'
import { changeTunnels, insertTunnel, type NewTunnel, type TunnelBounds, type TunnelRefusal } from './tunnel-change.ts'

/** An agent that asks to be paired. */
export type NewPairing = Omit<PairingRow, 'state' | 'tunnel_id' | 'polled_at' | 'failures' | 'user_code'> & {
  readonly user_code: string
}

/** How many pairings may be pending at a time. */
export interface PairingBounds {
  readonly pending: number
  readonly pendingPerNetwork: number
}

/** Stored, or the user code is one that stands already, or all places are taken until one is given back at `freeAt`. */
export type PairingInsertion = 'stored' | 'code_taken' | { readonly freeAt: number }

/** A confirmation of a user code. */
export interface Approval {
  readonly userCode: string
  readonly at: number
  /** The pairing waits for its agent until then at least. */
  readonly redeemUntil: number
  /** The tunnel to be made for the pairing. */
  readonly tunnelFor: (pairing: PairingRow) => { readonly tunnel: NewTunnel; readonly bounds: TunnelBounds }
  /** Confirmations that may fail before the code is worth nothing. */
  readonly maxFailures: number
}

/** The tunnel that a confirmation made, or why it made none. */
export type ApprovalResult = TunnelRow | TunnelRefusal | 'unknown' | 'expired'

/** The refresh token that takes the place of a device code. */
export interface NewCredential {
  /** The public id inside `pr_<id>_<secret>`. */
  readonly id: string
  readonly hash: string
  readonly at: number
  readonly expiresAt: number
}

/** Device codes and one-time tokens that were not redeemed yet. All times are epoch milliseconds. */
export class PairingRepository {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly #db: Kysely<Database>

  constructor(database: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#database = database
    this.#db = database.db
  }

  /** The pairing with that public id. */
  async findById(id: string): Promise<PairingRow | undefined> {
    return await this.#db.selectFrom('pairings').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** The pairing with that user code, in whatever state. */
  async findByUserCode(userCode: string): Promise<PairingRow | undefined> {
    return await this.#db.selectFrom('pairings').selectAll().where('user_code', '=', userCode).executeTakeFirst()
  }

  /** Stores a pending pairing, and deletes those that ended at `endedBefore` or earlier. */
  async insert(pairing: NewPairing, bounds: PairingBounds, endedBefore: number): Promise<PairingInsertion> {
    return await changeTunnels(this.#database, pairing.requested_at, async (transaction) => {
      await transaction.deleteFrom('pairings').where('expires_at', '<=', endedBefore).execute()
      const full = await freeAt(transaction, pairing, bounds)
      if (full !== undefined) return { freeAt: full }
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('pairings')
        .values({ ...pairing, state: 'pending', tunnel_id: null, polled_at: null, failures: 0 })
        .onConflict((conflict) => conflict.column('user_code').doNothing())
        .executeTakeFirstOrThrow()
      return numInsertedOrUpdatedRows === 1n ? 'stored' : 'code_taken'
    })
  }

  /** Notes that the agent asked; false when it asked elsewhere at the same time. */
  async recordPoll({ id, polled_at }: PairingRow, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('pairings')
      .set({ polled_at: at })
      .where('id', '=', id)
      .where('polled_at', polled_at === null ? 'is' : '=', polled_at)
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /** Lets the agent wait longer between two questions, unless it waits `maxMs` already. */
  async slowDown(id: string, byMs: number, maxMs: number): Promise<void> {
    await this.#db
      .updateTable('pairings')
      .set(({ eb }) => ({ interval_ms: eb('interval_ms', '+', byMs) }))
      .where('id', '=', id)
      .where('interval_ms', '<', maxMs)
      .execute()
  }

  /**
   * Makes a tunnel for the pairing that is pending under a user code. One that makes none counts as failed, and with the
   * last that may fail the pairing is denied.
   */
  async approve({ userCode, at, redeemUntil, tunnelFor, maxFailures }: Approval): Promise<ApprovalResult> {
    return await changeTunnels(this.#database, at, async (transaction, updatedAt) => {
      const pairing = await transaction
        .selectFrom('pairings')
        .selectAll()
        .where('user_code', '=', userCode)
        .where('state', '=', 'pending')
        .executeTakeFirst()
      if (pairing === undefined) return 'unknown'
      if (pairing.expires_at <= at) return 'expired'
      const { tunnel, bounds } = tunnelFor(pairing)
      const inserted = await insertTunnel(transaction, tunnel, updatedAt, bounds)
      const failures = pairing.failures + 1
      const change: Partial<PairingRow> =
        typeof inserted === 'string'
          ? { state: failures < maxFailures ? 'pending' : 'denied', failures }
          : { state: 'approved', tunnel_id: tunnel.id, expires_at: Math.max(pairing.expires_at, redeemUntil) }
      await transaction.updateTable('pairings').set(change).where('id', '=', pairing.id).execute()
      return inserted
    })
  }

  /** Denies the pairing that is pending under a user code; false when there is none. */
  async deny(userCode: string, at: number): Promise<boolean> {
    return await changeTunnels(this.#database, at, async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('pairings')
        .set({ state: 'denied' })
        .where('user_code', '=', userCode)
        .where('state', '=', 'pending')
        .executeTakeFirstOrThrow()
      return numUpdatedRows === 1n
    })
  }

  /**
   * Puts a refresh token in the place of an approved pairing: of all who try, one is given the tunnel, and the others, who
   * come too late, `undefined`.
   */
  async redeem(id: string, credential: NewCredential): Promise<TunnelRow | undefined> {
    return await changeTunnels(this.#database, credential.at, async (transaction, updatedAt) => {
      const pairing = await transaction
        .deleteFrom('pairings')
        .where('id', '=', id)
        .where('state', '=', 'approved')
        .returning('tunnel_id')
        .executeTakeFirst()
      const tunnelId = pairing?.tunnel_id ?? undefined
      if (tunnelId === undefined) return undefined
      await transaction
        .insertInto('tunnel_credentials')
        .values({
          id: credential.id,
          tunnel_id: tunnelId,
          hash: credential.hash,
          created_at: credential.at,
          expires_at: credential.expiresAt,
        })
        .execute()
      return await transaction
        .updateTable('tunnels')
        .set({ paired_at: credential.at, updated_at: updatedAt })
        .where('id', '=', tunnelId)
        .returningAll()
        .executeTakeFirstOrThrow()
    })
  }
}

/** When a place is given back; `undefined` when there is one. Pairings that ended hold none. */
async function freeAt(db: Kysely<Database>, pairing: NewPairing, bounds: PairingBounds): Promise<number | undefined> {
  const pending = db
    .selectFrom('pairings')
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('expires_at').as('first')])
    .where('expires_at', '>', pairing.requested_at)
    .where('state', '=', 'pending')
  const own = await pending.where('network', '=', pairing.network).executeTakeFirstOrThrow()
  if (own.count >= bounds.pendingPerNetwork) return own.first
  const all = await pending.executeTakeFirstOrThrow()
  return all.count >= bounds.pending ? all.first : undefined
}
