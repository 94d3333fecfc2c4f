import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/units.ts'
import { type FailureCode, UpstreamFailure } from '../core/upstream-failure.ts'
import type { ServerName } from '../dialects/dialect.ts'
import { asObject } from '../dialects/json-facts.ts'
import { readCatalogue, withListing } from './catalogue.ts'
import { askJson, type JsonAnswer } from './json-answer.ts'
import type { CatalogueModel, ServerWay, UpstreamKind } from './upstream.ts'

const PROBE_TIMEOUT_MS = 10_000
/** The most models Anthropic lists on one page. */
const ANTHROPIC_PAGE_SIZE = 1_000

export interface ProbeOptions {
  readonly way: ServerWay
  /** What its owner says it is; `unknown`: find out. */
  readonly kind: UpstreamKind
  readonly clock: Clock
  /** Ends it early. */
  readonly signal: AbortSignal
}

/** What a server said of itself. */
export interface Detected {
  readonly kind: Exclude<UpstreamKind, 'unknown'>
  readonly server: ServerName
  readonly version: string | undefined
  readonly models: readonly CatalogueModel[]
}

/** Why a probe came to nothing, for people; never upstream text. */
export interface ProbeFailed {
  readonly reason: string
  /** Present when the connection failed. */
  readonly failure?: FailureCode
}

/**
 * Finds out what server answers at `origin` and which models it has, by asking only for versions and listings. Never
 * rejects; takes 10 s at most.
 */
export async function probe({ way, kind, clock, signal }: ProbeOptions): Promise<Detected | ProbeFailed> {
  const limit = new AbortController()
  using _timer = clock.after(PROBE_TIMEOUT_MS, () => {
    limit.abort(new Error(`has not answered within ${formatDuration(PROBE_TIMEOUT_MS)}`))
  })
  const either = AbortSignal.any([signal, limit.signal])
  const ask = (path: string): Promise<JsonAnswer> => askJson(way, { path, signal: either })
  try {
    return await detect(ask, kind)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return thrown instanceof UpstreamFailure ? { reason, failure: thrown.code } : { reason }
  }
}

type Ask = (path: string) => Promise<JsonAnswer>

async function detect(ask: Ask, kind: UpstreamKind): Promise<Detected | ProbeFailed> {
  const version = kind === 'unknown' || kind === 'ollama' ? await ask('/api/version') : undefined
  const isOllama = version !== undefined && textAt(version, 'version') !== undefined
  const tags = isOllama ? await ask('/api/tags') : undefined
  const ollamaModels = tags === undefined ? undefined : listAt(tags, 'models')
  if (version !== undefined && ollamaModels !== undefined) {
    const models = readCatalogue(ollamaModels)
    return { kind: 'ollama', server: 'ollama', version: textAt(version, 'version'), models }
  }
  if (kind === 'ollama') return { reason: refusal([version, tags], 'no Ollama') }

  const listing = await ask('/v1/models')
  const entries = listAt(listing, 'data')
  if (entries === undefined) return { reason: refusal([version, tags, listing], 'no model server that is known here') }
  const body = asObject(listing.json) ?? {}
  // A server may answer in both shapes at once; then it speaks OpenAI's dialect for certain.
  if (body['object'] === 'list' && kind !== 'anthropic') return detectOpenAi(ask, listing, entries)
  if (typeof body['has_more'] === 'boolean' && kind !== 'openai') {
    const all = body['has_more'] ? listAt(await ask(`/v1/models?limit=${ANTHROPIC_PAGE_SIZE}`), 'data') : entries
    return { kind: 'anthropic', server: 'anthropic', version: undefined, models: readCatalogue(all ?? entries) }
  }
  return { reason: 'answered GET /v1/models with a listing in no known shape' }
}

/** Tells the servers apart that speak OpenAI's dialect. */
async function detectOpenAi(ask: Ask, listing: JsonAnswer, entries: readonly unknown[]): Promise<Detected> {
  const models = readCatalogue(entries)
  const isOwnedBy = (owner: string): boolean => models.some((model) => model.entry['owned_by'] === owner)
  // Neither of these two starts a model late, but a llama-server that is a router says so of each.
  const started = (known: readonly CatalogueModel[]) =>
    known.map((model) => ({ ...model, isLoaded: model.isLoaded ?? true }))

  if (listing.headers['server'] === 'llama.cpp' || isOwnedBy('llamacpp')) {
    const known = started(withListing(models, listAt(listing, 'models') ?? []))
    return { kind: 'openai', server: 'llama-server', version: undefined, models: known }
  }
  if (isOwnedBy('vllm')) {
    const version = textAt(await ask('/version'), 'version')
    return { kind: 'openai', server: 'vllm', version, models: started(models) }
  }
  // LM Studio's own listing; nobody else has this path.
  const own = await ask('/api/v0/models')
  const ownEntries = textAt(own, 'object') === 'list' ? listAt(own, 'data') : undefined
  if (ownEntries === undefined) return { kind: 'openai', server: 'openai', version: undefined, models }
  return { kind: 'openai', server: 'lm-studio', version: undefined, models: withListing(models, ownEntries) }
}

function textAt(answer: JsonAnswer, field: string): string | undefined {
  const value = answer.statusCode === 200 ? asObject(answer.json)?.[field] : undefined
  return typeof value === 'string' && value.length <= 100 ? value : undefined
}

function listAt(answer: JsonAnswer, field: string): readonly unknown[] | undefined {
  const value = answer.statusCode === 200 ? asObject(answer.json)?.[field] : undefined
  return Array.isArray(value) ? value : undefined
}

/** The most telling of some answers none of which was a listing. */
function refusal(answers: readonly (JsonAnswer | undefined)[], otherwise: string): string {
  const statuses = answers.flatMap((answer) => (answer === undefined ? [] : [answer.statusCode]))
  const status = statuses.find((one) => one === 401 || one === 403) ?? statuses.find((one) => one >= 500)
  if (status === 401) return 'answered 401: it wants a key; give this upstream the right one'
  if (status === 403) return 'answered 403: it refuses this gateway; check its key and the hosts it allows'
  if (status !== undefined) return `answered ${status}: it is not ready, or broken; see its log`
  return `answers, but is ${otherwise}`
}
