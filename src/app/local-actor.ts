import type { Context } from 'hono'
import { type Actor, localActor } from '../people/actor.ts'
import type { OrgService } from '../people/org-service.ts'

/** By which a command at the gateway's own machine says which org it means. Over HTTP it means nothing. */
export const ORG_HEADER = 'x-punku-org'

/**
 * Whoever can reach the control socket, in the org that the command names by id or slug, else in the one that is there
 * from the start. Throws `not_found` for one that is none.
 */
export async function localActorOf(context: Context, { orgs }: { readonly orgs: OrgService }): Promise<Actor> {
  const named = context.req.header(ORG_HEADER)
  return named === undefined ? localActor() : localActor((await orgs.show(named)).id)
}
