import type { Dispatcher } from 'undici'
import type { Clock } from '../core/clock.ts'
import { formatDuration } from '../core/units.ts'
import { type FailureCode, UpstreamFailure } from '../core/upstream-failure.ts'
import type { ServerName } from '../dialects/dialect.ts'
import { isJsonObject, type JsonObject, readCatalogue } from './catalogue.ts'
import { getJson, type JsonAnswer } from './json-get.ts'
import type { CatalogueModel, UpstreamCredential, UpstreamKind } from './upstream.ts'

const PROBE_TIMEOUT_MS = 10_000
/** The most models Anthropic lists on one page. */
const ANTHROPIC_PAGE_SIZE = 1_000

export interface ProbeOptions {
  readonly dispatcher: Dispatcher
  readonly origin: string
  /** Empty, or starts with `/` and does not end with one. */
  readonly basePath: string
  readonly credential: UpstreamCredential | undefined
  /** What its owner says it is; `unknown`: find out. */
  readonly kind: UpstreamKind
  readonly clock: Clock
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
export async function probe(options: ProbeOptions): Promise<Detected | ProbeFailed> {
  const controller = new AbortController()
  using _timer = options.clock.after(PROBE_TIMEOUT_MS, () => {
    controller.abort(new Error(`has not answered within ${formatDuration(PROBE_TIMEOUT_MS)}`))
  })
  const { dispatcher, origin, basePath, credential } = options
  const ask = (path: string): Promise<JsonAnswer> =>
    getJson({ dispatcher, origin, path: basePath + path, credential, signal: controller.signal })
  try {
    return await detect(ask, options.kind)
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
  const body = listing.json as JsonObject
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
  const found = (server: ServerName, version?: string): Detected => ({ kind: 'openai', server, version, models })

  if (listing.headers['server'] === 'llama.cpp' || isOwnedBy('llamacpp')) return found('llama-server')
  if (isOwnedBy('vllm')) return found('vllm', textAt(await ask('/version'), 'version'))
  // LM Studio's own listing; nobody else has this path.
  const own = await ask('/api/v0/models')
  return found(textAt(own, 'object') === 'list' && listAt(own, 'data') !== undefined ? 'lm-studio' : 'openai')
}

function textAt(answer: JsonAnswer, field: string): string | undefined {
  const value = answer.statusCode === 200 && isJsonObject(answer.json) ? answer.json[field] : undefined
  return typeof value === 'string' && value.length <= 100 ? value : undefined
}

function listAt(answer: JsonAnswer, field: string): readonly unknown[] | undefined {
  const value = answer.statusCode === 200 && isJsonObject(answer.json) ? answer.json[field] : undefined
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
