import type { RequestFilterQuery } from '../../contract/requests.ts'
import type { KeyService } from '../access/key-service.ts'
import { hasRole, type OrgActor } from '../orgs/actor.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { RequestFilter, RequestScope } from '../store/request-filter.ts'
import { keyActor } from './key-control.ts'

/**
 * The recorded requests that somebody sees: to a member those of their own keys. What came without a key belongs to no
 * org; whoever runs the gateway finds it in the first one.
 */
export function requestScopeOf(actor: OrgActor): RequestScope {
  const { orgId, personId, isSystemAdmin } = actor
  if (!hasRole(actor, 'admin')) return { orgId, personId: personId ?? '' }
  return { orgId, seesUnnamed: isSystemAdmin && orgId === DEFAULT_ORG }
}

/** What a query asks for. Throws `key_not_found` for a key that is not there, or not for the actor. */
export async function requestFilterOf(
  actor: OrgActor,
  query: RequestFilterQuery,
  keys: KeyService,
): Promise<RequestFilter> {
  const { key, person, model, upstream, client, session, label, outcome, since, until } = query
  return {
    ...(key !== undefined && { keyId: (await keys.show(keyActor(actor), key)).id }),
    ...(person !== undefined && { personId: person }),
    ...(model !== undefined && { model }),
    ...(upstream !== undefined && { upstream }),
    ...(client !== undefined && { client }),
    ...(session !== undefined && { session }),
    ...(label !== undefined && { label }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { since: Date.parse(since) }),
    ...(until !== undefined && { until: Date.parse(until) }),
  }
}
