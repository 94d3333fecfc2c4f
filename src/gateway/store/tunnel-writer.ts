import type { TunnelCredentialRow, TunnelRow } from './schema.ts'
import type { OpenChange } from './store.ts'
import { TunnelRepository } from './tunnel-repository.ts'

/** A tunnel to be stored: live, not paired, its credentials in their first version. */
export type NewTunnel = Pick<
  TunnelRow,
  'id' | 'org_id' | 'label' | 'created_by' | 'machine_name' | 'machine_platform' | 'machine_arch' | 'machine_software'
>

/** A one-time token to be stored: a pairing that is approved already. */
export interface NewToken {
  /** The public id inside `pt_<id>_<secret>`. */
  readonly id: string
  readonly hash: string
  readonly expiresAt: number
}

/** The refresh token that takes the place of a device code or a one-time token. */
export interface NewCredential extends Pick<TunnelCredentialRow, 'hash' | 'expires_at'> {
  /** The public id inside `pr_<id>_<secret>`. */
  readonly id: string
}

/** Tunnels within a change: what is read of them stays so until it ends. */
export class TunnelWriter extends TunnelRepository {
  readonly #change: OpenChange

  constructor(change: OpenChange) {
    super(change)
    this.#change = change
  }

  /** How many live tunnels the org has. */
  async countLive(orgId: string): Promise<number> {
    const { count } = await this.#change.db
      .selectFrom('tunnels')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('org_id', '=', orgId)
      .where('revoked_at', 'is', null)
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  /** Whether a live tunnel of the org has the label; the one with the id `exceptId` does not count. */
  async isLabelTaken(orgId: string, label: string, exceptId = ''): Promise<boolean> {
    const namesake = await this.#change.db
      .selectFrom('tunnels')
      .select('id')
      .where('org_id', '=', orgId)
      .where('label', '=', label)
      .where('revoked_at', 'is', null)
      .where('id', '!=', exceptId)
      .executeTakeFirst()
    return namesake !== undefined
  }

  /** The labels of the org's live tunnels that begin with `start`. */
  async labelsFrom(orgId: string, start: string): Promise<ReadonlySet<string>> {
    const rows = await this.#change.db
      .selectFrom('tunnels')
      .select('label')
      .where('org_id', '=', orgId)
      .where('revoked_at', 'is', null)
      .where(({ eb, fn, val }) => eb(fn('substr', ['label', val(1), val(start.length)]), '=', start))
      .execute()
    return new Set(rows.map(({ label }) => label))
  }

  /** Stores a tunnel; as it is stored. */
  async insert(tunnel: NewTunnel): Promise<TunnelRow> {
    const { db, at } = this.#change
    this.#change.changed('tunnels', tunnel.id)
    return await db
      .insertInto('tunnels')
      .values({
        ...tunnel,
        created_at: at,
        updated_at: at,
        credential_version: 1,
        paired_at: null,
        last_seen_at: null,
        revoked_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Stores a one-time token for a tunnel. */
  async insertToken(tunnelId: string, { id, hash, expiresAt }: NewToken): Promise<void> {
    const nobody = { user_code: null, label: '', machine: '', platform: '', software: '', address: '', network: '' }
    const waiting = { interval_ms: 0, polled_at: null, failures: 0 }
    await this.#change.db
      .insertInto('pairings')
      .values({
        ...nobody,
        ...waiting,
        id,
        hash,
        state: 'approved',
        tunnel_id: tunnelId,
        requested_at: this.#change.at,
        expires_at: expiresAt,
      })
      .execute()
  }

  /** Gives a tunnel another label; as it is stored. */
  async rename(id: string, label: string): Promise<TunnelRow> {
    return await this.#update(id, { label })
  }

  /** Gives a tunnel the refresh token that opens it from now on; as it is stored. */
  async pair(id: string, credential: NewCredential): Promise<TunnelRow> {
    const { db, at } = this.#change
    await db
      .insertInto('tunnel_credentials')
      .values({ ...credential, tunnel_id: id, created_at: at, turn: 0, previous_hash: null, first_hash: null })
      .execute()
    return await this.#update(id, { paired_at: at })
  }

  /** The live tunnel that a refresh token is for. */
  async findOfCredential(credentialId: string): Promise<TunnelRow | undefined> {
    return await this.#change.db
      .selectFrom('tunnels')
      .innerJoin('tunnel_credentials', 'tunnel_credentials.tunnel_id', 'tunnels.id')
      .selectAll('tunnels')
      .where('tunnel_credentials.id', '=', credentialId)
      .where('tunnels.revoked_at', 'is', null)
      .executeTakeFirst()
  }

  /** Ends what opened a tunnel so far: its credentials are in their next version. As it is stored. */
  async rotate({ id, credential_version }: Pick<TunnelRow, 'id' | 'credential_version'>): Promise<TunnelRow> {
    await this.#deleteOpeners(id)
    return await this.#update(id, { credential_version: credential_version + 1, paired_at: null })
  }

  /** Ends a tunnel for good, with all that opened it; as it is stored. */
  async revoke(id: string): Promise<TunnelRow> {
    await this.#deleteOpeners(id)
    return await this.#update(id, { revoked_at: this.#change.at })
  }

  /** Ends every tunnel that is left of an org, with all that opened it; those it ended, as they are now. */
  async revokeAll(orgId: string): Promise<TunnelRow[]> {
    const { db, at } = this.#change
    const ids = db.selectFrom('tunnels').select('id').where('org_id', '=', orgId)
    await db.deleteFrom('tunnel_credentials').where('tunnel_id', 'in', ids).execute()
    await db.deleteFrom('pairings').where('tunnel_id', 'in', ids).execute()
    const revoked = await db
      .updateTable('tunnels')
      .set({ revoked_at: at, updated_at: at })
      .where('org_id', '=', orgId)
      .where('revoked_at', 'is', null)
      .returningAll()
      .execute()
    for (const { id } of revoked) this.#change.changed('tunnels', id)
    return revoked
  }

  async #deleteOpeners(id: string): Promise<void> {
    const { db } = this.#change
    await db.deleteFrom('tunnel_credentials').where('tunnel_id', '=', id).execute()
    await db.deleteFrom('pairings').where('tunnel_id', '=', id).execute()
  }

  async #update(id: string, columns: Partial<TunnelRow>): Promise<TunnelRow> {
    this.#change.changed('tunnels', id)
    return await this.#change.db
      .updateTable('tunnels')
      .set({ ...columns, updated_at: this.#change.at })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  }
}
