import type { Key } from '../access/key.ts'
import type { KeyActor } from '../access/key-actor.ts'
import type { IssuedKey, KeyService } from '../access/key-service.ts'
import type { AuditFacts, AuditSink } from '../audit/audit-note.ts'
import { hasRole, type OrgActor } from '../people/actor.ts'
import type { PersonNames } from '../store/person-names.ts'
import { isoOrNull, keyBody } from './bodies.ts'
import { type IssuedKeyBody, type KeyBody, keyOperations } from './contract/keys.ts'
import type { Control } from './control.ts'
import { partOf, placeInTime } from './cursor.ts'
import type { Events } from './events.ts'
import { guarded, orgActorOf } from './guard.ts'

export interface KeyControlOptions {
  readonly keys: KeyService
  readonly personNames: PersonNames
  readonly audit: AuditSink
  /** Those who look on; absent where only the database is open. */
  readonly events?: Pick<Events, 'publish'>
  /** Wall time, milliseconds since the epoch. */
  readonly now: () => number
}

/** What the actor may do with keys. */
export function keyActor(actor: OrgActor): KeyActor {
  const { orgId, personId, name, isSystemAdmin } = actor
  return { orgId, personId, name, power: isSystemAdmin ? 'system' : hasRole(actor, 'admin') ? 'admin' : 'member' }
}

/** Adds the operations on keys to the control API. */
export function addKeyControl(app: Control, options: KeyControlOptions): void {
  const { keys, personNames, now } = options
  const shown = async (list: readonly Key[]): Promise<KeyBody[]> => {
    const names = await personNames.of(list.map(({ personId }) => personId))
    return list.map((key) => keyBody(key, names, now()))
  }
  const shownOne = async (key: Key): Promise<KeyBody> => (await shown([key]))[0] as KeyBody
  const issued = async ({ key, text }: IssuedKey): Promise<IssuedKeyBody> => ({
    ...(await shownOne(key)),
    key: text.reveal(),
  })

  app.openapi(guarded(keyOperations.listKeys), async (context) => {
    const { cursor, limit } = context.req.valid('query')
    const actor = keyActor(orgActorOf(context))
    const list = await keys.list(actor, { after: placeInTime(cursor), limit: limit + 1 })
    const { items, next } = partOf(list, limit, ({ createdAt: at, id }) => ({ at, id }))
    return context.json({ keys: await shown(items), next }, 200)
  })
  app.openapi(guarded(keyOperations.createKey), async (context) => {
    const actor = orgActorOf(context)
    const created = await keys.create(keyActor(actor), withoutUndefined(context.req.valid('json')))
    await record(options, actor, 'create', { after: created.key })
    return context.json(await issued(created), 201)
  })
  app.openapi(guarded(keyOperations.showKey), async (context) => {
    const key = await keys.show(keyActor(orgActorOf(context)), context.req.valid('param').key)
    return context.json(await shownOne(key), 200)
  })
  app.openapi(guarded(keyOperations.changeKey), async (context) => {
    const actor = orgActorOf(context)
    const change = withoutUndefined(context.req.valid('json'))
    const changed = await keys.change(keyActor(actor), context.req.valid('param').key, change)
    await record(options, actor, 'change', changed)
    return context.json(await shownOne(changed.after), 200)
  })
  app.openapi(guarded(keyOperations.rotateKey), async (context) => {
    const actor = orgActorOf(context)
    const { graceMs } = context.req.valid('json')
    const rotated = await keys.rotate(keyActor(actor), context.req.valid('param').key, graceMs)
    await record(options, actor, 'rotate', { after: rotated.key }, { graceMs })
    return context.json(await issued(rotated), 200)
  })
  app.openapi(guarded(keyOperations.revokeKey), async (context) => {
    const actor = orgActorOf(context)
    const revoked = await keys.revoke(keyActor(actor), context.req.valid('param').key)
    if (revoked.before.revokedAt === undefined) await record(options, actor, 'revoke', revoked)
    return context.json(await shownOne(revoked.after), 200)
  })
  app.openapi(guarded(keyOperations.createPlaygroundKey), async (context) => {
    const actor = orgActorOf(context)
    const created = await keys.createForPlayground(keyActor(actor))
    for (const replaced of created.replaced) await record(options, actor, 'revoke', replaced)
    await record(options, actor, 'create', { after: created.key })
    return context.json(await issued(created), 201)
  })
}

/** Records a change that was made to a key, and tells those who look on. */
async function record(
  { audit, events }: Pick<KeyControlOptions, 'audit' | 'events'>,
  actor: OrgActor,
  change: 'create' | 'change' | 'rotate' | 'revoke',
  { before, after }: { readonly before?: Key; readonly after: Key },
  more: AuditFacts = {},
): Promise<void> {
  await audit.record({
    actor,
    orgId: actor.orgId,
    action: `key.${change}`,
    target: { id: after.id, name: after.name },
    before: before && factsOf(before),
    after: { ...factsOf(after), ...more },
  })
  events?.publish({ orgId: actor.orgId, personId: after.personId, name: 'key', data: { id: after.id, change } })
}

/** What people choose of a key, and what became of it. */
function factsOf(key: Key): AuditFacts {
  return {
    name: key.name,
    personId: key.personId ?? null,
    models: key.models.map(({ text }) => text),
    routes: [...key.routes],
    networks: key.networks.ranges,
    allowsCloud: key.allowsCloud,
    allowsMetrics: key.allowsMetrics,
    expiresAt: isoOrNull(key.expiresAt),
    revokedAt: isoOrNull(key.revokedAt),
  }
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>
}
