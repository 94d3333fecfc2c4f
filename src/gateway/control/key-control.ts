import { type IssuedKeyBody, type KeyBody, keyOperations } from '../../contract/keys.ts'
import { matchesModelGlob } from '../../dialects/model-glob.ts'
import type { Key } from '../access/key.ts'
import type { KeyActor } from '../access/key-actor.ts'
import type { IssuedKey, KeyService } from '../access/key-service.ts'
import { hasRole, type OrgActor } from '../orgs/actor.ts'
import type { PersonNames } from '../store/person-names.ts'
import { keyBody } from './bodies.ts'
import type { Control } from './control.ts'
import { partOf, placeInTime } from './cursor.ts'
import type { Events } from './events.ts'
import { guarded, orgActorOf } from './guard.ts'
import type { RunningGateway } from './upstream-control.ts'

export interface KeyControlOptions {
  readonly keys: KeyService
  readonly personNames: PersonNames
  /** Those who look on; absent where only the database is open. */
  readonly events?: Pick<Events, 'publish'>
  /** Absent where only its database is open. */
  readonly gateway?: RunningGateway
  /** Wall time, milliseconds since the epoch. */
  readonly now: () => number
}

/** What the actor may do with keys. */
export function keyActor(actor: OrgActor): KeyActor {
  const { kind, orgId, personId, name, address, isSystemAdmin } = actor
  return {
    kind,
    orgId,
    personId,
    name,
    address,
    power: isSystemAdmin ? 'system' : hasRole(actor, 'admin') ? 'admin' : 'member',
  }
}

/** Adds the operations on keys to the control API. */
export function addKeyControl(app: Control, options: KeyControlOptions): void {
  const { keys, personNames, events, gateway, now } = options
  const shown = async (list: readonly Key[]): Promise<KeyBody[]> => {
    const names = await personNames.of(list.map(({ personId }) => personId))
    return list.map((key) => keyBody(key, names, now()))
  }
  const shownOne = async (key: Key): Promise<KeyBody> => (await shown([key]))[0] as KeyBody
  const issued = async ({ key, text }: IssuedKey): Promise<IssuedKeyBody> => ({
    ...(await shownOne(key)),
    key: text.reveal(),
  })

  const tell = ({ id, orgId, personId }: Key, change: 'create' | 'change' | 'rotate' | 'revoke') =>
    events?.publish({ orgId, personId, name: 'key', data: { id, change } })

  app.openapi(guarded(keyOperations.listKeys), async (context) => {
    const { cursor, limit, q: text, revoked: isRevoked } = context.req.valid('query')
    const page = { after: placeInTime(cursor), limit: limit + 1, text, isRevoked }
    const list = await keys.list(keyActor(orgActorOf(context)), page)
    const { items, next } = partOf(list, limit, ({ createdAt: at, id }) => ({ at, id }))
    return context.json({ keys: await shown(items), next }, 200)
  })
  app.openapi(guarded(keyOperations.createKey), async (context) => {
    const actor = orgActorOf(context)
    const created = await keys.create(keyActor(actor), withoutUndefined(context.req.valid('json')))
    tell(created.key, 'create')
    const unmatchedModels = unmatchedBy(created.key, gateway)
    return context.json({ ...(await issued(created)), ...(unmatchedModels.length > 0 && { unmatchedModels }) }, 201)
  })
  app.openapi(guarded(keyOperations.showKey), async (context) => {
    const key = await keys.show(keyActor(orgActorOf(context)), context.req.valid('param').key)
    return context.json(await shownOne(key), 200)
  })
  app.openapi(guarded(keyOperations.changeKey), async (context) => {
    const actor = orgActorOf(context)
    const change = withoutUndefined(context.req.valid('json'))
    const changed = await keys.change(keyActor(actor), context.req.valid('param').key, change)
    tell(changed.after, 'change')
    return context.json(await shownOne(changed.after), 200)
  })
  app.openapi(guarded(keyOperations.rotateKey), async (context) => {
    const actor = orgActorOf(context)
    const { graceMs } = context.req.valid('json')
    const rotated = await keys.rotate(keyActor(actor), context.req.valid('param').key, graceMs)
    tell(rotated.key, 'rotate')
    return context.json(await issued(rotated), 200)
  })
  app.openapi(guarded(keyOperations.revokeKey), async (context) => {
    const actor = orgActorOf(context)
    const revoked = await keys.revoke(keyActor(actor), context.req.valid('param').key)
    if (revoked.before.revokedAt === undefined) tell(revoked.after, 'revoke')
    return context.json(await shownOne(revoked.after), 200)
  })
  app.openapi(guarded(keyOperations.createPlaygroundKey), async (context) => {
    const actor = orgActorOf(context)
    const created = await keys.createForPlayground(keyActor(actor))
    for (const replaced of created.replaced) tell(replaced, 'revoke')
    tell(created.key, 'create')
    return context.json(await issued(created), 201)
  })
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>
}

/** The globs of a key that match no model which its org's upstreams are known to have; none where nothing is known. */
function unmatchedBy({ orgId, models }: Key, gateway: KeyControlOptions['gateway']): string[] {
  const known = (gateway?.upstreams.of(orgId) ?? []).flatMap((upstream) => upstream.known.models ?? [])
  if (known.length === 0) return []
  const unmatched = models.filter((glob) => !known.some(({ canonical }) => matchesModelGlob(glob, canonical)))
  return unmatched.map(({ text }) => text)
}
