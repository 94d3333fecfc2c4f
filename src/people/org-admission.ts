import type { AuditFacts, AuditSink } from '../audit/audit-note.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { InvitationRepository, InvitationView } from '../store/invitation-repository.ts'
import type { MemberRepository } from '../store/member-repository.ts'
import type { OrgRepository } from '../store/org-repository.ts'
import { invitationFromView } from './invitation.ts'
import type { Admission } from './oidc-admission.ts'
import type { AdmissionRule, Vouched } from './sign-in-settings.ts'

export interface OrgAdmissionOptions {
  readonly orgs: OrgRepository
  readonly members: MemberRepository
  readonly invitations: InvitationRepository
  readonly audit: AuditSink
  readonly clock: Clock
  readonly log: Logger
}

/** Brings those whom an issuer vouches for into the orgs that invited them, and into the one that the issuer admits to. */
export class OrgAdmission implements Admission {
  readonly #options: OrgAdmissionOptions

  constructor(options: OrgAdmissionOptions) {
    this.#options = options
  }

  async isInvited(vouched: Vouched): Promise<boolean> {
    return (await this.#invitationsFor(vouched)).length > 0
  }

  async welcome(personId: string, vouched: Vouched, rule: AdmissionRule | undefined): Promise<void> {
    const { invitations, clock } = this.#options
    for (const { id, org_id, role } of await this.#invitationsFor(vouched)) {
      const result = await invitations.accept(id, personId, clock.now(), this.#isOpen)
      if (typeof result === 'string') continue
      await this.#record(personId, vouched, org_id, 'invitation.accept', {
        email: vouched.email,
        role,
        isNewcomer: true,
      })
    }
    if (rule !== undefined) await this.#admit(personId, vouched, rule)
  }

  async #admit(personId: string, vouched: Vouched, { org: idOrSlug, role }: AdmissionRule): Promise<void> {
    const { orgs, members, clock, log } = this.#options
    const org = await orgs.find(idOrSlug)
    if (org === undefined) {
      log.warn({ issuer: vouched.issuerId, org: idOrSlug }, 'sign-in.no-org-to-admit-to')
      return
    }
    if (!(await members.add(org.id, personId, role, clock.now()))) return
    await this.#record(personId, vouched, org.id, 'member.admit', { role, issuer: vouched.issuerId })
  }

  async #invitationsFor({ email }: Vouched): Promise<InvitationView[]> {
    const { invitations, clock } = this.#options
    return (await invitations.listWaiting(email, clock.now())).filter(this.#isOpen)
  }

  readonly #isOpen = (view: InvitationView): boolean =>
    invitationFromView(view, this.#options.clock.now()).state === 'open'

  async #record(personId: string, { name }: Vouched, orgId: string, action: string, after: AuditFacts): Promise<void> {
    const actor = { kind: 'person', personId, name, address: '' } as const
    await this.#options.audit.record({ actor, orgId, action, target: { id: personId, name }, after })
  }
}
