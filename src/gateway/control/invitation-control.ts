import { peopleOperations } from '../../contract/people.ts'
import { iso } from '../../core/iso-time.ts'
import type { Logger } from '../../core/log.ts'
import type { Secret } from '../../core/secret.ts'
import { formatDuration } from '../../core/units.ts'
import type { Invitation } from '../orgs/invitation.ts'
import type { InvitationService } from '../orgs/invitation-service.ts'
import type { OrgService } from '../orgs/org-service.ts'
import type { Control } from './control.ts'
import { partOf, placeInTime } from './cursor.ts'
import { guarded, orgActorOf } from './guard.ts'
import { invitationBody, orgBody } from './people-bodies.ts'
import { type SessionControlOptions, signIn } from './session-control.ts'

export interface InvitationControlOptions
  extends Pick<SessionControlOptions, 'keeper' | 'clientAddress' | 'publicUrl'> {
  readonly invitations: InvitationService
  readonly orgs: OrgService
  /** Absent where the gateway can send no mail: links are passed on by hand. */
  readonly mail?: MailSender | undefined
  readonly log: Logger
}

/** Sends mail. Rejects when the server did not take it. */
export interface MailSender {
  send(message: { readonly to: string; readonly subject: string; readonly text: string }): Promise<void>
}

/** Adds the operations on invitations to the control API. */
export function addInvitationControl(app: Control, options: InvitationControlOptions): void {
  const { invitations, orgs, clientAddress, publicUrl } = options

  app.openapi(guarded(peopleOperations.listInvitations), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const list = await invitations.list(orgActorOf(context), { after: placeInTime(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ createdAt, id }) => ({ at: createdAt, id }))
    return context.json({ invitations: items.map(invitationBody), next }, 200)
  })
  app.openapi(guarded(peopleOperations.createInvitation), async (context) => {
    // Where nothing can be linked to, nothing is made.
    const base = publicUrl(context)
    const { invitation, token } = await invitations.create(orgActorOf(context), context.req.valid('json'))
    const link = linkOf(base, token)
    const wasMailed = await mailed(invitation, link, options)
    return context.json({ ...invitationBody(invitation), link, wasMailed }, 201)
  })
  app.openapi(guarded(peopleOperations.revokeInvitation), async (context) => {
    const invitation = await invitations.revoke(orgActorOf(context), context.req.valid('param').invitation)
    return context.json(invitationBody(invitation), 200)
  })
  app.openapi(guarded(peopleOperations.showInvitation), async (context) => {
    const { token } = context.req.valid('json')
    const { orgName, role, createdBy, email, expiresAt } = await invitations.show(token, clientAddress(context))
    return context.json({ orgName, role, invitedBy: createdBy, email: email ?? null, expiresAt: iso(expiresAt) }, 200)
  })
  app.openapi(guarded(peopleOperations.acceptInvitation), async (context) => {
    const { token, newcomer } = context.req.valid('json')
    const { personId: id, name = '' } = context.get('actor') ?? {}
    const person = id === undefined ? undefined : { id, name }
    const joiner = { person, newcomer, address: clientAddress(context) }
    const { invitation, personId, isNewcomer } = await invitations.accept(token, joiner)
    if (isNewcomer) await signIn(context, personId, options)
    return context.json(orgBody(await orgs.show(invitation.orgId)), 200)
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
