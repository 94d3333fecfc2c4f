import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, TunnelCredentialRow, TunnelRow } from './schema.ts'
import { changeTunnels, insertTunnel, type NewTunnel, type TunnelBounds, type TunnelRefusal } from './tunnel-change.ts'

/** A one-time token to be stored: a pairing that is approved already. */
export interface NewToken {
  /** The public id inside `pt_<id>_<secret>`. */
  readonly id: string
  readonly hash: string
  readonly at: number
  readonly expiresAt: number
}

/** What is noted of a tunnel whose agent was there. */
export interface Sighting {
  readonly at: number
  readonly machine: Pick<TunnelRow, 'machine_name' | 'machine_platform' | 'machine_arch' | 'machine_software'>
}

/** Tunnels and the hashes of their refresh tokens. All times are epoch milliseconds. */
export class TunnelRepository {
  readonly #database: Pick<OpenDatabase, 'db' | 'dialect'>
  readonly #db: Kysely<Database>

  constructor(database: Pick<OpenDatabase, 'db' | 'dialect'>) {
    this.#database = database
    this.#db = database.db
  }

  /** Every tunnel of an org, revoked ones too, oldest first. */
  async list(orgId: string): Promise<TunnelRow[]> {
    return await this.#db
      .selectFrom('tunnels')
      .selectAll()
      .where('org_id', '=', orgId)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
  }

  /** The tunnels of every org that are not revoked, oldest first. */
  async listLive(): Promise<TunnelRow[]> {
    return await this.#db
      .selectFrom('tunnels')
      .selectAll()
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
  }

  /** The tunnel with that id, revoked or not. */
  async findById(id: string): Promise<TunnelRow | undefined> {
    return await this.#db.selectFrom('tunnels').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** Stores a tunnel with its first one-time token, or says why not. */
  async insert(tunnel: NewTunnel, bounds: TunnelBounds, token: NewToken): Promise<TunnelRow | TunnelRefusal> {
    return await changeTunnels(this.#database, tunnel.created_at, async (transaction, updatedAt) => {
      const inserted = await insertTunnel(transaction, tunnel, updatedAt, bounds)
      if (typeof inserted !== 'string') await insertToken(transaction, tunnel.id, token)
      return inserted
    })
  }

  /** Gives a live tunnel another label: `taken` when another one of its org has it, `gone` when none that is live has the id. */
  async rename(id: string, label: string, at: number): Promise<TunnelRow | 'taken' | 'gone'> {
    return await changeTunnels(this.#database, at, async (transaction, updatedAt) => {
      const tunnel = await findLive(transaction, id)
      if (tunnel === undefined) return 'gone'
      const other = await transaction
        .selectFrom('tunnels')
        .select('id')
        .where('org_id', '=', tunnel.org_id)
        .where('label', '=', label)
        .where('revoked_at', 'is', null)
        .where('id', '!=', id)
        .executeTakeFirst()
      if (other !== undefined) return 'taken'
      return await transaction
        .updateTable('tunnels')
        .set({ label, updated_at: updatedAt })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow()
    })
  }

  /** Ends what opened a live tunnel so far and stores a one-time token for it; `undefined` when none that is live has the id. */
  async rotate(id: string, token: NewToken): Promise<TunnelRow | undefined> {
    return await changeTunnels(this.#database, token.at, async (transaction, updatedAt) => {
      const tunnel = await findLive(transaction, id)
      if (tunnel === undefined) return undefined
      await deleteOpeners(transaction, id)
      await insertToken(transaction, id, token)
      return await transaction
        .updateTable('tunnels')
        .set({ credential_version: tunnel.credential_version + 1, paired_at: null, updated_at: updatedAt })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow()
    })
  }

  /** Ends a tunnel for good, with all that opened it; false when none that is live has the id. */
  async revoke(id: string, at: number): Promise<boolean> {
    return await changeTunnels(this.#database, at, async (transaction, updatedAt) => {
      const { numUpdatedRows } = await transaction
        .updateTable('tunnels')
        .set({ revoked_at: at, updated_at: updatedAt })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows !== 1n) return false
      await deleteOpeners(transaction, id)
      return true
    })
  }

  /** The refresh token with that public id, expired or not. */
  async findCredential(id: string): Promise<TunnelCredentialRow | undefined> {
    return await this.#db.selectFrom('tunnel_credentials').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /**
   * Moves the end of a refresh token on, and gives the tunnel that it opens; `undefined` when it was deleted meanwhile.
   * Moves no change mark.
   */
  async useCredential(id: string, expiresAt: number): Promise<TunnelRow | undefined> {
    return await this.#db.transaction().execute(async (transaction) => {
      const credential = await transaction
        .updateTable('tunnel_credentials')
        .set({ expires_at: expiresAt })
        .where('id', '=', id)
        .returning('tunnel_id')
        .executeTakeFirst()
      return credential && (await findLive(transaction, credential.tunnel_id))
    })
  }

  /** Records where and when tunnels, by id, were last seen; a time older than the stored one changes nothing. Moves no change mark. */
  async touch(sightings: ReadonlyMap<string, Sighting>): Promise<void> {
    if (sightings.size === 0) return
    // In one order everywhere, so that two gateways on one database never wait for each other in a circle.
    const touches = [...sightings].sort(([left], [right]) => (left < right ? -1 : 1))
    await this.#db.transaction().execute(async (transaction) => {
      for (const [id, { at, machine }] of touches) {
        await transaction
          .updateTable('tunnels')
          .set({ ...machine, last_seen_at: at })
          .where('id', '=', id)
          .where((where) => where.or([where('last_seen_at', 'is', null), where('last_seen_at', '<', at)]))
          .execute()
      }
    })
  }

  /** A text that differs after every change to which tunnels there are and what opens them, whoever made the change. */
  async changeMark(): Promise<string> {
    const { newest, count } = await this.#db
      .selectFrom('tunnels')
      .select(({ fn }) => [fn.max('updated_at').as('newest'), fn.countAll<number>().as('count')])
      .executeTakeFirstOrThrow()
    return `${newest ?? 0}:${count}`
  }
}

async function findLive(transaction: Kysely<Database>, id: string): Promise<TunnelRow | undefined> {
  return await transaction
    .selectFrom('tunnels')
    .selectAll()
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
}

async function deleteOpeners(transaction: Kysely<Database>, tunnelId: string): Promise<void> {
  await transaction.deleteFrom('tunnel_credentials').where('tunnel_id', '=', tunnelId).execute()
  await transaction.deleteFrom('pairings').where('tunnel_id', '=', tunnelId).execute()
}

async function insertToken(transaction: Kysely<Database>, tunnelId: string, token: NewToken): Promise<void> {
  const nobody = { user_code: null, label: '', machine: '', platform: '', software: '', address: '', network: '' }
  await transaction
    .insertInto('pairings')
    .values({
      ...nobody,
      id: token.id,
      hash: token.hash,
      state: 'approved',
      tunnel_id: tunnelId,
      requested_at: token.at,
      expires_at: token.expiresAt,
      interval_ms: 0,
      polled_at: null,
      failures: 0,
    })
    .execute()
}
