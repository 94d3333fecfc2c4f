import { parseModelGlob } from '../access/model-glob.ts'
import type { AuditSink } from '../audit/audit-note.ts'
import { PunkuError } from '../core/error.ts'
import type { MemberService } from '../people/member-service.ts'
import type { OrgService } from '../people/org-service.ts'
import type { OrgSettings } from '../people/org-settings.ts'
import { gatewayOperations } from './contract/gateway.ts'
import { peopleOperations } from './contract/people.ts'
import type { Control } from './control.ts'
import { partOf, placeByName, placeInTime } from './cursor.ts'
import { actorOf, guarded, orgActorOf } from './guard.ts'
import { memberBody, orgBody, settingsBody } from './people-bodies.ts'

export interface OrgControlOptions {
  readonly orgs: OrgService
  readonly members: MemberService
  readonly audit: AuditSink
}

/** Adds the operations on orgs, their settings and their members to the control API. */
export function addOrgControl(app: Control, { orgs, members, audit }: OrgControlOptions): void {
  app.openapi(guarded(peopleOperations.listOrgs), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const list = await orgs.list(actorOf(context), { after: placeInTime(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ org }) => ({ at: org.createdAt, id: org.id }))
    return context.json({ orgs: items.map(({ org }) => orgBody(org)), next }, 200)
  })
  app.openapi(guarded(peopleOperations.createOrg), async (context) => {
    const actor = actorOf(context)
    const org = await orgs.create(actor, context.req.valid('json'))
    const { id, name, slug } = org
    await audit.record({ actor, orgId: id, action: 'org.create', target: { id, name }, after: { name, slug } })
    return context.json(orgBody(org), 201)
  })
  app.openapi(guarded(peopleOperations.renameOrg), async (context) => {
    const actor = orgActorOf(context)
    const { name, version } = context.req.valid('json')
    const { before, after } = await orgs.rename(actor, name, version)
    await audit.record({
      actor,
      orgId: actor.orgId,
      action: 'org.rename',
      target: { id: after.id, name },
      before: { name: before.name },
      after: { name },
    })
    return context.json(orgBody(after), 200)
  })
  app.openapi(guarded(peopleOperations.removeOrg), async (context) => {
    const actor = actorOf(context)
    const { id, name, slug } = await orgs.remove(actor, context.req.valid('param').org)
    await audit.record({ actor, orgId: id, action: 'org.remove', target: { id, name }, before: { name, slug } })
    return context.json({}, 200)
  })

  app.openapi(guarded(gatewayOperations.showSettings), async (context) => {
    return context.json(settingsBody(await orgs.settings(orgActorOf(context).orgId)), 200)
  })
  app.openapi(guarded(gatewayOperations.changeSettings), async (context) => {
    const actor = orgActorOf(context)
    const { version, ...settings } = context.req.valid('json')
    requireGlobs(settings)
    const { before, after } = await orgs.changeSettings(actor, { settings, version })
    await audit.record({
      actor,
      orgId: actor.orgId,
      action: 'settings.change',
      before: { ...before.settings },
      after: { ...after.settings },
    })
    return context.json(settingsBody(after), 200)
  })

  app.openapi(guarded(peopleOperations.listMembers), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const list = await members.list(orgActorOf(context), { after: placeByName(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ place }) => place)
    return context.json({ members: items.map(memberBody), next }, 200)
  })
  app.openapi(guarded(peopleOperations.changeMember), async (context) => {
    const actor = orgActorOf(context)
    const { person: id } = context.req.valid('param')
    const { before, after } = await members.changeRole(actor, id, context.req.valid('json'))
    await audit.record({
      actor,
      orgId: actor.orgId,
      action: 'member.role',
      target: { id, name: after.person.name },
      before: { role: before.role },
      after: { role: after.role },
    })
    return context.json(memberBody(after), 200)
  })
  app.openapi(guarded(peopleOperations.removeMember), async (context) => {
    const actor = orgActorOf(context)
    const { person, role } = await members.remove(actor, context.req.valid('param').person)
    const { id, name } = person
    await audit.record({ actor, orgId: actor.orgId, action: 'member.remove', target: { id, name }, before: { role } })
    return context.json({}, 200)
  })
  app.openapi(guarded(peopleOperations.leaveOrg), async (context) => {
    const actor = orgActorOf(context)
    const { person, role } = await members.leave(actor)
    const { id, name } = person
    await audit.record({ actor, orgId: actor.orgId, action: 'member.leave', target: { id, name }, before: { role } })
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
