import type { Clock } from '../core/clock.ts'
import { AccountService } from '../people/account-service.ts'
import type { Endings } from '../people/endings.ts'
import { InvitationService } from '../people/invitation-service.ts'
import { MemberService } from '../people/member-service.ts'
import { OrgService } from '../people/org-service.ts'
import type { SessionKeeper } from '../people/session-keeper.ts'
import type { SetupLinks } from '../people/setup-link.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
import { MemberRepository } from '../store/member-repository.ts'
import { OrgRepository } from '../store/org-repository.ts'
import { PersonRepository } from '../store/person-repository.ts'
import type { State } from './state.ts'

/** Who may change people, orgs and what binds them. */
export interface PeopleParts {
  readonly orgs: OrgService
  readonly members: MemberService
  readonly invitations: InvitationService
  readonly accounts: AccountService
  readonly keeper: SessionKeeper
}

/** Builds them over the state's database. */
export function createPeople({
  state,
  keeper,
  setupLinks,
  clock,
}: {
  readonly state: State
  readonly keeper: SessionKeeper
  readonly setupLinks: Pick<SetupLinks, 'issue' | 'take'>
  readonly clock: Clock
}): PeopleParts {
  const { database, hash } = state
  const people = new PersonRepository(database)
  const members = new MemberRepository(database)
  const endings = endingsOf(state)
  return {
    orgs: new OrgService({ orgs: new OrgRepository(database), members, people, endings, clock }),
    members: new MemberService({ members, endings }),
    invitations: new InvitationService({
      invitations: new InvitationRepository(database),
      people,
      keeper,
      hash,
      clock,
    }),
    accounts: new AccountService({ people, keeper, setupLinks, endings, clock }),
    keeper,
  }
}

/** What people have given out ends with them, and it is recorded as whoever ended it had done it one by one. */
function endingsOf({ keys, tunnels, audit }: State): Endings {
  return {
    async revokeKeysOf(orgId, personId, actor) {
      for (const { id, name } of await keys.revokeAllOf({ orgId, ...(personId !== undefined && { personId }) })) {
        await audit.record({ actor, orgId, action: 'key.revoke', target: { id, name } })
      }
    },
    async revokeTunnelsOf(orgId, actor) {
      for (const { id, label, revokedAt } of await tunnels.list(orgId)) {
        if (revokedAt !== undefined) continue
        await tunnels.revoke(orgId, id)
        await audit.record({ actor, orgId, action: 'tunnel.revoke', target: { id, name: label }, before: { label } })
      }
    },
  }
}
