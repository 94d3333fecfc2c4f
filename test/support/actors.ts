import type { OrgActor } from '../../src/gateway/orgs/actor.ts'
import type { OrgRole } from '../../src/gateway/store/schema.ts'

/** Somebody who is signed in and works in an org. */
export function personIn(orgId: string, role: OrgRole, personId: string = role): OrgActor {
  const session = { kind: 'person', address: '192.0.2.1', isSystemAdmin: false, sessionId: 'session' } as const
  return { ...session, personId, name: personId, orgId, role }
}
