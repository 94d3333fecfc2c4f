import type { StoredSettingsBody } from '../../contract/gateway.ts'
import type { AccountBody, InvitationBody, MemberBody, OrgBody, SessionBody } from '../../contract/people.ts'
import { iso } from '../../core/iso-time.ts'
import type { Account } from '../orgs/account-service.ts'
import type { Invitation } from '../orgs/invitation.ts'
import type { Member } from '../orgs/member-service.ts'
import type { Org } from '../orgs/org.ts'
import type { VersionedSettings } from '../orgs/org-service.ts'
import type { KeptSession } from '../orgs/session-keeper.ts'

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

/** An account as the API shows it. */
export function accountBody({ person, isSystemAdmin, createdAt, orgs }: Account): AccountBody {
  return {
    person,
    isSystemAdmin,
    createdAt: iso(createdAt),
    orgs: orgs.map(({ org, role }) => ({ org: orgBody(org), role })),
  }
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
