import { peopleOperations } from '../../contract/people.ts'
import { iso } from '../../core/iso-time.ts'
import type { AccountService } from '../orgs/account-service.ts'
import type { Control } from './control.ts'
import { partOf, placeByName } from './cursor.ts'
import { actorOf, guarded } from './guard.ts'
import { accountBody } from './people-bodies.ts'

export interface AccountControlOptions {
  readonly accounts: AccountService
}

/** Adds the operations of system admins on accounts to the control API. */
export function addAccountControl(app: Control, { accounts }: AccountControlOptions): void {
  app.openapi(guarded(peopleOperations.listAccounts), async (context) => {
    const { cursor, limit, q: text } = context.req.valid('query')
    const list = await accounts.list({ after: placeByName(cursor), limit: limit + 1, text })
    const { items, next } = partOf(list, limit, ({ place }) => place)
    return context.json({ accounts: items.map(accountBody), next }, 200)
  })
  app.openapi(guarded(peopleOperations.changeAccount), async (context) => {
    const { person } = context.req.valid('param')
    const { isSystemAdmin } = context.req.valid('json')
    const { after } = await accounts.setSystemAdmin(actorOf(context), person, isSystemAdmin)
    return context.json(accountBody(after), 200)
  })
  app.openapi(guarded(peopleOperations.removeAccount), async (context) => {
    await accounts.remove(actorOf(context), context.req.valid('param').person)
    return context.json({}, 200)
  })
  app.openapi(guarded(peopleOperations.resetAccount), async (context) => {
    const { link, expiresAt } = await accounts.reset(actorOf(context), context.req.valid('param').person)
    return context.json({ link, expiresAt: iso(expiresAt) }, 200)
  })
}
