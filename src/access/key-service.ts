import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import type { ActiveKeyLimit, KeyRepository, NewKey } from '../store/key-repository.ts'
import type { Page, PlaceInTime } from '../store/page.ts'
import type { KeyRow } from '../store/schema.ts'
import { type Key, keyFromRow } from './key.ts'
import { type KeyActor, type MemberKeyRules, scopeOf } from './key-actor.ts'
import { chosenColumns, expiryOf, invalid, type KeyChange, type KeyGrant, type WantedKey } from './key-grant.ts'
import { newKeyId, newKeySecret, renderKey } from './key-text.ts'
import { requireWithinRules } from './member-rules.ts'

const ALL_MODELS: readonly string[] = ['*']
const DEFAULT_ROUTES: readonly string[] = ['inference', 'metadata']
const PLAYGROUND_LIFE_MS = 3_600_000
/** How long the name of an ended playground key is kept for the rows it left. */
const PLAYGROUND_KEPT_MS = 7 * 86_400_000

export interface KeyServiceOptions {
  readonly repository: KeyRepository
  /** What is stored of a secret: the same as the keyring's. */
  readonly hash: (secret: string) => Buffer
  readonly clock: Clock
  /** What an org lets its members give keys of their own. */
  readonly memberKeyRules: (orgId: string) => Promise<MemberKeyRules>
  /** Awaited after every change: the `refresh` of a keyring in this process. Default: keyrings find out by themselves. */
  readonly changed?: () => Promise<void>
}

/** A key with its text, which is known only now. */
export interface IssuedKey {
  readonly key: Key
  readonly text: Secret
}

/** A key before a change and after it. */
export interface ChangedKey {
  readonly before: Key
  readonly after: Key
}

/**
 * Makes, changes and ends keys, each for somebody: to a member there are no keys but their own, to anybody none of
 * another org. Keys are named by id or name; of keys that share a name the name means the one that is not revoked, or
 * else the newest. Throws `invalid_request` and `already_exists` with the field in `param`, `key_not_found`,
 * `not_allowed` and `limit_reached` for what the org does not let members do, and `version_conflict`.
 */
export class KeyService {
  readonly #options: KeyServiceOptions

  constructor(options: KeyServiceOptions) {
    this.#options = options
  }

