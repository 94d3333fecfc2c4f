import type { Clock } from '../../core/clock.ts'
import { revokeKeysWithin } from '../access/key-service.ts'
import type { Keyring } from '../access/keyring.ts'
import { removeModelRulesWithin } from '../models/model-rule-service.ts'
import { AccountService, type SetupTokens } from '../orgs/account-service.ts'
import { EndedMembers } from '../orgs/ended-members.ts'
import type { Endings } from '../orgs/endings.ts'
import { InvitationService } from '../orgs/invitation-service.ts'
import { MemberService } from '../orgs/member-service.ts'
import { OrgService } from '../orgs/org-service.ts'
import type { SessionKeeper } from '../orgs/session-keeper.ts'
import { SessionService } from '../orgs/session-service.ts'
import { revokeTunnelsWithin } from '../relay/tunnel-service.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
import { MemberRepository } from '../store/member-repository.ts'
import { OrgRepository } from '../store/org-repository.ts'
import { PersonRepository } from '../store/person-repository.ts'
import { removeUpstreamsWithin } from '../upstreams/upstream-service.ts'
import type { State } from './state.ts'

/** Who may change people, orgs and what binds them. */
export interface PeopleParts {
  readonly orgs: OrgService
  readonly members: MemberService
  readonly endedMembers: EndedMembers
  readonly invitations: InvitationService
  readonly accounts: AccountService
  readonly sessions: SessionService
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
  readonly setupLinks: SetupTokens
  readonly clock: Clock
}): PeopleParts {
  const { database, store, hash, unstored, counts } = state
  const endings = createEndings(state.keyring)
  const members = new MemberRepository(database)
  const endedMembers = new EndedMembers()
  return {
    orgs: new OrgService({ store, orgs: new OrgRepository(database), endings }),
    members: new MemberService({ store, members, endings, ended: endedMembers, unstored }),
    endedMembers,
    invitations: new InvitationService({
      store,
      invitations: new InvitationRepository(database),
      keeper,
      hash,
      counts,
      clock,
    }),
    accounts: new AccountService({
      store,
      people: new PersonRepository(database),
      members,
      keeper,
      setupLinks,
      endings,
      unstored,
    }),
    sessions: new SessionService({ store, keeper, unstored }),
    keeper,
  }
}

/** What people have given out ends with them, and it is recorded as whoever ended it had done it one by one. */
export function createEndings(keyring: Pick<Keyring, 'revokeHereOf' | 'overHereOf'>): Endings {
  return {
    revokeKeys: revokeKeysWithin,
    revokeKeysHere: (personId, orgId) => keyring.revokeHereOf(personId, orgId),
    overHere: (personId, orgId) => keyring.overHereOf(personId, orgId),
    async endPlaces(change, orgId) {
      await revokeTunnelsWithin(change, orgId)
      await removeUpstreamsWithin(change, orgId)
      await removeModelRulesWithin(change, orgId)
    },
  }
}
