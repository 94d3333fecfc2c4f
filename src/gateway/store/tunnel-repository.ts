import { type Kysely, sql } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Page, PlaceInTime } from './page.ts'
import { isRevokedAs } from './revoked-filter.ts'
import type { Database, TunnelCredentialRow, TunnelRow } from './schema.ts'

/** Sightings that are written by one statement. */
const TOUCHED_AT_ONCE = 500

/** A part of the list of tunnels. */
export interface TunnelPage extends Page<PlaceInTime> {
  /** Only those that are revoked, or none of them. Default: both. */
  readonly isRevoked?: boolean | undefined
  /** Ids of tunnels that are revoked, whatever is stored of them. Default: none. */
  readonly revokedHere?: readonly string[] | undefined
}

/** What is noted of a tunnel whose agent was there. */
export interface Sighting {
  readonly at: number
  readonly machine: Pick<TunnelRow, 'machine_name' | 'machine_platform' | 'machine_arch' | 'machine_software'>
}

/** Tunnels and the hashes of their refresh tokens. All times are epoch milliseconds. */
export class TunnelRepository {
  readonly #db: Kysely<Database>

  constructor({ db }: Pick<OpenDatabase, 'db'>) {
    this.#db = db
  }

  /** The tunnels of an org, newest first. */
  async list(orgId: string, { after, limit, isRevoked, revokedHere }: TunnelPage): Promise<TunnelRow[]> {
    let select = this.#db
      .selectFrom('tunnels')
      .selectAll()
      .where('org_id', '=', orgId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
    if (isRevoked !== undefined) select = select.where(isRevokedAs(isRevoked, revokedHere))
    if (after !== undefined) {
      select = select.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('created_at', 'id'), '<', tuple(after.at, after.id)),
      )
    }
    return await select.execute()
  }

  /** The tunnels that are not revoked, of one org or of every one, oldest first. */
  async listLive(orgId?: string): Promise<TunnelRow[]> {
    let select = this.#db
      .selectFrom('tunnels')
      .selectAll()
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .orderBy('id')
    if (orgId !== undefined) select = select.where('org_id', '=', orgId)
    return await select.execute()
  }

  /** The tunnels of these ids, of whichever org, revoked ones too. */
  async listByIds(ids: readonly string[]): Promise<TunnelRow[]> {
    return await this.#db.selectFrom('tunnels').selectAll().where('id', 'in', ids).execute()
  }

  /** The tunnel of an org with that id, or else with that label: the one that is not revoked, or else the newest. */
  async find(orgId: string, idOrLabel: string): Promise<TunnelRow | undefined> {
    const ofOrg = this.#db.selectFrom('tunnels').selectAll().where('org_id', '=', orgId)
    const labelled = ofOrg.where('label', '=', idOrLabel)
    // One after the other, each by an index: those that were revoked are read through only where the label is one of theirs.
    return (
      (await ofOrg.where('id', '=', idOrLabel).executeTakeFirst()) ??
      (await labelled.where('revoked_at', 'is', null).executeTakeFirst()) ??
      (await labelled.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst())
    )
  }

  /** The refresh token with that public id, expired or not. */
  async findCredential(id: string): Promise<TunnelCredentialRow | undefined> {
    return await this.#db.selectFrom('tunnel_credentials').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /**
   * Puts another refresh token in the place of one that is presented: the newest, the one before it, or one that is newer
   * than what is stored, where that was put back from a backup. False, and nothing changed, for any other. Marks no change.
   */
  async replaceCredential(
    id: string,
    presented: { readonly hash: string; readonly turn: number },
    next: { readonly hash: string; readonly turn: number },
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('tunnel_credentials')
      .set(({ fn, ref }) => ({
        ...next,
        previous_hash: presented.hash,
        first_hash: fn.coalesce('first_hash', ref('hash')),
      }))
      .where('id', '=', id)
      .where(({ or, eb }) =>
        or([
          eb('hash', '=', presented.hash),
          eb('previous_hash', '=', presented.hash),
          eb('turn', '<', presented.turn),
        ]),
      )
      .executeTakeFirstOrThrow()
    return numUpdatedRows === 1n
  }

  /**
   * Moves the end of a refresh token on, and gives the live tunnel that it opens; `undefined` when it was deleted
   * meanwhile. Marks no change.
   */
  async useCredential(id: string, expiresAt: number): Promise<TunnelRow | undefined> {
    await this.#db
      .updateTable('tunnel_credentials')
      .set({ expires_at: expiresAt })
      .where('id', '=', id)
      .executeTakeFirst()
    // Both in one look: beside a rotation the old token must not be taken for one of the new version.
    return await this.#db
      .selectFrom('tunnels')
      .innerJoin('tunnel_credentials', 'tunnel_credentials.tunnel_id', 'tunnels.id')
      .selectAll('tunnels')
      .where('tunnel_credentials.id', '=', id)
      .where('tunnels.revoked_at', 'is', null)
      .executeTakeFirst()
  }

  /** Records where and when tunnels, by id, were last seen; a time older than the stored one changes nothing. Marks no change. */
  async touch(sightings: ReadonlyMap<string, Sighting>): Promise<void> {
    // In one order everywhere, so that two gateways on one database never wait for each other in a circle.
    const touches = [...sightings].sort(([left], [right]) => (left < right ? -1 : 1))
    for (let from = 0; from < touches.length; from += TOUCHED_AT_ONCE) {
      const seen = sql.join(touches.slice(from, from + TOUCHED_AT_ONCE).map(([id, sighting]) => valuesOf(id, sighting)))
      await sql`update tunnels set last_seen_at = seen.column2, machine_name = seen.column3,
          machine_platform = seen.column4, machine_arch = seen.column5, machine_software = seen.column6
        from (values ${seen}) as seen
        where tunnels.id = seen.column1 and (last_seen_at is null or last_seen_at < seen.column2)`.execute(this.#db)
    }
  }
}

function valuesOf(id: string, { at, machine }: Sighting) {
  const { machine_name, machine_platform, machine_arch, machine_software } = machine
  const texts = [machine_name, machine_platform, machine_arch, machine_software].map(
    (text) => sql`cast(${text} as text)`,
  )
  return sql`(cast(${id} as text), cast(${at} as bigint), ${sql.join(texts)})`
}
