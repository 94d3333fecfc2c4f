import type { KeyActor, MemberKeyRules } from '../../src/gateway/access/key-actor.ts'

/** Whoever sits at the gateway's own machine. */
export const LOCAL: KeyActor = {
  kind: 'local',
  orgId: 'default',
  personId: undefined,
  name: 'local admin',
  address: 'local',
  power: 'system',
}

/** A member of an org. */
export const memberOf = (orgId: string, personId: string): KeyActor => ({
  kind: 'person',
  orgId,
  personId,
  name: personId,
  address: '192.0.2.7',
  power: 'member',
})

/** An admin of an org. */
export const adminOf = (orgId: string, personId: string): KeyActor => ({ ...memberOf(orgId, personId), power: 'admin' })

/** An org that lets its members have a few keys for all but what costs or changes something. */
export const MEMBER_RULES: MemberKeyRules = {
  max: 10,
  models: ['*'],
  maxLifeMs: null,
  allowsManage: false,
  allowsCloud: false,
}
