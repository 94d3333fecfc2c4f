import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import type { EndingSoon, KeyPage, KeyRepository, KeyScope } from '../store/key-repository.ts'
import { type KeyColumns, KeyWriter, type NewKey } from '../store/key-writer.ts'
import type { KeyRow } from '../store/schema.ts'
import type { OpenChange, Store } from '../store/store.ts'
import type { Unstored } from '../store/unstored.ts'
import { changeableKeyFromRow, type Key, shownKeyFromRow } from './key.ts'
import { type KeyActor, type MemberKeyRules, scopeOf } from './key-actor.ts'
import {
  changedTerms,
  expiryOf,
  type KeyChange,
  type KeyGrant,
  newTerms,
  requireGivable,
  requireLifeWithin,
  requireName,
  showTerms,
} from './key-grant.ts'
import { keyNote } from './key-note.ts'
import { type GrantedTerms, invalid } from './key-terms.ts'
import { newKeyId, newKeySecret, renderKey } from './key-text.ts'
import type { Keyring } from './keyring.ts'

const PLAYGROUND_LIFE_MS = 3_600_000
/** How long the name of an ended playground key is kept for the rows it left. */
const PLAYGROUND_KEPT_MS = 7 * 86_400_000

export interface KeyServiceOptions {
  readonly store: Pick<Store, 'change'>
  readonly repository: KeyRepository
  /** What is stored of a secret: the same as the keyring's. */
  readonly hash: (secret: string) => Buffer
  readonly clock: Clock
  /** What an org lets its members give keys of their own, as it is within a change. */
  readonly memberKeyRules: (orgId: string, change: OpenChange) => Promise<MemberKeyRules>
  /** The keyring of this process, and what tries again: a revocation that cannot be stored takes effect all the same. */
  readonly keyring?: Pick<Keyring, 'revokeHere' | 'overHere' | 'revokedHere'>
  readonly unstored?: Pick<Unstored, 'revoke'>
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

/** The keys that somebody may use now, of those that an actor sees. */
export interface ActiveKeys {
  readonly count: number
  readonly endingSoon: { readonly count: number; readonly first: readonly Key[] }
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
    return await this.#options.store.change(actor, async (change) => {
      const now = change.at
      const rules = await this.#rulesFor(actor, change)
      const life = grant.expiresInMs ?? rules?.maxLifeMs ?? null
      const expiresAt = expiryOf(life, now)
      requireName(grant.name)
      const terms = newTerms(grant, rules)
      const isOrgs = rules === undefined && grant.isPersonal !== true
      const row = {
        ...newRow(actor, isOrgs ? null : requirePerson(actor), now),
        ...columnsOf(grant.name, terms, expiresAt),
        is_playground: 0,
      }
      requireGivable(terms, { power: actor.power, rules, before: undefined })
      requireLifeWithin(rules, { createdAt: now, expiresAt })
      const keys = new KeyWriter(change)
      await requireRoom(keys, actor, rules)
      return await this.#insert(change, keys, row)
    })
  }

  /**
   * A key for inference and metadata that ends in an hour, and takes the place of the actor's one before, which is in
   * `replaced`. It may use the models that the actor may grant, and does not count among a member's keys.
   */
  async createForPlayground(actor: KeyActor): Promise<IssuedKey & { readonly replaced: readonly Key[] }> {
    return await this.#options.store.change(actor, async (change) => {
      const now = change.at
      const rules = await this.#rulesFor(actor, change)
      const personId = rules === undefined ? (actor.personId ?? null) : requirePerson(actor)
      const base = newRow(actor, personId, now)
      const terms = newTerms({ allowsCloud: rules?.allowsCloud ?? true }, rules)
      const expiresAt = now + Math.min(PLAYGROUND_LIFE_MS, rules?.maxLifeMs ?? PLAYGROUND_LIFE_MS)
      const columns = columnsOf(`playground ${base.id}`, terms, expiresAt)
      const keys = new KeyWriter(change)
      await keys.deleteEndedPlaygroundKeys(now - PLAYGROUND_KEPT_MS)
      const replaced: Key[] = []
      for (const row of await keys.livePlaygroundKeys(actor.orgId, personId)) {
        replaced.push((await revokeIn(change, keys, row)).after)
      }
      return { ...(await this.#insert(change, keys, { ...columns, ...base, is_playground: 1 })), replaced }
    })
  }

  /** Keys, newest first; not those of playgrounds that have ended. */
  async list(actor: KeyActor, page: KeyPage): Promise<Key[]> {
    const { repository, clock } = this.#options
    const rows = await repository.list(scopeOf(actor), { ...page, revokedHere: this.#idsRevokedHere() }, clock.now())
    return rows.map((row) => this.#asItIs(row))
  }

  /** How many keys are active, how many of them end soon, and those that do so first: `max` at most. */
  async active(actor: KeyActor, ends: EndingSoon, max: number): Promise<ActiveKeys> {
    const { repository, clock } = this.#options
    const soon = { ...ends, revokedHere: this.#idsRevokedHere() }
    const now = clock.now()
    const { active, endingSoon } = await repository.countByLife(scopeOf(actor), now, soon)
    const first = endingSoon === 0 ? [] : await repository.listEndingSoon(scopeOf(actor), now, soon, max)
    return { count: active, endingSoon: { count: endingSoon, first: first.map(shownKeyFromRow) } }
  }

  async show(actor: KeyActor, idOrName: string): Promise<Key> {
    return this.#asItIs(await this.#find(this.#options.repository, actor, idOrName))
  }

  /** The names of keys of an org by id, whatever became of them. */
  async namesOf(orgId: string, ids: Iterable<string | null>): Promise<ReadonlyMap<string, string>> {
    return await this.#options.repository.namesOf(orgId, ids)
  }

  /** Changes what a key may do. What runs under it goes on; new requests are held to the change within a second. */
  async change(actor: KeyActor, idOrName: string, wanted: KeyChange): Promise<ChangedKey> {
    return await this.#options.store.change(actor, async (change) => {
      const keys = new KeyWriter(change)
      const row = await this.#find(keys, actor, idOrName)
      if (row.revoked_at !== null) throw invalid('key', 'This key was revoked, and stays so. Make a new key.')
      if (row.is_playground === 1)
        throw invalid('key', 'A key of the playground is not changed. Make a key of your own.')
      if (row.version !== wanted.version) throw outdated()
      const before = changeableKeyFromRow(row)
      const expiresAt = wanted.expiresInMs === undefined ? row.expires_at : expiryOf(wanted.expiresInMs, change.at)
      const name = wanted.name ?? before.name
      requireName(name)
      const terms = changedTerms(wanted, before)
      const rules = await this.#rulesFor(actor, change)
      requireGivable(terms, { power: actor.power, rules, before })
      requireLifeWithin(rules, { createdAt: row.created_at, expiresAt })
      await requireFreeName(keys, row, name)
      const isRevived = hasExpired(row.expires_at, change.at) && !hasExpired(expiresAt, change.at)
      if (isRevived) await requireRoom(keys, actor, rules)
      const after = shownKeyFromRow(await keys.set(row, columnsOf(name, terms, expiresAt)))
      change.record(keyNote('change', { before, after }))
      return { before, after }
    })
  }

  /** Gives the key a new text. The old one works for `graceMs` more; 0 ends it now. Streams go on either way. */
  async rotate(actor: KeyActor, idOrName: string, graceMs: number): Promise<IssuedKey> {
    if (!Number.isSafeInteger(graceMs) || graceMs < 0) throw invalid('grace', 'The grace has to be a time, or 0.')
    return await this.#options.store.change(actor, async (change) => {
      const keys = new KeyWriter(change)
      const row = await this.#find(keys, actor, idOrName)
      const before = changeableKeyFromRow(row)
      const rules = await this.#rulesFor(actor, change)
      requireGivable(before, { power: actor.power, rules, before })
      requireLifeWithin(rules, { createdAt: row.created_at, expiresAt: row.expires_at })
      if (row.revoked_at !== null) {
        throw invalid('key', 'This key was revoked, and a revoked key has no use for a new secret. Make a new key.')
      }
      const secret = newKeySecret()
      const rotated = await keys.rotate(row.id, { hash: this.#hashText(secret), olderExpireAt: change.at + graceMs })
      const after = shownKeyFromRow(rotated)
      change.record(keyNote('rotate', { after }, { graceMs }))
      return issued(after, secret)
    })
  }

  /**
   * Ends a key for good, and with it every stream that runs under it. For a revoked key it changes nothing. Where that
   * cannot be stored it takes effect in this process all the same, and rejects with `revoked_unstored`.
   */
  async revoke(actor: KeyActor, idOrName: string): Promise<ChangedKey> {
    const { unstored, keyring } = this.#options
    const store = (id = idOrName) => this.#revoke(actor, id)
    if (unstored === undefined || keyring === undefined) return await store()
    const ended = new Set<string>()
    return await unstored.revoke({
      what: 'key',
      store,
      here() {
        const key = keyring.revokeHere(scopeOf(actor), idOrName)
        if (key !== undefined) ended.add(key.id)
        return key?.id
      },
      over: () => keyring.overHere(ended),
    })
  }

  /** A key as it stands in this process, whatever is stored of it yet. */
  #asItIs(row: KeyRow): Key {
    const key = shownKeyFromRow(row)
    return { ...key, revokedAt: key.revokedAt ?? this.#options.keyring?.revokedHere.get(key.id) }
  }

  #idsRevokedHere(): readonly string[] {
    return [...(this.#options.keyring?.revokedHere.keys() ?? [])]
  }

  async #revoke(actor: KeyActor, idOrName: string): Promise<ChangedKey> {
    return await this.#options.store.change(actor, async (change) => {
      const keys = new KeyWriter(change)
      return await revokeIn(change, keys, await this.#find(keys, actor, idOrName))
    })
  }

  /** What the actor is held to; `undefined`: nothing. */
  async #rulesFor({ orgId, power }: KeyActor, change: OpenChange): Promise<MemberKeyRules | undefined> {
    return power === 'member' ? await this.#options.memberKeyRules(orgId, change) : undefined
  }

  async #insert(change: OpenChange, keys: KeyWriter, row: NewKey): Promise<IssuedKey> {
    await requireFreeName(keys, row, row.name)
    const secret = newKeySecret()
    const key = shownKeyFromRow(await keys.insert(row, this.#hashText(secret)))
    change.record(keyNote('create', { after: key }))
    return issued(key, secret)
  }

  async #find(keys: KeyRepository, actor: KeyActor, idOrName: string): Promise<KeyRow> {
    const row = await keys.find(scopeOf(actor), idOrName)
    if (row !== undefined) return row
    // The text is not repeated: it may be a whole key, pasted in the wrong place.
    throw new PunkuError('key_not_found', 'No key has this id or name. `punku keys list` shows the ones there are.', {
      param: 'key',
    })
  }

  #hashText(secret: string): string {
    return this.#options.hash(secret).toString('hex')
  }
}

