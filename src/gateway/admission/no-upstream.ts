import { PunkuError } from '../../core/error.ts'
import { upstreamAway } from '../../core/upstream-away.ts'
import { DIALECTS } from '../../dialects/dialects.ts'
import { outOfFiles } from '../../servers/failure.ts'
import { SERVER_NAMES, type ServerName } from '../../servers/known/model-servers.ts'
import { meantRoute, meantText } from '../../servers/meant-route.ts'
import type { OrgUpstreams } from '../upstreams/org-upstreams.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { DOWN_INTERVAL_MS } from '../upstreams/upstream-refresher.ts'
import type { Wanted } from './chooser.ts'

/** The most that are looked at to say why none will do. */
const MAX_LOOKED_AT = 64

/** Whether an upstream of the org could turn out to serve the request, once it is asked again. */
export function isWorthAsking(org: OrgUpstreams, wanted: Wanted): boolean {
  const { pinned } = wanted
  if (pinned === undefined) return org.unknownCount > 0 || serversFor(wanted).some((server) => !isEmpty(org, server))
  const known = org.get(pinned)?.upstream.known
  return known !== undefined && (known.server === undefined || serversFor(wanted).includes(known.server))
}

/**
 * Why no upstream of the org will do, for whoever asked. It tells nothing of other orgs.
 * @param isAwaited one that was not heard of yet may still come, and turn out to have what is asked for
 */
export function whyNone(org: OrgUpstreams, wanted: Wanted, isAwaited: boolean): PunkuError {
  const { route, canonicalModel, askedModel = canonicalModel, pinned } = wanted
  const candidates = candidatesOf(org, pinned)
  if (candidates.length === 0) {
    if (pinned !== undefined) return noSuchUpstream()
    // Nothing that asking again would change.
    return new PunkuError(
      'route_not_served',
      'No model server is configured. Add one to the gateway, or pair an agent with it.',
    )
  }
  const isServed =
    pinned === undefined
      ? serversFor(wanted).some((server) => !isEmpty(org, server))
      : candidates.some(({ known }) => known.server !== undefined && serversFor(wanted).includes(known.server))
  if (isServed && isAwaited) return unheard(org, `whether one has the model '${askedModel}'`)
  const holders = pinned === undefined ? holdersIn(org, canonicalModel) : []
  if (isServed && holders.length > 0) {
    return new PunkuError(
      'route_not_served',
      `The server of that model (${holders.join(', ')}) does not serve ${route.method} ${route.path} of the ${route.dialect} API. ` +
        `It takes one of: ${route.servers.join(', ')}.`,
    )
  }
  if (isServed) {
    // It begins in Ollama's own words: clients look for them.
    const message = `model '${askedModel}' not found. ${DIALECTS[route.dialect].namesHint}`
    return new PunkuError('model_not_found', message, { param: 'model' })
  }
  const hasAnswer = pinned === undefined ? org.up.size > 0 : candidates.some(({ known }) => known.health.state === 'up')
  const areAllKnown = pinned === undefined ? org.unknownCount === 0 : candidates.every(({ known }) => known.server)
  if (hasAnswer && isAwaited) return unheard(org, `whether one serves ${route.method} ${route.path}`)
  if (hasAnswer || areAllKnown) {
    const meant = meantRoute(route.method, route.path, ({ servers }) => servers.some((server) => !isEmpty(org, server)))
    return new PunkuError(
      'route_not_served',
      `No model server here serves ${route.method} ${route.path} of the ${route.dialect} API. ` +
        `It takes one of: ${route.servers.join(', ')}.${meant === undefined ? '' : ` ${meantText(meant, route.path)}`}`,
    )
  }
  const linked = candidates.filter(({ known }) => known.health.failure !== 'unlinked')
  if (linked.length === 0 || linked.some(({ known }) => known.health.failure === 'away')) {
    return upstreamAway(
      'No model server has answered the gateway yet, and an agent is not connected. Ask again in a few seconds; if it stays away, check that `punku connect` runs beside the model server.',
    )
  }
  const { health } = linked[0]?.known ?? {}
  if (health?.failure === 'exhausted') return outOfFiles({ detail: { reason: health.reason } })
  const options = { retryAfterMs: DOWN_INTERVAL_MS, detail: { reason: health?.reason ?? '' } }
  return linked.every(({ known }) => known.health.failure === 'refused')
    ? new PunkuError('upstream_refused', 'No model server is running where the gateway looks. Start it.', options)
    : new PunkuError(
        'upstream_unreachable',
        'No model server has answered the gateway yet. Check that it is on, and its address.',
        options,
      )
}

/** The refusal of a request for an upstream that its org does not have, whoever else may have it. */
export const noSuchUpstream = (): PunkuError =>
  new PunkuError(
    'upstream_not_found',
    'There is no upstream of the name that this request asks for (x-punku-upstream, or the host of a .tunnel address). Check the label of the tunnel: `punku tunnels list` and `punku upstreams list` show those there are.',
  )

/** The refusal while some of an org have not been heard of. @param what nobody knows: `which models there are` */
export function unheard({ awaited }: OrgUpstreams, what: string): PunkuError {
  if (
    Iterator.from(awaited)
      .take(MAX_LOOKED_AT)
      .every(({ upstream }) => isSilent(upstream))
  ) {
    return upstreamAway(
      `Nothing has answered yet at the URL of a model server that this gateway was given, so it cannot say ${what}. Start that server, or take its URL away; \`punku status\` names it.`,
    )
  }
  return upstreamAway(
    `The gateway has started a short while ago and not every upstream has been heard of since, so it cannot say ${what}. Ask again in a few seconds.`,
  )
}

function candidatesOf(org: OrgUpstreams, pinned: string | undefined): readonly Upstream[] {
  if (pinned !== undefined) {
    const member = org.get(pinned)
    return member === undefined ? [] : [member.upstream]
  }
  return Array.from(Iterator.from(org.members()).take(MAX_LOOKED_AT), ({ upstream }) => upstream)
}

/** It was asked, at its URL, and there was no connection. */
function isSilent({ via, known: { health } }: Upstream): boolean {
  return via === 'direct' && health.state === 'down'
}

/** The servers that serve one of the routes that will do. */
function serversFor({ route, otherRoutes = [] }: Wanted): readonly ServerName[] {
  return [route, ...otherRoutes].flatMap(({ servers }) => servers)
}

/** The kinds of servers that have a model, whatever they serve. */
function holdersIn(org: OrgUpstreams, model: string | undefined): readonly ServerName[] {
  if (model === undefined) return []
  return SERVER_NAMES.filter((server) => org.holdersOf(server, model)?.isEmpty === false)
}

function isEmpty(org: OrgUpstreams, server: ServerName): boolean {
  return org.serversOf(server)?.isEmpty ?? true
}
