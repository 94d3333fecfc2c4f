import type { Context } from 'hono'
import type { AuditActor, AuditSink } from '../audit/audit-note.ts'
import { PunkuError } from '../core/error.ts'
import { VERSION } from '../core/version.ts'
import type { AccountService } from '../people/account-service.ts'
import type { Actor } from '../people/actor.ts'
import type { OrgService } from '../people/org-service.ts'
import type { SessionKeeper } from '../people/session-keeper.ts'
import { type MeBody, peopleOperations } from './contract/people.ts'
import type { Control } from './control.ts'
import { actorOf, guarded } from './guard.ts'
import { orgBody, sessionBody } from './people-bodies.ts'

/** Orgs that a person is offered to switch to. */
const MAX_ORGS = 1_000

export interface SessionControlOptions {
  readonly orgs: OrgService
  readonly accounts: AccountService
  readonly keeper: SessionKeeper
  readonly audit: AuditSink
  /** The IP address that a request comes from. */
  readonly clientAddress: (context: Context) => string
  /** The URL under which whoever sent the request reaches the gateway. */
  readonly publicUrl: (context: Context) => string
}

/** Adds the operations of people on themselves to the control API: how they come in, who they are, where they work. */
export function addSessionControl(app: Control, options: SessionControlOptions): void {
  const { orgs, accounts, keeper, audit, clientAddress, publicUrl } = options

  async function meOf(actor: Actor, context: Context): Promise<MeBody> {
    const { personId, isSystemAdmin, sessionId, orgId, role } = actor
    const person = personId === undefined ? undefined : await accounts.findPerson(personId)
    if (personId !== undefined && person === undefined) {
      throw new PunkuError('not_signed_in', 'Your account has been removed.')
    }
    const seen = await orgs.list(actor, { after: undefined, limit: MAX_ORGS })
    return {
      person: person ?? null,
      isSystemAdmin,
      sessionId: sessionId ?? null,
      org: orgId === undefined ? null : orgBody(await orgs.show(orgId)),
      role: role ?? null,
      orgs: seen.map((one) => ({ org: orgBody(one.org), role: one.role ?? null })),
      hasPassword: personId !== undefined && (await keeper.hasPassword(personId)),
      hasTwoFactor: personId !== undefined && (await keeper.hasTwoFactor(personId)),
      publicUrl: publicUrl(context),
    }
  }

  app.openapi(guarded(peopleOperations.showEntrance), async (context) => {
    const { issuers, ...ways } = keeper.entranceFor(context.req.raw.headers)
    const needsSetup = await accounts.needsSetup()
    return context.json({ version: VERSION, needsSetup, ...ways, issuers: [...issuers] }, 200)
  })
  app.openapi(guarded(peopleOperations.setUp), async (context) => {
    const { token, ...newcomer } = context.req.valid('json')
    const address = clientAddress(context)
    const person = await accounts.setUp(newcomer, token, address)
    const actor: AuditActor = { kind: 'person', personId: person.id, name: person.name, address }
    await audit.record({
      actor,
      orgId: undefined,
      action: 'setup',
      target: { id: person.id, name: person.name },
      after: { email: person.email },
    })
    await signIn(context, person.id, options)
    return context.json(person, 201)
  })
  app.openapi(guarded(peopleOperations.issueSetupLink), async (context) => {
    return context.json({ link: await accounts.issueSetupLink(publicUrl(context)) }, 201)
  })
  app.openapi(guarded(peopleOperations.showMe), async (context) => {
    return context.json(await meOf(actorOf(context), context), 200)
  })
  app.openapi(guarded(peopleOperations.chooseOrg), async (context) => {
    const actor = actorOf(context)
    const { org, role } = await orgs.choose(actor, context.req.valid('json').org)
    await audit.record({ actor, orgId: org.id, action: 'session.org', target: { id: org.id, name: org.name } })
    return context.json(await meOf({ ...actor, orgId: org.id, role }, context), 200)
  })
  app.openapi(guarded(peopleOperations.listSessions), async (context) => {
    const { personId, sessionId } = actorOf(context)
    const sessions = personId === undefined ? [] : await keeper.listSessions(personId)
    return context.json({ sessions: sessions.map((session) => sessionBody(session, sessionId)) }, 200)
  })
  app.openapi(guarded(peopleOperations.endSession), async (context) => {
    const actor = actorOf(context)
    const { session: id } = context.req.valid('param')
    if (actor.personId === undefined || !(await keeper.endSession(actor.personId, id))) {
      throw new PunkuError('not_found', 'You have no such session.')
    }
    await audit.record({ actor, orgId: undefined, action: 'session.end', target: { id } })
    return context.json({}, 200)
  })
  app.openapi(guarded(peopleOperations.endOtherSessions), async (context) => {
    const actor = actorOf(context)
    const { personId, sessionId } = actor
    const ended = personId === undefined ? 0 : await keeper.endSessions(personId, sessionId)
    if (ended > 0) await audit.record({ actor, orgId: undefined, action: 'session.end', after: { ended } })
    return context.json({ ended }, 200)
  })
}

/** Signs in whoever has just got an account: the answer carries the session's cookies. */
export async function signIn(
  context: Context,
  personId: string,
  { keeper, clientAddress }: Pick<SessionControlOptions, 'keeper' | 'clientAddress'>,
): Promise<void> {
  const from = { headers: context.req.raw.headers, address: clientAddress(context) }
  for (const cookie of await keeper.startSession(personId, from)) {
    context.header('set-cookie', cookie, { append: true })
  }
}