/** Ends every key of an org, or all that one person has in it, as a part of a change. */
export async function revokeKeysWithin(change: OpenChange, scope: KeyScope): Promise<void> {
  for (const row of await new KeyWriter(change).revokeAll(scope)) {
    const after = shownKeyFromRow(row)
    change.record(keyNote('revoke', { before: { ...after, revokedAt: undefined }, after }))
  }
}

async function revokeIn(change: OpenChange, keys: KeyWriter, row: KeyRow): Promise<ChangedKey> {
  const before = shownKeyFromRow(row)
  if (row.revoked_at !== null) return { before, after: before }
  const after = shownKeyFromRow(await keys.revoke(row.id))
  change.record(keyNote('revoke', { before, after }))
  return { before, after }
}

function newRow({ orgId, name }: KeyActor, personId: string | null, now: number) {
  return { id: newKeyId(), org_id: orgId, person_id: personId, created_by: name, created_at: now }
}

/** A name that is another key's id would name both. */
async function requireFreeName(keys: KeyWriter, { id, org_id }: Pick<KeyRow, 'id' | 'org_id'>, name: string) {
  const namesake = await keys.find({ orgId: org_id, personId: undefined }, name)
  if (namesake?.id === name && namesake.id !== id) throw nameTaken()
  if (await keys.isNameTaken(org_id, name, id)) throw nameTaken()
}

