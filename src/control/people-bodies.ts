import type { AuditFacts } from '../audit/audit-note.ts'
import type { Account } from '../people/account-service.ts'
import type { Invitation } from '../people/invitation.ts'
import type { Member } from '../people/member-service.ts'
import type { Org } from '../people/org.ts'
import type { VersionedSettings } from '../people/org-service.ts'
import type { KeptSession } from '../people/session-keeper.ts'
import { iso } from './bodies.ts'
import type { StoredSettingsBody } from './contract/gateway.ts'
import type { AccountBody, InvitationBody, MemberBody, OrgBody, SessionBody } from './contract/people.ts'

/** An org as the API shows it. */
export function orgBody({ id, slug, name, version, createdAt }: Org): OrgBody {
  return { id, slug, name, version, createdAt: iso(createdAt) }
}

/** A member as the API shows it. */
export function memberBody({ person, role, isSystemAdmin, version, joinedAt }: Member): MemberBody {
  return { person, role, isSystemAdmin, version, joinedAt: iso(joinedAt) }
}

/** An invitation as the API shows it: never its link. */
export function invitationBody(invitation: Invitation): InvitationBody {
  return {
    id: invitation.id,
    email: invitation.email ?? null,
    role: invitation.role,
    state: invitation.state,
    createdAt: iso(invitation.createdAt),
    createdBy: invitation.createdBy,
    expiresAt: iso(invitation.expiresAt),
    acceptedBy: invitation.acceptedBy ?? null,
  }
}

/** What the audit log keeps of an invitation. */
export function invitationFacts({ email, role, expiresAt }: Invitation): AuditFacts {
  return { email: email ?? null, role, expiresAt: iso(expiresAt) }
}

/** An account as the API shows it. */
export function accountBody({ person, isSystemAdmin, createdAt, orgs }: Account): AccountBody {
  return {
    person,
    isSystemAdmin,
    createdAt: iso(createdAt),
    orgs: orgs.map(({ org, role }) => ({ org: orgBody(org), role })),
  }
}

/** What the audit log keeps of an account. */
export function accountFacts({ person, isSystemAdmin, orgs }: Account): AuditFacts {
  const roles = orgs.map(({ org, role }) => [org.slug, role] as const)
  return { name: person.name, email: person.email, isSystemAdmin, roles: Object.fromEntries(roles) }
}

/** A session as the API shows it to whom it belongs; `thisId` is the one that asks. */
export function sessionBody(session: KeptSession, thisId: string | undefined): SessionBody {
  return {
    id: session.id,
    isThis: session.id === thisId,
    createdAt: iso(session.createdAt),
    lastUsedAt: iso(session.lastUsedAt),
    expiresAt: iso(session.expiresAt),
    address: session.address ?? null,
    software: session.software ?? null,
  }
}

/** The settings of an org as the API shows them. */
export function settingsBody({ settings, version }: VersionedSettings): StoredSettingsBody {
  const { currency, prices, memberKeys } = settings
  return {
    currency,
    prices: [...prices],
    memberKeys: { ...memberKeys, models: [...memberKeys.models] },
    version,
  }
}
