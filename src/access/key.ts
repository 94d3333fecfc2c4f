import { ROUTE_CLASSES, type RouteClass } from '../dialects/dialect.ts'
import type { KeyRow } from '../store/schema.ts'
import { type ModelGlob, parseModelGlob } from './model-glob.ts'
import { Networks } from './networks.ts'

/** A route class that may be granted. */
export type GrantableRouteClass = Exclude<RouteClass, 'never'>

/** A key and what it may do, as it stood when it was read. Nothing of its secret. Times are epoch milliseconds. */
export interface Key {
  /** The public id inside `pk_<id>_<secret>`. */
  readonly id: string
  readonly orgId: string
  /** Whose it is; `undefined`: the org's own. */
  readonly personId: string | undefined
  /** Who made it, in words. */
  readonly createdBy: string
  /** Grows with each change that people make to it. */
  readonly version: number
  readonly name: string
  /** The models it may use; never empty. */
  readonly models: readonly ModelGlob[]
  /** Never holds `never`. */
  readonly routes: ReadonlySet<RouteClass>
  /** Where it may be used from. */
  readonly networks: Networks
  /** May use models that run on somebody else's machine. */
  readonly allowsCloud: boolean
  /** May read `/metrics`. */
  readonly allowsMetrics: boolean
  readonly createdAt: number
  /** `undefined`: never. */
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  /** Written now and then: up to half a minute late. */
  readonly lastUsedAt: number | undefined
}

/** The key that a row holds. Throws `TypeError` when the row holds something else: then it grants nothing. */
export function keyFromRow(row: KeyRow): Key {
  const networks = Networks.parse(parseList(row.networks))
  if (!(networks instanceof Networks)) throw new TypeError(`key ${row.id} has a network that is none`)
  const models = parseList(row.models).map(parseModelGlob)
  if (models.length === 0 || !models.every((glob) => glob !== undefined)) {
    throw new TypeError(`key ${row.id} has a model glob that is none, or has no globs`)
  }
  const routes = parseList(row.routes)
  if (!routes.every(isGrantable)) throw new TypeError(`key ${row.id} has a route class that cannot be granted`)
  return {
    id: row.id,
    orgId: row.org_id,
    personId: row.person_id ?? undefined,
    createdBy: row.created_by,
    version: row.version,
    name: row.name,
    models,
    routes: new Set(routes),
    networks,
    allowsCloud: row.allows_cloud === 1,
    allowsMetrics: row.allows_metrics === 1,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  }
}

/** Whether the text names a route class that a key may be granted. */
export function isGrantable(text: string): text is GrantableRouteClass {
  return text !== 'never' && (ROUTE_CLASSES as readonly string[]).includes(text)
}

function parseList(json: string): readonly string[] {
  const list: unknown = JSON.parse(json)
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw new TypeError('a column of a key is no list of texts')
  }
  return list
}
