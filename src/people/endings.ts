import type { AuditActor } from '../audit/audit-note.ts'

/** Ends what an org has given out, when whoever had it is gone. Each resolves when nothing of it works any more. */
export interface Endings {
  /** Revokes the keys of a person in an org, or without a person all keys of the org. */
  revokeKeysOf(orgId: string, personId: string | undefined, actor: AuditActor): Promise<void>
  /** Revokes the tunnels of an org. */
  revokeTunnelsOf(orgId: string, actor: AuditActor): Promise<void>
}
