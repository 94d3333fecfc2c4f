import type { EventName } from '../../contract/gateway.ts'
import { type Actor, hasRole } from '../orgs/actor.ts'
import { DEFAULT_ORG } from '../store/default-org.ts'
import type { LiveEvent } from './events.ts'

/** What members are told of, where it is their own. */
const OWN_EVENTS: ReadonlySet<EventName> = new Set(['request', 'live', 'key'])

/**
 * Whether an event is for the actor: to admins all of their org, to members what is of their own keys. What happens in
 * no org is for system admins, who look at it in the org `default`.
 */
export function sees(actor: Actor, { orgId, personId, name }: LiveEvent): boolean {
  if (actor.orgId === undefined) return false
  if (orgId === undefined) return actor.isSystemAdmin && actor.orgId === DEFAULT_ORG
  if (orgId !== actor.orgId) return false
  if (hasRole(actor, 'admin')) return true
  return OWN_EVENTS.has(name) && personId !== undefined && personId === actor.personId
}

/** Whether the actor is told of other things than before. */
export function hasOtherSight(before: Actor, now: Actor): boolean {
  return (
    before.orgId !== now.orgId ||
    before.role !== now.role ||
    before.isSystemAdmin !== now.isSystemAdmin ||
    before.personId !== now.personId
  )
}
