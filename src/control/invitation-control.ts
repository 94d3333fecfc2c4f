import type { AuditActor } from '../audit/audit-note.ts'
import type { Logger } from '../core/log.ts'
import type { Secret } from '../core/secret.ts'
import { formatDuration } from '../core/units.ts'
import type { Invitation } from '../people/invitation.ts'
import type { InvitationService } from '../people/invitation-service.ts'
import type { OrgService } from '../people/org-service.ts'
import { iso } from './bodies.ts'
import { peopleOperations } from './contract/people.ts'
import type { Control } from './control.ts'
import { partOf, placeInTime } from './cursor.ts'
import { guarded, orgActorOf } from './guard.ts'
import { invitationBody, invitationFacts, orgBody } from './people-bodies.ts'
import { type SessionControlOptions, signIn } from './session-control.ts'

export interface InvitationControlOptions
  extends Pick<SessionControlOptions, 'keeper' | 'clientAddress' | 'publicUrl' | 'audit'> {
  readonly invitations: InvitationService
  readonly orgs: OrgService
  /** Absent where the gateway can send no mail: links are passed on by hand. */
  readonly mail?: Mail | undefined
  readonly log: Logger
}

/** Sends mail. Rejects when the server did not take it. */
export interface Mail {
  send(message: { readonly to: string; readonly subject: string; readonly text: string }): Promise<void>
}

/** Adds the operations on invitations to the control API. */
export function addInvitationControl(app: Control, options: InvitationControlOptions): void {
  const { invitations, orgs, audit, clientAddress, publicUrl } = options

  app.openapi(guarded(peopleOperations.listInvitations), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const list = await invitations.list(orgActorOf(context), { after: placeInTime(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ createdAt, id }) => ({ at: createdAt, id }))
    return context.json({ invitations: items.map(invitationBody), next }, 200)
  })
  app.openapi(guarded(peopleOperations.createInvitation), async (context) => {
    const actor = orgActorOf(context)
    const { invitation, token } = await invitations.create(actor, context.req.valid('json'))
    const { id, email: name } = invitation
    await audit.record({
      actor,
      orgId: actor.orgId,
      action: 'invitation.create',
      target: { id, name },
      after: invitationFacts(invitation),
    })
    const link = linkOf(publicUrl(context), token)
    const wasMailed = await mailed(invitation, link, options)
    return context.json({ ...invitationBody(invitation), link, wasMailed }, 201)
  })
  app.openapi(guarded(peopleOperations.revokeInvitation), async (context) => {
    const actor = orgActorOf(context)
    const { invitation, wasOpen } = await invitations.revoke(actor, context.req.valid('param').invitation)
    const { id, email: name } = invitation
    const before = invitationFacts(invitation)
    if (wasOpen) {
      await audit.record({ actor, orgId: actor.orgId, action: 'invitation.revoke', target: { id, name }, before })
    }
    return context.json(invitationBody(invitation), 200)
  })
  app.openapi(guarded(peopleOperations.showInvitation), async (context) => {
    const { token } = context.req.valid('json')
    const { orgName, role, createdBy, email, expiresAt } = await invitations.show(token, clientAddress(context))
    return context.json({ orgName, role, invitedBy: createdBy, email: email ?? null, expiresAt: iso(expiresAt) }, 200)
  })
  app.openapi(guarded(peopleOperations.acceptInvitation), async (context) => {
    const { token, newcomer } = context.req.valid('json')
    const caller = context.get('actor')
    const address = clientAddress(context)
    const joiner = { personId: caller?.personId, newcomer, address }
    const { invitation, personId, isNewcomer } = await invitations.accept(token, joiner)
    const name = newcomer?.name ?? caller?.name ?? ''
    const actor: AuditActor = { kind: 'person', personId, name, address }
    const { id, orgId } = invitation
    await audit.record({
      actor,
      orgId,
      action: 'invitation.accept',
      target: { id, name: invitation.email },
      after: { ...invitationFacts(invitation), isNewcomer },
    })
    if (isNewcomer) await signIn(context, personId, options)
    return context.json(orgBody(await orgs.show(orgId)), 200)
  })
}

/** The part behind `#` is sent to no server and stands in no log. */
function linkOf(publicUrl: string, token: Secret): string {
  return new URL(`/ui/invitation#${token.reveal()}`, publicUrl).href
}

/** Whether the link went out by mail. A server that takes none is no reason to have no invitation. */
async function mailed(
  { email, orgName, createdBy, createdAt, expiresAt }: Invitation,
  link: string,
  { mail, log }: Pick<InvitationControlOptions, 'mail' | 'log'>,
): Promise<boolean> {
  if (mail === undefined || email === undefined) return false
  const text = [
    `${createdBy} invites you to the org ${orgName} of a Punku gateway: a way in to language models.`,
    `Open this link to join. It works once, within ${formatDuration(expiresAt - createdAt)}:`,
    link,
    'If you do not know what this is about, leave it: nothing happens without you.',
  ].join('\n\n')
  try {
    await mail.send({ to: email, subject: `Invitation to ${orgName}`, text })
    return true
  } catch (error) {
    log.warn({ err: error }, 'invitation.not_mailed')
    return false
  }
}
