import { asksForWebSearch } from '../../dialects/web-search.ts'
import { defaultsWithoutPlace } from '../../formats/model-defaults.ts'
import { misreadOf, type ServerName, searchesTheWeb } from '../../servers/known/model-servers.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import { serves } from '../admission/chooser.ts'
import type { Lease } from '../admission/lease.ts'
import type { ModelRule } from '../models/model-rule-set.ts'
import type { Ask } from './ask.ts'
import { isStoodIn, otherRoutesOf } from './translated-formats.ts'

/** On which route a request is sent. */
export interface Plan {
  readonly route: ServedRoute
  /** Where that cannot carry the request: the one that was asked for, which its server has too. `undefined`: it is refused. */
  readonly otherwise: ServedRoute | undefined
  /** Where the server turns out not to have the route. `undefined`: it is told so. */
  readonly ifLacking: ServedRoute | undefined
}

/**
 * How a request is put to the upstream that it was given: as it came where that serves its client well, else by another
 * route. `undefined`: only another would do, and its owner wants none.
 */
export function planOf(ask: Ask, lease: Lease, { translate, defaults }: ModelRule): Plan | undefined {
  const { route } = ask
  if (lease.route !== route) {
    if (translate === 'off' && !isStoodIn(route)) return undefined
    return { route: lease.route, otherwise: undefined, ifLacking: undefined }
  }
  const { server } = lease.upstream.known
  const other =
    translate === 'off' || server === undefined
      ? undefined
      : otherRoutesOf(route).find((one) => serves(server, one) && !lease.lacks(one))
  if (server === undefined || other === undefined) return { route, otherwise: undefined, ifLacking: undefined }
  const misread = misreadOf(server, route.path)
  // Whoever may have the server search the web asks a route on which it does.
  if (searchesFor(ask, server)) return { route, otherwise: undefined, ifLacking: other }
  const isNative = server === 'ollama' && route.dialect !== 'ollama'
  if (misread !== undefined && misread.fields === undefined)
    return { route: other, otherwise: undefined, ifLacking: undefined }
  const isBetter =
    misread?.fields?.some((field) => ask.told.includes(field)) === true ||
    (isNative && (translate === 'native' || (defaults !== undefined && hasNoPlace(route, defaults))))
  if (isBetter) return { route: other, otherwise: route, ifLacking: undefined }
  return { route, otherwise: undefined, ifLacking: other }
}

function searchesFor({ key, toolFields, body }: Ask, server: ServerName): boolean {
  if (!key.allowsCloud || toolFields === undefined || !Buffer.isBuffer(body) || !searchesTheWeb(server)) return false
  return asksForWebSearch(body.subarray(toolFields.tools.start, toolFields.tools.end))
}

function hasNoPlace({ format }: ServedRoute, defaults: NonNullable<ModelRule['defaults']>): boolean {
  return format !== undefined && defaultsWithoutPlace(format, defaults).length > 0
}
