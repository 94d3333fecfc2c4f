import type { Clock } from '../core/clock.ts'
import type { DialectName, UpstreamKind } from '../core/dialect-name.ts'
import { PunkuError } from '../core/error.ts'
import { formatDuration } from '../core/units.ts'
import { type FailureCode, UpstreamFailure } from '../core/upstream-failure.ts'
import { askJson, type JsonAnswer } from './json-answer.ts'
import { listAt } from './known/answers.ts'
import type { Recognised } from './known/model-server.ts'
import { MODEL_SERVERS, type ServerName } from './known/model-servers.ts'
import { MODELS_PATH } from './known/models-listing.ts'
import type { ServerWay } from './server.ts'

const PROBE_TIMEOUT_MS = 10_000

export interface ProbeOptions {
  readonly way: ServerWay
  /** What its owner says it is; `unknown`: find out. */
  readonly kind: UpstreamKind
  readonly clock: Clock
  /** Ends it early. */
  readonly signal: AbortSignal
}

/** What a server said of itself. */
export interface Detected extends Recognised {
  readonly kind: DialectName
  readonly server: ServerName
}

/** Why a probe came to nothing, for people; never upstream text. */
export interface ProbeFailed {
  readonly reason: string
  /** Present when there was no connection, or none to be had. */
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
  try {
    return await detect(way, kind, either)
  } catch (thrown) {
    const reason = reasonOf(thrown, way)
    const failure = failureOf(thrown)
    return failure === undefined ? { reason } : { reason, failure }
  }
}

function reasonOf(thrown: unknown, { base: { origin } }: ServerWay): string {
  // Many servers that speak TLS hang up on plain HTTP without a word.
  if (thrown instanceof UpstreamFailure && thrown.code === 'reset' && origin.startsWith('http:')) {
    return 'closed the connection without an answer: if it speaks TLS, write its URL with https://; else see its log'
  }
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function failureOf(thrown: unknown): FailureCode | undefined {
  if (thrown instanceof UpstreamFailure) return thrown.code
  return thrown instanceof PunkuError && thrown.code === 'agent_busy' ? 'exhausted' : undefined
}

async function detect(way: ServerWay, kind: UpstreamKind, signal: AbortSignal): Promise<Detected | ProbeFailed> {
  /** By path, in the order of the questions. */
  const answers = new Map<string, JsonAnswer>()
  const ask = async (path: string): Promise<JsonAnswer> => {
    const answer = answers.get(path) ?? (await askJson(way, { path, signal }))
    answers.set(path, answer)
    return answer
  }
  for (const server of MODEL_SERVERS) {
    if (kind !== 'unknown' && server.kind !== kind) continue
    const recognised = await server.recognise(ask)
    if (recognised !== undefined) return { kind: server.kind, server: server.name, ...recognised }
  }
  const listing = answers.get(MODELS_PATH)
  if (listing !== undefined && listAt(listing, 'data') !== undefined) {
    return { reason: `answered GET ${MODELS_PATH} with a listing in no known shape` }
  }
  const claimed = kind === 'ollama' ? 'no Ollama' : 'no model server that is known here'
  return { reason: refusal([...answers.values()], claimed) }
}

/** The most telling of some answers none of which was a listing. */
function refusal(answers: readonly JsonAnswer[], otherwise: string): string {
  if (answers.some(({ wantsTls }) => wantsTls)) return 'answers that it speaks TLS: write its URL with https://'
  const statuses = answers.map(({ statusCode }) => statusCode)
  const status = statuses.find((one) => one === 401 || one === 403) ?? statuses.find((one) => one >= 500)
  if (status === 401) return 'answered 401: it wants a key; give this upstream the right one'
  if (status === 403) return 'answered 403: it refuses this gateway; check its key and the hosts it allows'
  if (status !== undefined) return `answered ${status}: it is not ready, or broken; see its log`
  return `answers, but is ${otherwise}`
}
