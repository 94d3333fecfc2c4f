import { PunkuError } from '../core/error.ts'
import type { KeyColumns } from '../store/key-repository.ts'
import { isGrantable } from './key.ts'
import { parseModelGlob } from './model-glob.ts'
import { Networks } from './networks.ts'

/** Bounds what one key costs to match: every request of the key walks its lists. */
const MAX_LIST_LENGTH = 100
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9 ._@+-]{0,62}[A-Za-z0-9._@+-])?$/

/** What a key may do. Each field that is absent takes its default, or in a change stays as it is. */
export interface KeyTerms {
  /** Globs of model names. Default: all that whoever makes the key may grant. */
  readonly models?: readonly string[]
  /** Route classes. Default: `inference` and `metadata`; `never` cannot be granted. */
  readonly routes?: readonly string[]
  /** CIDR ranges or addresses. Default, and empty: everywhere. */
  readonly networks?: readonly string[]
  /** Default: no. */
  readonly allowsCloud?: boolean
  /** Default: no. The numbers are of the whole gateway, so only a `system` actor grants it. */
  readonly allowsMetrics?: boolean
}

/** A new key. */
export interface KeyGrant extends KeyTerms {
  /** Letters, digits, space and `._@+-`, 64 at most; unique in its org among keys that are not revoked. */
  readonly name: string
  /** Default: it never expires, or as late as whoever makes the key may grant. */
  readonly expiresInMs?: number
  /** The maker's own rather than the org's. Default: no; members make no others. */
  readonly isPersonal?: boolean
}

/** A change to a key that is not revoked. */
export interface KeyChange extends KeyTerms {
  /** The version that whoever changes it saw. */
  readonly version: number
  readonly name?: string
  /** From now; `null`: it never expires. */
  readonly expiresInMs?: number | null
}

/** What is to be stored, before it is checked. */
export interface WantedKey extends Required<KeyTerms> {
  readonly name: string
  readonly expiresAt: number | null
}

/** The columns for a wanted key. Throws `invalid_request` with the field in `param`. */
export function chosenColumns(wanted: WantedKey): KeyColumns {
  const { name, models, routes, networks, allowsMetrics, expiresAt } = wanted
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
  if (!routes.every(isGrantable) || (routes.length === 0 && !allowsMetrics)) {
    throw invalid('routes', 'A key needs one or more of the route classes inference, metadata and manage.')
  }
  requireShort('networks', networks)
  if (!(Networks.parse(networks) instanceof Networks)) {
    throw invalid('networks', 'A network has to be an address or a range of them, as in 10.0.0.0/8 or fd00::/8.')
  }
  return {
    name,
    models: JSON.stringify(models),
    routes: JSON.stringify([...new Set(routes)]),
    networks: JSON.stringify(networks),
    allows_cloud: wanted.allowsCloud ? 1 : 0,
    allows_metrics: allowsMetrics ? 1 : 0,
    expires_at: expiresAt,
  }
}

/** When a key ends that is to last so long from now; `null`: never. Throws `invalid_request` for what is no time ahead. */
export function expiryOf(expiresInMs: number | null, now: number): number | null {
  if (expiresInMs === null) return null
  const expiresAt = now + expiresInMs
  if (Number.isSafeInteger(expiresAt) && expiresAt > now) return expiresAt
  throw invalid('expires', 'The time until a key expires has to be longer than 0.')
}

/** A refusal of one field. */
export function invalid(param: string, message: string): PunkuError {
  return new PunkuError('invalid_request', message, { param })
}

function requireShort(param: string, list: readonly string[]): void {
  if (list.length > MAX_LIST_LENGTH) throw invalid(param, `A key's ${param} can be ${MAX_LIST_LENGTH} at most.`)
}
