import { gatewayOperations } from '../../contract/gateway.ts'
import { peopleOperations } from '../../contract/people.ts'
import { PunkuError } from '../../core/error.ts'
import { parseModelGlob } from '../../dialects/model-glob.ts'
import { rolesFrom } from '../orgs/actor.ts'
import type { MemberService } from '../orgs/member-service.ts'
import type { OrgService } from '../orgs/org-service.ts'
import type { OrgSettings } from '../orgs/org-settings.ts'
import type { Control } from './control.ts'
import { partOf, placeByName, placeInTime } from './cursor.ts'
import { actorOf, guarded, orgActorOf } from './guard.ts'
import { memberBody, orgBody, settingsBody } from './people-bodies.ts'

export interface OrgControlOptions {
  readonly orgs: OrgService
  readonly members: MemberService
}

/** Adds the operations on orgs, their settings and their members to the control API. */
export function addOrgControl(app: Control, { orgs, members }: OrgControlOptions): void {
  app.openapi(guarded(peopleOperations.listOrgs), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const list = await orgs.list(actorOf(context), { after: placeInTime(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ org }) => ({ at: org.createdAt, id: org.id }))
    return context.json({ orgs: items.map(({ org }) => orgBody(org)), next }, 200)
  })
  app.openapi(guarded(peopleOperations.createOrg), async (context) => {
    return context.json(orgBody(await orgs.create(actorOf(context), context.req.valid('json'))), 201)
  })
  app.openapi(guarded(peopleOperations.renameOrg), async (context) => {
    const { name, version } = context.req.valid('json')
    const { after } = await orgs.rename(orgActorOf(context), name, version)
    return context.json(orgBody(after), 200)
  })
  app.openapi(guarded(peopleOperations.removeOrg), async (context) => {
    await orgs.remove(actorOf(context), context.req.valid('param').org)
    return context.json({}, 200)
  })

  app.openapi(guarded(gatewayOperations.showSettings), async (context) => {
    return context.json(settingsBody(await orgs.settings(orgActorOf(context).orgId)), 200)
  })
  app.openapi(guarded(gatewayOperations.changeSettings), async (context) => {
    const { version, ...settings } = context.req.valid('json')
    requireGlobs(settings)
    const { after } = await orgs.changeSettings(orgActorOf(context), { settings, version })
    return context.json(settingsBody(after), 200)
  })

  app.openapi(guarded(peopleOperations.listMembers), async (context) => {
    const { cursor, limit, q: text, role } = context.req.valid('query')
    const page = { after: placeByName(cursor), limit: limit + 1, text, roles: role && rolesFrom(role) }
    const list = await members.list(orgActorOf(context), page)
    const { items, next } = partOf(list, limit, ({ place }) => place)
    return context.json({ members: items.map(memberBody), next }, 200)
  })
  app.openapi(guarded(peopleOperations.showMember), async (context) => {
    return context.json(memberBody(await members.show(orgActorOf(context), context.req.valid('param').person)), 200)
  })
  app.openapi(guarded(peopleOperations.changeMember), async (context) => {
    const { person } = context.req.valid('param')
    const { after } = await members.changeRole(orgActorOf(context), person, context.req.valid('json'))
    return context.json(memberBody(after), 200)
  })
  app.openapi(guarded(peopleOperations.removeMember), async (context) => {
    await members.remove(orgActorOf(context), context.req.valid('param').person)
    return context.json({}, 200)
  })
  app.openapi(guarded(peopleOperations.leaveOrg), async (context) => {
    await members.leave(orgActorOf(context))
    return context.json({}, 200)
  })
}

function requireGlobs({ prices, memberKeys }: OrgSettings): void {
  requireAll(
    'prices',
    prices.map(({ models }) => models),
  )
  requireAll('memberKeys.models', memberKeys.models)
}

function requireAll(param: string, globs: readonly string[]): void {
  if (globs.every((glob) => parseModelGlob(glob) !== undefined)) return
  throw new PunkuError(
    'invalid_request',
    `${param}: One of the models can be no model name, nor a pattern of them with \`*\` or \`?\`.`,
    { param },
  )
}
