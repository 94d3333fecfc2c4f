import type { Actor } from '../orgs/actor.ts'
import type { EndedMembers } from '../orgs/ended-members.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { PersonRepository } from '../store/person-repository.ts'

/** A session that was found good, and whose it is. */
export interface PersonSession {
  readonly sessionId: string
  readonly personId: string
  /** The person's. */
  readonly name: string
}

/**
 * Who sends a request in a session, and what they may do right now: nothing of it is remembered. The org is the one the
 * session was set to, else the one that the person joined first, else for a system admin `default`. `undefined`: the
 * person is gone.
 * @param ended memberships that count no more, whatever the database has. Default: none
 */
export async function sessionActor(
  people: PersonRepository,
  { sessionId, personId, name }: PersonSession,
  address: string,
  ended?: Pick<EndedMembers, 'orgsLeftBy'>,
): Promise<Actor | undefined> {
  const standing = await people.standing(personId, sessionId, ended?.orgsLeftBy(personId))
  if (standing === undefined) return undefined
  const { isSystemAdmin, role } = standing
  const orgId = standing.orgId ?? (isSystemAdmin ? DEFAULT_ORG : undefined)
  return { kind: 'person', personId, name, address, isSystemAdmin, sessionId, orgId, role }
}
