import type { OpenChange } from '../store/store.ts'

/**
 * Ends what an org has given out, when whoever had it is gone: as a part of the change that ends those, or in this process
 * where that cannot be stored.
 */
export interface Endings {
  /** Revokes the keys of a person in an org, or without a person all keys of the org. */
  revokeKeys(
    change: OpenChange,
    scope: { readonly orgId: string; readonly personId: string | undefined },
  ): Promise<void>
  /** Revokes the keys of a person in this process alone: those of one org, or without it all. */
  revokeKeysHere(personId: string, orgId?: string): void
  /** Goes by what the database has of those keys again. */
  overHere(personId: string, orgId?: string): void
  /** Revokes the tunnels of an org, and removes the upstreams that were added to it. */
  endPlaces(change: OpenChange, orgId: string): Promise<void>
}
