import type { Clock } from '../core/clock.ts'
import { PunkuError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import type { KeyRepository } from '../store/key-repository.ts'
import type { KeyRow } from '../store/schema.ts'
import { type GrantableRouteClass, isGrantable, type Key, keyFromRow } from './key.ts'
import { newKeyId, newKeySecret, renderKey } from './key-text.ts'
import { parseModelGlob } from './model-glob.ts'
import { Networks } from './networks.ts'

/** Bounds what one key costs to match: every request of the key walks its lists. */
const MAX_LIST_LENGTH = 100
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@+-]{0,62}[A-Za-z0-9._@+-])?$/
const DEFAULT_MODELS: readonly string[] = ['*']
const DEFAULT_ROUTES: readonly GrantableRouteClass[] = ['inference', 'metadata']

export interface KeyServiceOptions {
  readonly repository: KeyRepository
  /** What is stored of a secret: the same as the keyring's. */
  readonly hash: (secret: string) => Buffer
  readonly clock: Clock
  /** Awaited after every change: the `refresh` of a keyring in this process. Default: keyrings find out by themselves. */
  readonly changed?: () => Promise<void>
}

/** What a new key may do. Absent lists and flags take the default. */
export interface KeyGrant {
  /** Letters, digits, space and `._@+-`, 64 at most; unique among keys that are not revoked. */
  readonly name: string
  /** Globs of model names. Default: `*`. */
  readonly models?: readonly string[]
  /** Route classes. Default: `inference` and `metadata`; `never` cannot be granted. */
  readonly routes?: readonly string[]
  /** Default: never expires. */
  readonly expiresInMs?: number
  /** CIDR ranges or addresses. Default, and empty: everywhere. */
  readonly networks?: readonly string[]
  /** Default: no. */
  readonly allowsCloud?: boolean
  /** Default: no. */
  readonly allowsMetrics?: boolean
}

/** A key with its text, which is known only now. */
export interface IssuedKey {
  readonly key: Key
  readonly text: Secret
}

/**
 * Makes and ends keys. Keys are named by id or name; of keys that share a name the name means the one that is not
 * revoked, or else the newest. Throws `invalid_request` with the field in `param`, and `key_not_found`.
 */
export class KeyService {
  readonly #options: KeyServiceOptions

  constructor(options: KeyServiceOptions) {
    this.#options = options
  }

  async create(grant: KeyGrant): Promise<IssuedKey> {
    const { repository, clock } = this.#options
    const now = clock.now()
    const row = { ...grantedRow(grant, now), id: newKeyId(), created_at: now }
    if ((await repository.findById(row.name)) !== undefined) throw nameTaken(row.name)
    const secret = newKeySecret()
    if (!(await repository.insert(row, this.#hashText(secret)))) throw nameTaken(row.name)
    await this.#options.changed?.()
    return await this.#issued(row.id, secret)
  }

  /** Every key, revoked ones too, oldest first. */
  async list(): Promise<Key[]> {
    return (await this.#options.repository.list()).map(keyFromRow)
  }

  async show(idOrName: string): Promise<Key> {
    return keyFromRow(await this.#find(idOrName))
  }

  /** Gives the key a new text. The old one works for `graceMs` more; 0 ends it now. Streams go on either way. */
  async rotate(idOrName: string, graceMs: number): Promise<IssuedKey> {
    const { repository, clock } = this.#options
    if (!Number.isSafeInteger(graceMs) || graceMs < 0) throw invalid('grace', 'The grace has to be a time, or 0.')
    const { id } = await this.#find(idOrName)
    const secret = newKeySecret()
    const at = clock.now()
    if (!(await repository.rotate(id, { hash: this.#hashText(secret), at, olderExpireAt: at + graceMs }))) {
      throw invalid('key', 'This key was revoked, and a revoked key has no use for a new secret. Make a new key.')
    }
    await this.#options.changed?.()
    return await this.#issued(id, secret)
  }

  /** Ends a key for good, and with it every stream that runs under it. For a revoked key it changes nothing. */
  async revoke(idOrName: string): Promise<Key> {
    const { id } = await this.#find(idOrName)
    await this.#options.repository.revoke(id, this.#options.clock.now())
    await this.#options.changed?.()
    return await this.show(id)
  }

  async #find(idOrName: string): Promise<KeyRow> {
    const { repository } = this.#options
    const row =
      (await repository.findById(idOrName)) ??
      (await repository.findByName(idOrName)) ??
      (await repository.list()).findLast(({ name }) => name === idOrName)
    if (row !== undefined) return row
    // The text is not repeated: it may be a whole key, pasted in the wrong place.
    throw new PunkuError('key_not_found', 'No key has this id or name. `punku keys list` shows the ones there are.', {
      param: 'key',
    })
  }

  async #issued(id: string, secret: string): Promise<IssuedKey> {
    return { key: await this.show(id), text: new Secret(renderKey({ id, secret })) }
  }

  #hashText(secret: string): string {
    return this.#options.hash(secret).toString('hex')
  }
}

/** The columns that a grant fills, each checked. */
function grantedRow(grant: KeyGrant, now: number) {
  const { name, models = DEFAULT_MODELS, routes = DEFAULT_ROUTES, networks = [], expiresInMs } = grant
  if (!NAME.test(name) || name.startsWith('pk_')) {
    throw invalid('name', "A key's name is 1 to 64 letters, digits, spaces or `._@+-`, and does not start with `pk_`.")
  }
  requireShort('models', models)
  if (models.length === 0) throw invalid('models', 'A key needs at least one model; `*` grants all.')
  if (models.some((text) => parseModelGlob(text) === undefined)) {
    throw invalid('models', 'One of the models can be no model name, nor a pattern of them with `*` or `?`.')
  }
  requireShort('routes', routes)
  if (routes.includes('never')) {
    throw invalid('routes', 'Routes of the class `never` cannot be granted. Grant inference, metadata or manage.')
  }
  if (!routes.every(isGrantable) || (routes.length === 0 && grant.allowsMetrics !== true)) {
    throw invalid('routes', 'A key needs one or more of the route classes inference, metadata and manage.')
  }
  requireShort('networks', networks)
  if (!(Networks.parse(networks) instanceof Networks)) {
    throw invalid('networks', 'A network has to be an address or a range of them, as in 10.0.0.0/8 or fd00::/8.')
  }
  const expiresAt = expiresInMs === undefined ? null : now + expiresInMs
  if (expiresAt !== null && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
    throw invalid('expires', 'The time until a key expires has to be longer than 0.')
  }
  return {
    name,
    models: JSON.stringify(models),
    routes: JSON.stringify([...new Set(routes)]),
    networks: JSON.stringify(networks),
    allows_cloud: grant.allowsCloud === true ? 1 : 0,
    allows_metrics: grant.allowsMetrics === true ? 1 : 0,
    expires_at: expiresAt,
  }
}

function requireShort(param: string, list: readonly string[]): void {
  if (list.length > MAX_LIST_LENGTH) throw invalid(param, `A key's ${param} can be ${MAX_LIST_LENGTH} at most.`)
}

function nameTaken(name: string): PunkuError {
  return invalid('name', `A key with the name "${name}" exists. Choose another, or rotate or revoke that one.`)
}

function invalid(param: string, message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param })
}
