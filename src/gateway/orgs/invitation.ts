import { iso } from '../../core/iso-time.ts'
import type { AuditFacts } from '../store/audit-note.ts'
import type { InvitationView } from '../store/invitation-repository.ts'
import type { OrgRole } from '../store/schema.ts'

/** A link by which somebody may join an org, once. */
export interface Invitation {
  /** Public. */
  readonly id: string
  readonly orgId: string
  readonly orgName: string
  /** Whom it is for, in lower case; `undefined`: whoever has the link. */
  readonly email: string | undefined
  readonly role: OrgRole
  readonly state: 'open' | 'accepted' | 'expired' | 'revoked'
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Who made it, in words. */
  readonly createdBy: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** Who accepted it, by name; `undefined` too when that person is gone. */
  readonly acceptedBy: string | undefined
}

export function invitationFromView(view: InvitationView, now: number): Invitation {
  return {
    id: view.id,
    orgId: view.org_id,
    orgName: view.org_name,
    email: view.email ?? undefined,
    role: view.role,
    state: stateOf(view, now),
    createdAt: view.created_at,
    createdBy: view.created_by,
    expiresAt: view.expires_at,
    acceptedBy: view.accepter_name ?? undefined,
  }
}

/** What the audit log keeps of an invitation. */
export function invitationFacts({ email, role, expiresAt }: Invitation): AuditFacts {
  return { email: email ?? null, role, expiresAt: iso(expiresAt) }
}

function stateOf(view: InvitationView, now: number): Invitation['state'] {
  if (view.accepted_at !== null) return 'accepted'
  if (view.revoked_at !== null || !mayInvite(view)) return 'revoked'
  return view.expires_at <= now ? 'expired' : 'open'
}

/** Whether who made it could make it today: an admin who was removed has no way back in by a link they kept. */
function mayInvite({ inviter_id, inviter_role, is_inviter_system_admin, role }: InvitationView): boolean {
  if (inviter_id === null || is_inviter_system_admin === 1 || inviter_role === 'owner') return true
  return inviter_role === 'admin' && role !== 'owner'
}
