import type { Clock } from '../../src/core/clock.ts'
import type { Logger } from '../../src/core/log.ts'
import { Secret } from '../../src/core/secret.ts'
import { Keyring } from '../../src/gateway/access/keyring.ts'
import { AccountService } from '../../src/gateway/orgs/account-service.ts'
import { EndedMembers } from '../../src/gateway/orgs/ended-members.ts'
import { InvitationService } from '../../src/gateway/orgs/invitation-service.ts'
import { MemberService } from '../../src/gateway/orgs/member-service.ts'
import { OrgService } from '../../src/gateway/orgs/org-service.ts'
import { SessionService } from '../../src/gateway/orgs/session-service.ts'
import { createEndings } from '../../src/gateway/serve/people-parts.ts'
import { OrgAdmission } from '../../src/gateway/sign-in/org-admission.ts'
import { SetupLinks } from '../../src/gateway/sign-in/setup-link.ts'
import { SignIn } from '../../src/gateway/sign-in/sign-in.ts'
import { Counts } from '../../src/gateway/store/counts.ts'
import type { OpenDatabase } from '../../src/gateway/store/database.ts'
import { InvitationRepository } from '../../src/gateway/store/invitation-repository.ts'
import { KeyRepository } from '../../src/gateway/store/key-repository.ts'
import { MemberRepository } from '../../src/gateway/store/member-repository.ts'
import { OrgRepository } from '../../src/gateway/store/org-repository.ts'
import { PersonRepository } from '../../src/gateway/store/person-repository.ts'
import type { Store } from '../../src/gateway/store/store.ts'
import { Unstored } from '../../src/gateway/store/unstored.ts'
import { TEST_ADDRESS } from './people.ts'

/** Where the gateway of tests is reached. */
export const TEST_URL = 'https://models.example.org'

export interface TestPeopleOptions {
  readonly database: OpenDatabase
  readonly store: Store
  readonly hash: (text: string) => Buffer
  readonly clock: Clock
  readonly log: Logger
}

/** The parts on people of a control API, real ones; only passwords are hashed in no time. */
export function testPeople({ database, store, hash, clock, log }: TestPeopleOptions) {
  const counts = new Counts({ database, hash, clock })
  const invitations = new InvitationRepository(database)
  const setupLinks = new SetupLinks({ database, store, clock })
  const unstored = new Unstored({ clock, log })
  const endings = createEndings(new Keyring({ repository: new KeyRepository(database), hash, clock, log }))
  const members = new MemberRepository(database)
  const endedMembers = new EndedMembers()
  const keeper = new SignIn({
    database,
    store,
    unstored,
    counts,
    secret: new Secret('a secret of 32 characters or more'),
    settings: { password: true, sessionLifeMs: 86_400_000, issuers: [] },
    originOf: () => TEST_URL,
    publicUrl: TEST_URL,
    localUrl: 'http://127.0.0.1:11435',
    linkUrl: () => 'http://127.0.0.1:11435',
    mail: undefined,
    admission: new OrgAdmission({ invitations, clock, log }),
    clock,
    log,
    hasher: {
      hash: async (password) => `hash of ${password}`,
      verify: async ({ hash, password }) => hash === `hash of ${password}`,
    },
  })
  return {
    keeper,
    setupLinks,
    unstored,
    endings,
    orgs: new OrgService({ store, orgs: new OrgRepository(database), endings }),
    members: new MemberService({ store, members, endings, ended: endedMembers, unstored }),
    endedMembers,
    invitations: new InvitationService({ store, invitations, keeper, hash, counts, clock }),
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
    clientAddress: () => TEST_ADDRESS,
    publicUrl: () => TEST_URL,
  }
}
