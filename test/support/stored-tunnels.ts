import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import type { TunnelRow } from '../../src/gateway/store/schema.ts'
import { TunnelRepository } from '../../src/gateway/store/tunnel-repository.ts'
import { type NewToken, type NewTunnel, TunnelWriter } from '../../src/gateway/store/tunnel-writer.ts'
import { openTestStore, recordedChange } from './store.ts'

/** Columns of a tunnel whose agent has said nothing of its machine. */
export const NO_MACHINE = {
  machine_name: null,
  machine_platform: null,
  machine_arch: null,
  machine_software: null,
} as const

/** A tunnel to be stored, in the org `org`. Its label is its id. */
export function newTunnel(id: string, given: Partial<NewTunnel> = {}): NewTunnel {
  return { id, org_id: 'org', label: id, created_by: 'ada', ...NO_MACHINE, ...given }
}

/** Tunnels of a database, and changes to them by a clock that moves by hand. */
export async function openTunnels(database: OpenDatabase) {
  const { store, clock } = await openTestStore(database)
  const write = <T>(run: (tunnels: TunnelWriter) => Promise<T>): Promise<T> =>
    recordedChange(store, (change) => run(new TunnelWriter(change)))
  const tokenOf = (id: string): NewToken => ({ id, hash: `hash of ${id}`, expiresAt: clock.now() + 1_000 })
  return {
    database,
    store,
    clock,
    tunnels: new TunnelRepository(database),
    write,
    /** Stores a tunnel with a one-time token. */
    insert: (id: string, given: Partial<NewTunnel> = {}): Promise<TunnelRow> =>
      write(async (tunnels) => {
        const stored = await tunnels.insert(newTunnel(id, given))
        await tunnels.insertToken(id, tokenOf(`token of ${id}`))
        return stored
      }),
    /** Gives a tunnel its refresh token. */
    pair: (id: string): Promise<TunnelRow> =>
      write((tunnels) => tunnels.pair(id, { id: `refresh of ${id}`, hash: 'h', expires_at: clock.now() + 9 })),
  }
}
