import type { KeyService } from '../../src/access/key-service.ts'
import type { AuditSink } from '../../src/audit/audit-note.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Logger } from '../../src/core/log.ts'
import { Secret } from '../../src/core/secret.ts'
import { AccountService } from '../../src/people/account-service.ts'
import type { Endings } from '../../src/people/endings.ts'
import { InvitationService } from '../../src/people/invitation-service.ts'
import { MemberService } from '../../src/people/member-service.ts'
import { OrgAdmission } from '../../src/people/org-admission.ts'
import { OrgService } from '../../src/people/org-service.ts'
import { SetupLinks } from '../../src/people/setup-link.ts'
import { SignIn } from '../../src/people/sign-in.ts'
import type { TunnelService } from '../../src/relay/tunnel-service.ts'
import type { OpenDatabase } from '../../src/store/database.ts'
import { InvitationRepository } from '../../src/store/invitation-repository.ts'
import { MemberRepository } from '../../src/store/member-repository.ts'
import { OrgRepository } from '../../src/store/org-repository.ts'
import { PersonRepository } from '../../src/store/person-repository.ts'
import { TEST_ADDRESS } from './people.ts'

/** Where the gateway of tests is reached. */
export const TEST_URL = 'https://models.example.org'

export interface TestPeopleOptions {
  readonly database: OpenDatabase
  readonly keys: KeyService
  readonly tunnels: TunnelService
  readonly hash: (text: string) => Buffer
  readonly audit: AuditSink
  readonly clock: Clock
  readonly log: Logger
}

/** The parts on people of a control API, real ones; only passwords are hashed in no time. */
export function testPeople({ database, keys, tunnels, hash, audit, clock, log }: TestPeopleOptions) {
  const orgs = new OrgRepository(database)
  const members = new MemberRepository(database)
  const invitations = new InvitationRepository(database)
  const people = new PersonRepository(database)
  const setupLinks = new SetupLinks({ clock })
  const keeper = new SignIn({
    database,
    secret: new Secret('a secret of 32 characters or more'),
    settings: { password: true, sessionLifeMs: 86_400_000, issuers: [] },
    originOf: () => TEST_URL,
    publicUrl: TEST_URL,
    localUrl: 'http://127.0.0.1:11435',
    mail: undefined,
    admission: new OrgAdmission({ orgs, members, invitations, audit, clock, log }),
    audit,
    clock,
    log,
    hasher: {
      hash: async (password) => `hash of ${password}`,
      verify: async ({ hash, password }) => hash === `hash of ${password}`,
    },
  })
  const endings: Endings = {
    async revokeKeysOf(orgId, personId) {
      await keys.revokeAllOf({ orgId, ...(personId !== undefined && { personId }) })
    },
    async revokeTunnelsOf(orgId) {
      for (const { id } of await tunnels.list(orgId)) await tunnels.revoke(orgId, id)
    },
  }
  return {
    keeper,
    setupLinks,
    orgs: new OrgService({ orgs, members, people, endings, clock }),
    members: new MemberService({ members, endings }),
    invitations: new InvitationService({ invitations, people, keeper, hash, clock }),
    accounts: new AccountService({ people, keeper, setupLinks, endings, clock }),
    clientAddress: () => TEST_ADDRESS,
    publicUrl: () => TEST_URL,
  }
}
