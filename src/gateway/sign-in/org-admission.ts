import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { type Invitation, invitationFromView } from '../orgs/invitation.ts'
import { acceptWithin } from '../orgs/invitation-service.ts'
import type { AuditFacts } from '../store/audit-note.ts'
import { InvitationRepository } from '../store/invitation-repository.ts'
import { MemberWriter } from '../store/member-writer.ts'
import { OrgRepository } from '../store/org-repository.ts'
import type { OpenChange } from '../store/store.ts'
import type { OidcAdmission, VouchedPerson } from './oidc-admission.ts'
import type { AdmissionRule, Vouched } from './sign-in-settings.ts'

export interface OrgAdmissionOptions {
  readonly invitations: InvitationRepository
  readonly clock: Clock
  readonly log: Logger
}

/** Brings those whom an issuer vouches for into the orgs that invited them, and into the one that the issuer admits to. */
export class OrgAdmission implements OidcAdmission {
  readonly #options: OrgAdmissionOptions

  constructor(options: OrgAdmissionOptions) {
    this.#options = options
  }

  async isInvited(vouched: Vouched): Promise<boolean> {
    const { invitations, clock } = this.#options
    return (await openFor(invitations, vouched, clock.now())).length > 0
  }

  async welcome(change: OpenChange, newcomer: VouchedPerson, rule: AdmissionRule | undefined): Promise<void> {
    const { personId, email } = newcomer
    for (const invitation of await openFor(new InvitationRepository(change), newcomer, change.at)) {
      const { orgId, role } = invitation
      if (!(await acceptWithin(change, invitation, personId))) continue
      record(change, newcomer, orgId, 'invitation.accept', { email, role, isNewcomer: true })
    }
    if (rule !== undefined) await this.#admit(change, newcomer, rule)
  }

  async #admit(change: OpenChange, newcomer: VouchedPerson, { org: idOrSlug, role }: AdmissionRule): Promise<void> {
    const { personId, issuerId: issuer } = newcomer
    const org = await new OrgRepository(change).find(idOrSlug)
    if (org === undefined) {
      this.#options.log.warn({ issuer, org: idOrSlug }, 'sign-in.no-org-to-admit-to')
      return
    }
    if (!(await new MemberWriter(change).add(org.id, personId, role))) return
    record(change, newcomer, org.id, 'member.admit', { role, issuer })
  }
}

async function openFor(
  invitations: InvitationRepository,
  { email }: Vouched,
  at: number,
): Promise<readonly Invitation[]> {
  const waiting = (await invitations.listWaiting(email, at)).map((view) => invitationFromView(view, at))
  return waiting.filter(({ state }) => state === 'open')
}

function record(
  change: OpenChange,
  { personId, name }: VouchedPerson,
  orgId: string,
  action: string,
  after: AuditFacts,
): void {
  const by = { kind: 'person', personId, name, address: '' } as const
  change.record({ orgId, action, target: { id: personId, name }, after }, by)
}
