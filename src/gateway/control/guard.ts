import type { Context, MiddlewareHandler } from 'hono'
import type { Access } from '../../contract/parts.ts'
import { PunkuError } from '../../core/error.ts'
import { type Actor, hasRole, type OrgActor } from '../orgs/actor.ts'

/** What each request to the control API carries along. */
export interface ControlEnv {
  readonly Variables: {
    /** `undefined`: nobody is signed in. */
    actor: Actor | undefined
  }
}

export type ControlContext = Context<ControlEnv>

/** An operation with its guard, for `app.openapi`. Every operation is added by this, or it would be open to all. */
export function guarded<const Operation extends { readonly 'x-access': Access }>(operation: Operation) {
  return { ...operation, middleware: guard(operation['x-access']) }
}

/** Lets through whoever an operation is for. Runs before the request is looked at: a stranger learns nothing of it. */
export function guard(access: Access): MiddlewareHandler<ControlEnv> {
  return async (context, next) => {
    const actor = context.get('actor')
    if (!mayCall(actor, access)) throw actor === undefined ? notSignedIn() : notAllowed(access)
    await next()
  }
}

/** Whether the actor is among those an operation is for. */
export function mayCall(actor: Actor | undefined, access: Access): boolean {
  if (access === 'nobody') return true
  if (actor === undefined) return false
  if (access === 'person') return true
  if (access === 'system') return actor.isSystemAdmin
  return actor.orgId !== undefined && hasRole(actor, access)
}

/** The actor of an operation for `person` or more. */
export function actorOf(context: Context<ControlEnv>): Actor {
  const actor = context.get('actor')
  if (actor === undefined) throw notSignedIn()
  return actor
}

/** The actor of an operation in an org. The org is always the one of the session. */
export function orgActorOf(context: Context<ControlEnv>): OrgActor {
  const { orgId, ...actor } = actorOf(context)
  if (orgId === undefined) throw notAllowed('member')
  return { ...actor, orgId }
}

const notSignedIn = () =>
  new PunkuError('not_signed_in', 'Nobody is signed in here, or the session has ended. Sign in and try again.')

const REASONS: Readonly<Record<Exclude<Access, 'nobody' | 'person'>, string>> = {
  member: 'You belong to no org of this gateway. Ask an admin for an invitation.',
  admin: 'Only admins of this org may do that. Ask one of them.',
  owner: 'Only owners of this org may do that. Ask one of them.',
  system: 'Only system admins of this gateway may do that, or whoever sits at its own machine.',
}

function notAllowed(access: Access): PunkuError {
  return new PunkuError('not_allowed', REASONS[access as keyof typeof REASONS])
}