  async create(actor: KeyActor, grant: KeyGrant): Promise<IssuedKey> {
    const now = this.#options.clock.now()
    const rules = await this.#rulesFor(actor)
    const life = grant.expiresInMs ?? rules?.maxLifeMs ?? null
    const columns = chosenColumns({
      name: grant.name,
      models: grant.models ?? rules?.models ?? ALL_MODELS,
      routes: grant.routes ?? DEFAULT_ROUTES,
      networks: grant.networks ?? [],
      allowsCloud: grant.allowsCloud ?? false,
      allowsMetrics: grant.allowsMetrics ?? false,
      expiresAt: expiryOf(life, now),
    })
    const isOrgs = rules === undefined && grant.isPersonal !== true
    const row = { ...columns, ...this.#newRow(actor, isOrgs ? null : requirePerson(actor)), is_playground: 0 }
    requireWithinRules(row, rules)
    requireMetricsPower(actor, grant.allowsMetrics)
    return await this.#insert(actor, row, limitOf(actor, rules))
  }

  /**
   * A key for inference and metadata that ends in an hour, and takes the place of the actor's one before, which is in
   * `replaced`. It may use the models that the actor may grant, and does not count among a member's keys.
   */
  async createForPlayground(actor: KeyActor): Promise<IssuedKey & { readonly replaced: readonly ChangedKey[] }> {
    const { repository, clock } = this.#options
    const now = clock.now()
    const rules = await this.#rulesFor(actor)
    const personId = rules === undefined ? (actor.personId ?? null) : requirePerson(actor)
    const base = this.#newRow(actor, personId)
    const columns = chosenColumns({
      name: `playground ${base.id}`,
      models: rules?.models ?? ALL_MODELS,
      routes: DEFAULT_ROUTES,
      networks: [],
      allowsCloud: rules?.allowsCloud ?? true,
      allowsMetrics: false,
      expiresAt: now + Math.min(PLAYGROUND_LIFE_MS, rules?.maxLifeMs ?? PLAYGROUND_LIFE_MS),
    })
    await repository.deleteEndedPlaygroundKeys(now - PLAYGROUND_KEPT_MS)
    const replaced: ChangedKey[] = []
    for (const { id } of await repository.livePlaygroundKeys(actor.orgId, personId)) {
      replaced.push(await this.revoke(actor, id))
    }
    return { ...(await this.#insert(actor, { ...columns, ...base, is_playground: 1 })), replaced }
  }

  /** Keys, oldest first, revoked ones too; not those of playgrounds that have ended. */
  async list(actor: KeyActor, page: Page<PlaceInTime>): Promise<Key[]> {
    const { repository, clock } = this.#options
    const rows = await repository.list(scopeOf(actor), page, clock.now())
    return rows.map(keyFromRow)
  }

  async show(actor: KeyActor, idOrName: string): Promise<Key> {
    return keyFromRow(await this.#find(actor, idOrName))
  }

  /** The names of keys of an org by id, whatever became of them. */
  async namesOf(orgId: string, ids: Iterable<string | null>): Promise<ReadonlyMap<string, string>> {
    return await this.#options.repository.namesOf(orgId, ids)
  }

  /** Changes what a key may do. What runs under it goes on; new requests are held to the change within a second. */
  async change(actor: KeyActor, idOrName: string, change: KeyChange): Promise<ChangedKey> {
    const { repository, clock } = this.#options
    const row = await this.#find(actor, idOrName)
    if (row.revoked_at !== null) throw invalid('key', 'This key was revoked, and stays so. Make a new key.')
    if (row.is_playground === 1) throw invalid('key', 'A key of the playground is not changed. Make a key of your own.')
    if (row.version !== change.version) throw outdated()
    const at = clock.now()
    const before = keyFromRow(row)
    const columns = chosenColumns({
      ...wantedOf(before),
      ...change,
      expiresAt: change.expiresInMs === undefined ? row.expires_at : expiryOf(change.expiresInMs, at),
    })
    const rules = await this.#rulesFor(actor)
    requireWithinRules({ ...row, ...columns }, rules)
    if (columns.allows_metrics === 1 && !before.allowsMetrics) requireMetricsPower(actor, true)
    const namesake = await repository.find({ orgId: row.org_id, personId: undefined }, columns.name)
    if (namesake?.id === columns.name && namesake.id !== row.id) throw nameTaken()
    const outcome = await repository.change({ id: row.id, version: row.version, at }, columns, limitOf(actor, rules))
    if (outcome === 'outdated') throw outdated()
    if (outcome !== 'changed') throw outcome === 'name_taken' ? nameTaken() : tooMany(rules)
    await this.#options.changed?.()
    return { before, after: await this.show(actor, row.id) }
  }

  /** Gives the key a new text. The old one works for `graceMs` more; 0 ends it now. Streams go on either way. */
  async rotate(actor: KeyActor, idOrName: string, graceMs: number): Promise<IssuedKey> {
    const { repository, clock } = this.#options
    if (!Number.isSafeInteger(graceMs) || graceMs < 0) throw invalid('grace', 'The grace has to be a time, or 0.')
    const row = await this.#find(actor, idOrName)
    requireWithinRules(row, await this.#rulesFor(actor))
    const secret = newKeySecret()
    const at = clock.now()
    if (!(await repository.rotate(row.id, { hash: this.#hashText(secret), at, olderExpireAt: at + graceMs }))) {
      throw invalid('key', 'This key was revoked, and a revoked key has no use for a new secret. Make a new key.')
    }
    await this.#options.changed?.()
    return await this.#issued(actor, row.id, secret)
  }

  /** Ends a key for good, and with it every stream that runs under it. For a revoked key it changes nothing. */
  async revoke(actor: KeyActor, idOrName: string): Promise<ChangedKey> {
    const before = await this.show(actor, idOrName)
    await this.#options.repository.revoke(before.id, this.#options.clock.now())
    await this.#options.changed?.()
    return { before, after: await this.show(actor, before.id) }
  }

  /** Ends every key of an org, or all that one person has in it, as `revoke` does; those that it ended. */
  async revokeAllOf({ orgId, personId }: { readonly orgId: string; readonly personId?: string }): Promise<Key[]> {
    const { repository, clock } = this.#options
    const revoked = await repository.revokeAll({ orgId, personId }, clock.now())
    if (revoked.length > 0) await this.#options.changed?.()
    return revoked.map(keyFromRow)
  }

  /** What the actor is held to; `undefined`: nothing. */
  async #rulesFor({ orgId, power }: KeyActor): Promise<MemberKeyRules | undefined> {
    return power === 'member' ? await this.#options.memberKeyRules(orgId) : undefined
  }

  #newRow({ orgId, name }: KeyActor, personId: string | null) {
    return {
      id: newKeyId(),
      org_id: orgId,
      person_id: personId,
      created_by: name,
      created_at: this.#options.clock.now(),
    }
  }

  async #insert(actor: KeyActor, row: NewKey, limit?: ActiveKeyLimit): Promise<IssuedKey> {
    const { repository } = this.#options
    const namesake = await repository.find({ orgId: row.org_id, personId: undefined }, row.name)
    if (namesake?.id === row.name) throw nameTaken()
    const secret = newKeySecret()
    const outcome = await repository.insert(row, this.#hashText(secret), limit)
    if (outcome === 'name_taken') throw nameTaken()
    if (outcome === 'too_many') throw tooMany(limit)
    await this.#options.changed?.()
    return await this.#issued(actor, row.id, secret)
  }

  async #find(actor: KeyActor, idOrName: string): Promise<KeyRow> {
    const row = await this.#options.repository.find(scopeOf(actor), idOrName)
    if (row !== undefined) return row
    // The text is not repeated: it may be a whole key, pasted in the wrong place.
    throw new PunkuError('key_not_found', 'No key has this id or name. `punku keys list` shows the ones there are.', {
      param: 'key',
    })
  }

  async #issued(actor: KeyActor, id: string, secret: string): Promise<IssuedKey> {
    return { key: await this.show(actor, id), text: new Secret(renderKey({ id, secret })) }
  }

  #hashText(secret: string): string {
    return this.#options.hash(secret).toString('hex')
  }
}

function wantedOf(key: Key): WantedKey {
  return {
    name: key.name,
    models: key.models.map(({ text }) => text),
    routes: [...key.routes],
    networks: key.networks.ranges,
    allowsCloud: key.allowsCloud,
    allowsMetrics: key.allowsMetrics,
    expiresAt: key.expiresAt ?? null,
  }
}

function limitOf({ personId }: KeyActor, rules: MemberKeyRules | undefined): ActiveKeyLimit | undefined {
  return rules === undefined || personId === undefined ? undefined : { personId, max: rules.max }
}

function requirePerson({ personId }: KeyActor): string {
  if (personId !== undefined) return personId
  throw new PunkuError('not_allowed', 'A key of one’s own is made by a person who has signed in.')
}

function requireMetricsPower({ power }: KeyActor, allowsMetrics: boolean | undefined): void {
  if (allowsMetrics !== true || power === 'system') return
  throw new PunkuError('not_allowed', 'The metrics are of the whole gateway: only its system admins grant them.', {
    param: 'allowsMetrics',
  })
}

function nameTaken(): PunkuError {
  return new PunkuError('already_exists', 'A key with this name exists in this org. Choose another name.', {
    param: 'name',
  })
}

function tooMany(limit: { readonly max: number } | undefined): PunkuError {
  return new PunkuError(
    'limit_reached',
    `This org lets its members have ${limit?.max ?? 0} active keys. Revoke one that is not needed, or ask an admin.`,
  )
}

function outdated(): PunkuError {
  return new PunkuError('version_conflict', 'This key was changed since it was read. Read it again, then change that.')
}
