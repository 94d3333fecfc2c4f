import type { Key } from '../access/key.ts'
import { mayUseModel } from '../access/scope.ts'
import { PunkuError } from '../core/error.ts'
import type { Listing, Route } from '../dialects/dialect.ts'
import { asObject } from '../dialects/json-facts.ts'
import { type ListedModel, renderListing } from '../dialects/listings.ts'
import type { HeaderView } from '../http/headers.ts'
import { readCatalogue } from '../upstreams/catalogue.ts'
import { askJson } from '../upstreams/json-answer.ts'
import type { CatalogueModel, Upstream } from '../upstreams/upstream.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { Exchange } from './exchange.ts'
import { requestIdHeaders, sendWhole } from './respond.ts'

/** A catalogue older than this is read anew before it is shown, so that a model pulled a moment ago is in it. */
const FRESH_MS = 2_000

/** An upstream that is down is asked again about this often. */
const RETRY_AFTER_MS = 5_000

/** How long an upstream may take to say which models it has loaded. */
const LOADED_TIMEOUT_MS = 5_000

export interface ListingRequest {
  readonly exchange: Exchange
  readonly route: Route
  readonly listing: Listing
  readonly key: Key
  /** The query that the route lets through, without `?`. */
  readonly query: string
  readonly headers: HeaderView
  /** The canonical name that `model` asks for. */
  readonly model: string | undefined
  readonly upstreams: Upstreams
  /** Wall time, milliseconds since the epoch. */
  readonly now: number
}

/**
 * Answers a route that lists models: over all upstreams of the key's org that have the route, only what the key may use. Throws
 * `route_not_served` where no upstream has it, and the upstream's own failure where none answers.
 */
export async function answerListing(request: ListingRequest): Promise<void> {
  const { exchange, listing, key } = request
  const serving = await freshUpstreams(request)
  const models = listing === 'ollama-ps' ? await loadedModels(serving) : serving.flatMap(catalogueOf)
  const wanted = listing === 'model' ? models.filter(({ canonical }) => canonical === request.model) : models
  const visible = unique(
    wanted.filter((model) => mayUseModel(key, model.canonical) && (key.allowsCloud || !model.isCloud)),
  )
  const answer = renderListing(listing, visible, {
    hasAnthropicVersion: request.headers.get('anthropic-version') !== undefined,
    query: request.query,
  })
  if (exchange.isOver) return
  const headers = [...requestIdHeaders(exchange.id), 'content-type', answer.contentType, ...exchange.extraHeaders]
  exchange.status = 200
  exchange.responseBytes = sendWhole(exchange.res, 200, headers, answer.body)
  exchange.complete()
}

interface VisibleModel extends ListedModel {
  readonly canonical: string
  readonly isCloud: boolean
}

async function freshUpstreams({ upstreams, key, route, now }: ListingRequest): Promise<readonly Upstream[]> {
  const { orgId } = key
  const all = upstreams.of(orgId)
  const stale = all.filter(({ health }) => now - health.checkedAt > FRESH_MS)
  // One that is down may take long to say so again; it is asked only when there is nobody else to ask.
  const hopeful = stale.filter(({ health }) => health.state !== 'down')
  const hasOther = all.some(({ health }) => health.state === 'up')
  await Promise.all((hasOther ? hopeful : stale).map((upstream) => upstream.refresh()))
  const serving = upstreams.of(orgId).filter(({ server }) => server !== undefined && route.servers.includes(server))
  // None: the registry knows why, and throws it.
  if (serving.length === 0) await upstreams.choose({ orgId, route, canonicalModel: undefined })
  // A list is shown only where somebody gave it: an old or an empty one would pass for the truth.
  if (!serving.some(({ health }) => health.state === 'up')) throw noneAnswers(serving)
  return serving
}

function catalogueOf({ models = [], server }: Upstream): VisibleModel[] {
  return models.map((model) => visibleModel(model, server))
}

function noneAnswers(serving: readonly Upstream[]): PunkuError {
  const isRefused = serving.every(({ health }) => health.failure === 'refused')
  return new PunkuError(
    isRefused ? 'upstream_refused' : 'upstream_unreachable',
    'No model server answers now, so nobody knows which models there are. Start it, or check that it can be reached.',
    { retryAfterMs: RETRY_AFTER_MS },
  )
}

/** What the upstreams have in memory now, as they tell it: no catalogue holds that. */
async function loadedModels(serving: readonly Upstream[]): Promise<VisibleModel[]> {
  const lists = await Promise.all(serving.filter(({ health }) => health.state === 'up').map(loadedModelsOf))
  return lists.flat()
}

async function loadedModelsOf(upstream: Upstream): Promise<VisibleModel[]> {
  const { server, models = [] } = upstream
  const signal = AbortSignal.timeout(LOADED_TIMEOUT_MS)
  const answer = await askJson(upstream, { path: '/api/ps', signal }).catch(() => undefined)
  const entries = asObject(answer?.json)?.['models']
  if (!Array.isArray(entries)) {
    throw new PunkuError('upstream_invalid', 'The model server did not say which models it has loaded. See its log.')
  }
  // An alias of a cloud model tells so in the catalogue only.
  const cloud = new Set(models.filter(({ isCloud }) => isCloud).map(({ canonical }) => canonical))
  return readCatalogue(entries).map((model) =>
    visibleModel({ ...model, isCloud: model.isCloud || cloud.has(model.canonical) }, server),
  )
}

function visibleModel({ id, canonical, isCloud, entry }: CatalogueModel, server: Upstream['server']): VisibleModel {
  return { id, canonical, isCloud, entry, server }
}

/** The first of each name: several upstreams may have the same model. */
function unique(models: readonly VisibleModel[]): VisibleModel[] {
  const byName = new Map<string, VisibleModel>()
  for (const model of models) if (!byName.has(model.canonical)) byName.set(model.canonical, model)
  return [...byName.values()]
}
