import type { AuditActor } from '../store/audit-note.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { OrgRole } from '../store/schema.ts'

/** Who asks the control API for something, as the gateway knows and not as the request says. */
export interface Actor extends AuditActor {
  readonly kind: 'person' | 'local'
  /** Sees every org and may do in it what its owner may. */
  readonly isSystemAdmin: boolean
  /** `undefined`: not by a session, but at the gateway's own machine. */
  readonly sessionId: string | undefined
  /** The org that the session works in; `undefined`: the person belongs to none. */
  readonly orgId: string | undefined
  /** In that org; `undefined`: none, as a system admin may have. */
  readonly role: OrgRole | undefined
}

/** An actor in an org: whatever they may do is held to it. */
export interface OrgActor extends Actor {
  readonly orgId: string
}

/** Whoever may open the control socket, or the state folder: the owner of the machine. */
export function localActor(orgId: string = DEFAULT_ORG): OrgActor {
  return {
    kind: 'local',
    personId: undefined,
    name: 'local admin',
    address: 'local',
    isSystemAdmin: true,
    sessionId: undefined,
    orgId,
    role: undefined,
  }
}

const RANK: Readonly<Record<OrgRole, number>> = { member: 1, admin: 2, owner: 3 }

/** The role, and those that may do more. */
export function rolesFrom(role: OrgRole): readonly OrgRole[] {
  return (Object.keys(RANK) as OrgRole[]).filter((other) => RANK[other] >= RANK[role])
}

/** Whether the actor may do in the org what this role may. A system admin may all. */
export function hasRole(actor: Actor, role: OrgRole): boolean {
  if (actor.isSystemAdmin) return true
  return actor.role !== undefined && RANK[actor.role] >= RANK[role]
}
