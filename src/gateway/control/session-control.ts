import type { Context } from 'hono'
import { type MeBody, peopleOperations } from '../../contract/people.ts'
import { PunkuError } from '../../core/error.ts'
import { VERSION } from '../../core/version.ts'
import type { AccountService } from '../orgs/account-service.ts'
import type { Actor } from '../orgs/actor.ts'
import type { OrgService } from '../orgs/org-service.ts'
import type { SessionKeeper } from '../orgs/session-keeper.ts'
import type { SessionService } from '../orgs/session-service.ts'
import type { Control } from './control.ts'
import { actorOf, guarded } from './guard.ts'
import { orgBody, sessionBody } from './people-bodies.ts'

/** Orgs that a person is offered to switch to. */
const MAX_ORGS = 100

export interface SessionControlOptions {
  readonly orgs: OrgService
  readonly accounts: AccountService
  readonly sessions: SessionService
  readonly keeper: SessionKeeper
  /** The IP address that a request comes from. */
  readonly clientAddress: (context: Context) => string
  /** The URL under which whoever sent the request reaches the gateway. */
  readonly publicUrl: (context: Context) => string
}

/** Adds the operations of people on themselves to the control API: how they come in, who they are, where they work. */
export function addSessionControl(app: Control, options: SessionControlOptions): void {
  const { orgs, accounts, sessions, keeper, clientAddress, publicUrl } = options

  async function meOf(actor: Actor, context: Context): Promise<MeBody> {
    const { personId, isSystemAdmin, sessionId, orgId, role } = actor
    const person = personId === undefined ? undefined : await accounts.findPerson(personId)
    if (personId !== undefined && person === undefined) {
      throw new PunkuError('not_signed_in', 'Your account has been removed.')
    }
    const seen = await orgs.list(actor, { after: undefined, limit: MAX_ORGS + 1 })
    return {
      person: person ?? null,
      isSystemAdmin,
      sessionId: sessionId ?? null,
      org: orgId === undefined ? null : orgBody(await orgs.show(orgId)),
      role: role ?? null,
      orgs: seen.slice(0, MAX_ORGS).map((one) => ({ org: orgBody(one.org), role: one.role ?? null })),
      hasMoreOrgs: seen.length > MAX_ORGS,
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
    const person = await accounts.setUp(newcomer, token, clientAddress(context))
    await signIn(context, person.id, options)
    return context.json(person, 201)
  })
  app.openapi(guarded(peopleOperations.issueSetupLink), async (context) => {
    return context.json({ link: await accounts.issueSetupLink(actorOf(context), publicUrl(context)) }, 201)
  })
  app.openapi(guarded(peopleOperations.showMe), async (context) => {
    return context.json(await meOf(actorOf(context), context), 200)
  })
  app.openapi(guarded(peopleOperations.chooseOrg), async (context) => {
    const actor = actorOf(context)
    const { org, role } = await orgs.choose(actor, context.req.valid('json').org)
    return context.json(await meOf({ ...actor, orgId: org.id, role }, context), 200)
  })
  app.openapi(guarded(peopleOperations.listSessions), async (context) => {
    const { personId, sessionId } = actorOf(context)
    const kept = personId === undefined ? [] : await keeper.listSessions(personId)
    return context.json({ sessions: kept.map((session) => sessionBody(session, sessionId)) }, 200)
  })
  app.openapi(guarded(peopleOperations.endSession), async (context) => {
    await sessions.end(actorOf(context), context.req.valid('param').session)
    return context.json({}, 200)
  })
  app.openapi(guarded(peopleOperations.endOtherSessions), async (context) => {
    return context.json({ ended: await sessions.endOthers(actorOf(context)) }, 200)
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
