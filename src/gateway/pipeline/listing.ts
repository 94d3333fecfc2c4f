import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { upstreamAway } from '../../core/upstream-away.ts'
import type { Listing } from '../../dialects/dialect.ts'
import type { ListedModel } from '../../dialects/listed-model.ts'
import { renderListing } from '../../dialects/listings.ts'
import { modelServer } from '../../servers/known/model-servers.ts'
import type { KnownServer } from '../../servers/known-server.ts'
import type { CatalogueModel } from '../../servers/server.ts'
import { mayUseModel } from '../access/scope.ts'
import type { Admission } from '../admission/admission.ts'
import { unheard } from '../admission/no-upstream.ts'
import type { NamedAlias } from '../models/model-rule-set.ts'
import type { ModelRules } from '../models/model-rules.ts'
import type { Answer } from '../reply/answer.ts'
import type { LoadedModels } from '../upstreams/loaded-models.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { DOWN_INTERVAL_MS, FRESH_MS, type UpstreamRefresher } from '../upstreams/upstream-refresher.ts'
import type { UpstreamRegistry } from '../upstreams/upstream-registry.ts'
import type { Ask } from './ask.ts'

/** What a listing is made with. */
export interface ListingParts {
  readonly upstreams: UpstreamRegistry
  readonly refresher: UpstreamRefresher
  readonly admission: Admission
  readonly loaded: LoadedModels
  /** What their owner says of models. */
  readonly rules: ModelRules
  readonly clock: Clock
}

/**
 * The answer of a route that lists models: over all upstreams of the key's org, only what the key may use. From what is
 * known, at once; a second is waited at most, for what is not. Throws `route_not_served` where there is no upstream, and
 * the upstream's own failure where none answers.
 */
export async function listingAnswer(ask: Ask, listing: Listing, parts: ListingParts): Promise<Answer> {
  const { key, headers, query } = ask
  const serving = await knownUpstreams(ask, parts)
  const models = listing === 'ollama-ps' ? await loadedModels(serving, parts.loaded) : serving.flatMap(catalogueOf)
  const asked = ask.models[0]?.canonical
  const wanted = listing === 'model' ? models.filter(({ canonical }) => canonical === asked) : models
  const visible = unique(
    wanted.filter((model) => mayUseModel(key, model.canonical) && (key.allowsCloud || !model.isCloud)),
  )
  const hasAnthropicVersion = headers.get('anthropic-version') !== undefined
  // An empty list would pass for the truth, but for that of the loaded ones.
  if (visible.length === 0 && (listing === 'models' || listing === 'ollama-tags' || listing === 'model')) {
    if (ask.pinned === undefined && parts.admission.isAwaited(key.orgId))
      throw unheard(parts.upstreams.inOrg(key.orgId), 'which models there are')
  }
  const { contentType, body } = renderListing(listing, shownModels(visible, ask, listing, parts.rules), {
    hasAnthropicVersion,
    query,
    ollamaVersion: serving.find(({ known }) => known.server === 'ollama')?.known.version,
  })
  return { status: 200, headers: ['content-type', contentType], body }
}

/**
 * One that was asked for is shown under the name it was asked by, as servers do: `hello` of `hello:latest`. What can be asked
 * for has its other names too.
 */
function shownModels(
  models: readonly VisibleModel[],
  { key: { orgId }, models: [named] }: Ask,
  listing: Listing,
  rules: ModelRules,
): readonly VisibleModel[] {
  if (listing === 'models' || listing === 'ollama-tags') return withAliases(models, rules.namedAliases(orgId))
  if (listing !== 'model' || named === undefined) return models
  return models.map((model) => ({ ...model, id: named.asked }))
}

/** With an entry for each other name whose model is there: where a model has that name itself, in the place of that one. */
function withAliases(models: readonly VisibleModel[], aliases: readonly NamedAlias[]): readonly VisibleModel[] {
  if (aliases.length === 0) return models
  const byName = new Map(models.map((model) => [model.canonical, model]))
  const named = aliases.flatMap(({ name, canonical, modelCanonical }) => {
    const model = byName.get(modelCanonical)
    if (model === undefined) return []
    const entry = model.server === 'ollama' ? { ...model.entry, name, model: name } : model.entry
    return [{ ...model, id: name, canonical, entry }]
  })
  const taken = new Set(named.map(({ canonical }) => canonical))
  return [...models.filter(({ canonical }) => !taken.has(canonical)), ...named]
}