/** A member has only so many active keys. */
async function requireRoom(keys: KeyWriter, actor: KeyActor, rules: MemberKeyRules | undefined): Promise<void> {
  if (rules === undefined) return
  const { orgId, personId = '' } = actor
  if ((await keys.countActive({ orgId, personId })) < rules.max) return
  throw new PunkuError(
    'limit_reached',
    `This org lets its members have ${rules.max} active keys. Revoke one that is not needed, or ask an admin.`,
  )
}

function issued(key: Key, secret: string): IssuedKey {
  return { key, text: new Secret(renderKey({ id: key.id, secret })) }
}

function hasExpired(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

function columnsOf(name: string, terms: GrantedTerms, expiresAt: number | null): KeyColumns {
  return { name, terms: JSON.stringify(showTerms(terms)), expires_at: expiresAt }
}

function requirePerson({ personId }: KeyActor): string {
  if (personId !== undefined) return personId
  throw new PunkuError('not_allowed', 'A key of one’s own is made by a person who has signed in.')
}

function nameTaken(): PunkuError {
  return new PunkuError('already_exists', 'A key with this name exists in this org. Choose another name.', {
    param: 'name',
  })
}

function outdated(): PunkuError {
  return new PunkuError('version_conflict', 'This key was changed since it was read. Read it again, then change that.')
}
