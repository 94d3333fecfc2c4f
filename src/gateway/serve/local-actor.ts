import type { Context } from 'hono'
import { ORG_HEADER } from '../../contract/control-access.ts'
import { type Actor, localActor } from '../orgs/actor.ts'
import type { OrgService } from '../orgs/org-service.ts'

/**
 * Whoever can reach the control socket, in the org that the command names by id or slug, else in the one that is there
 * from the start. Throws `not_found` for one that is none.
 */
export async function localActorOf(context: Context, { orgs }: { readonly orgs: OrgService }): Promise<Actor> {
  const named = context.req.header(ORG_HEADER)
  return named === undefined ? localActor() : localActor((await orgs.show(named)).id)
}