type VisibleModel = ListedModel & Pick<CatalogueModel, 'canonical' | 'isCloud' | 'isLoaded'>

async function knownUpstreams(
  { key: { orgId }, route, pinned, models: [model] }: Ask,
  { upstreams, refresher, admission, clock }: ListingParts,
): Promise<readonly Upstream[]> {
  const own = upstreams.of(orgId)
  const all = pinned === undefined ? own : own.filter(({ id }) => id === pinned)
  const now = clock.now()
  // Read anew when it is shown, so that the next list has what is new by then.
  const stale = all.filter(({ known }) => now - known.health.checkedAt > FRESH_MS)
  if (all.some(({ known }) => known.health.state === 'up')) {
    // One that is down may take long to say so again; it is asked only when there is nobody else to ask.
    refresher.askBehind(stale.filter(({ known }) => known.health.state !== 'down'))
    await refresher.hear(all.filter((upstream) => isUnheard(upstream) || refresher.isRenewing(upstream)))
  } else await refresher.hear(stale)
  const serving = admission.serving({ orgId, route, pinned })
  // A list is shown only where somebody gave it: an old or an empty one would pass for the truth.
  if (!serving.some(({ known }) => known.health.state === 'up')) throw noneAnswers(serving)
  // As for a request to it: it may be new.
  if (model !== undefined && !serving.some(({ known }) => known.modelOf(model.canonical)))
    await admission.askAgain(orgId)
  return serving
}

/** What it has is not known yet, and it is being asked. */
function isUnheard({ known }: Upstream): boolean {
  return known.models === undefined && known.health.state === 'unprobed'
}

function catalogueOf({ known: { models = [], server } }: Upstream): VisibleModel[] {
  return models.map((model) => visibleModel(model, server))
}

function noneAnswers(serving: readonly Upstream[]): PunkuError {
  if (serving.some(({ known }) => known.health.failure === 'away')) {
    return upstreamAway(
      'No model server answers now and an agent is not connected, so nobody knows which models there are. Ask again in a few seconds; if it stays away, check that `punku connect` runs beside the model server.',
    )
  }
  const isRefused = serving.every(({ known }) => known.health.failure === 'refused')
  return new PunkuError(
    isRefused ? 'upstream_refused' : 'upstream_unreachable',
    'No model server answers now, so nobody knows which models there are. Start it, or check that it can be reached.',
    { retryAfterMs: DOWN_INTERVAL_MS },
  )
}

/** What is asked tells itself what it has loaded; of all others their catalogues tell. */
async function loadedModels(serving: readonly Upstream[], loaded: LoadedModels): Promise<VisibleModel[]> {
  const up = serving.filter(({ known }) => known.health.state === 'up')
  const { asked = [], read = [] } = Object.groupBy(up, ({ known: { server } }) =>
    server !== undefined && modelServer(server).loaded ? 'asked' : 'read',
  )
  const told = await loaded.of(asked)
  if (told.length === 0 && read.length === 0) {
    throw new PunkuError('upstream_invalid', 'The model server did not say which models it has loaded. See its log.')
  }
  return [
    ...told.flatMap(([{ known }, models]) => models.map((model) => visibleModel(model, known.server))),
    ...read.flatMap(catalogueOf).filter(({ isLoaded }) => isLoaded === true),
  ]
}

function visibleModel(model: CatalogueModel, server: KnownServer['server']): VisibleModel {
  return { ...model, server }
}

/**
 * The first of each name: several upstreams may have the same model. A request may reach any of them, so the context is
 * the least that one serves.
 */
function unique(models: readonly VisibleModel[]): VisibleModel[] {
  const byName = new Map<string, VisibleModel>()
  for (const model of models) {
    const first = byName.get(model.canonical) ?? model
    const contexts = [first.contextLength, model.contextLength].filter((tokens) => tokens !== undefined)
    const contextLength = contexts.length === 0 ? undefined : Math.min(...contexts)
    byName.set(model.canonical, { ...first, contextLength })
  }
  return [...byName.values()]
}
