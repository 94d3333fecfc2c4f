import type { AuditSink } from '../audit/audit-note.ts'
import type { AccountService } from '../people/account-service.ts'
import { iso } from './bodies.ts'
import { peopleOperations } from './contract/people.ts'
import type { Control } from './control.ts'
import { partOf, placeByName } from './cursor.ts'
import { actorOf, guarded } from './guard.ts'
import { accountBody, accountFacts } from './people-bodies.ts'

export interface AccountControlOptions {
  readonly accounts: AccountService
  readonly audit: AuditSink
}

/** Adds the operations of system admins on accounts to the control API. */
export function addAccountControl(app: Control, { accounts, audit }: AccountControlOptions): void {
  app.openapi(guarded(peopleOperations.listAccounts), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const list = await accounts.list({ after: placeByName(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ place }) => place)
    return context.json({ accounts: items.map(accountBody), next }, 200)
  })
  app.openapi(guarded(peopleOperations.changeAccount), async (context) => {
    const actor = actorOf(context)
    const { person: id } = context.req.valid('param')
    const { before, after } = await accounts.setSystemAdmin(id, context.req.valid('json').isSystemAdmin)
    await audit.record({
      actor,
      orgId: undefined,
      action: 'account.admin',
      target: { id, name: after.person.name },
      before: { isSystemAdmin: before.isSystemAdmin },
      after: { isSystemAdmin: after.isSystemAdmin },
    })
    return context.json(accountBody(after), 200)
  })
  app.openapi(guarded(peopleOperations.removeAccount), async (context) => {
    const actor = actorOf(context)
    const account = await accounts.remove(actor, context.req.valid('param').person)
    const { id, name } = account.person
    const before = accountFacts(account)
    await audit.record({ actor, orgId: undefined, action: 'account.remove', target: { id, name }, before })
    return context.json({}, 200)
  })
  app.openapi(guarded(peopleOperations.resetAccount), async (context) => {
    const actor = actorOf(context)
    const { person, link, expiresAt } = await accounts.reset(context.req.valid('param').person)
    const { id, name } = person
    await audit.record({ actor, orgId: undefined, action: 'account.reset', target: { id, name } })
    return context.json({ link, expiresAt: iso(expiresAt) }, 200)
  })
}
