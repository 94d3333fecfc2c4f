import type { Kysely } from 'kysely'
import type { OpenDatabase } from './database.ts'
import type { Database, TunnelRow } from './schema.ts'
import { lockWrites } from './write-lock.ts'

/** A tunnel to be stored: live, not paired, its credentials in their first version. */
export type NewTunnel = Pick<
  TunnelRow,
  | 'id'
  | 'org_id'
  | 'created_at'
  | 'created_by'
  | 'machine_name'
  | 'machine_platform'
  | 'machine_arch'
  | 'machine_software'
>

/** What bounds a new tunnel. */
export interface TunnelBounds {
  /** Live tunnels of the org, at most. */
  readonly maxTunnels: number
  /** The new tunnel's label, given those of the org's live tunnels; `undefined` when it is taken. */
  readonly chooseLabel: (taken: ReadonlySet<string>) => string | undefined
}

/** Why there is no new tunnel: the org has all it may have, or the label is taken. */
export type TunnelRefusal = 'limit' | 'label'

/**
 * Runs a change to tunnels or pairings in a transaction that no other such change runs beside, with an `updated_at` above
 * every other. The clock alone would not do: two changes in one millisecond, or one by a machine whose clock is behind,
 * would leave the change mark where it was.
 */
export async function changeTunnels<T>(
  { db, dialect }: Pick<OpenDatabase, 'db' | 'dialect'>,
  now: number,
  run: (transaction: Kysely<Database>, updatedAt: number) => Promise<T>,
): Promise<T> {
  return await db.transaction().execute(async (transaction) => {
    await lockWrites(transaction, dialect, 'tunnels')
    const { newest } = await transaction
      .selectFrom('tunnels')
      .select(({ fn }) => fn.max('updated_at').as('newest'))
      .executeTakeFirstOrThrow()
    return await run(transaction, Math.max(now, (newest ?? 0) + 1))
  })
}

/** Stores a tunnel within its bounds, or says why not. Only inside `changeTunnels`: there the count cannot change meanwhile. */
export async function insertTunnel(
  transaction: Kysely<Database>,
  tunnel: NewTunnel,
  updatedAt: number,
  { maxTunnels, chooseLabel }: TunnelBounds,
): Promise<TunnelRow | TunnelRefusal> {
  const live = await transaction
    .selectFrom('tunnels')
    .select('label')
    .where('org_id', '=', tunnel.org_id)
    .where('revoked_at', 'is', null)
    .execute()
  if (live.length >= maxTunnels) return 'limit'
  const label = chooseLabel(new Set(live.map((row) => row.label)))
  if (label === undefined) return 'label'
  const unused = { paired_at: null, last_seen_at: null, revoked_at: null }
  return await transaction
    .insertInto('tunnels')
    .values({ ...tunnel, ...unused, label, updated_at: updatedAt, credential_version: 1 })
    .returningAll()
    .executeTakeFirstOrThrow()
}
