import type { PunkuError } from '../../core/error.ts'
import { clientIdentity } from '../../http/client-identity.ts'
import type { HeaderView } from '../../http/headers.ts'
import type { Key } from '../access/key.ts'
import type { Observed } from '../reply/observation.ts'
import type { NewRequestRow } from '../store/schema.ts'

/** Bytes of JSON to a token, for estimates only. */
const BYTES_PER_TOKEN = 4

/** An exchange that is over, as it is to be recorded. Times are monotonic milliseconds, but for `at`. */
export interface EndedExchange {
  readonly id: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly startedAt: number
  readonly endedAt: number
  /** When it was handed to its upstream; `undefined`: it was not. */
  readonly sentAt: number | undefined
  readonly headers: HeaderView
  readonly key: Key | undefined
  readonly upstreamId: string | undefined
  readonly dialect: NewRequestRow['dialect']
  /** `POST /v1/chat/completions`, or `-`. */
  readonly route: string
  readonly modelAsked: string | undefined
  /** What its body calls its conversation; a header goes before. */
  readonly conversation: string | undefined
  /** What of its body was not sent. */
  readonly leftOut: string | undefined
  /** The wire format it was put into; `undefined`: it was sent as it came, or not at all. */
  readonly translated: string | undefined
  readonly observed: Observed
  readonly status: number
  readonly error: PunkuError | undefined
  readonly requestBytes: number
  readonly responseBytes: number
}

/** The row of an exchange. What a stream did not tell of its usage is estimated from its frames and the request's bytes. */
export function rowOf(exchange: EndedExchange): NewRequestRow {
  const { key, observed, startedAt, sentAt } = exchange
  const { usage, contentFrames, firstByteAt } = observed
  const isEstimated = areTokensEstimated(observed)
  const client = clientIdentity(exchange.headers)
  return {
    id: exchange.id,
    at: exchange.at,
    org_id: key?.orgId ?? null,
    key_id: key?.id ?? null,
    person_id: key?.personId ?? null,
    upstream: exchange.upstreamId ?? null,
    dialect: exchange.dialect,
    route: exchange.route,
    model_asked: exchange.modelAsked ?? null,
    model_used: observed.model ?? null,
    status: exchange.status,
    error_code: exchange.error?.code ?? null,
    is_streamed: contentFrames === undefined ? 0 : 1,
    sent_ms: sentAt === undefined ? null : sentAt - startedAt,
    load_ms: usage.loadMs ?? null,
    ttfb_ms: firstByteAt === undefined ? null : firstByteAt - startedAt,
    duration_ms: exchange.endedAt - startedAt,
    prompt_tokens: usage.promptTokens ?? (isEstimated ? Math.ceil(exchange.requestBytes / BYTES_PER_TOKEN) : null),
    completion_tokens: usage.completionTokens ?? (isEstimated ? (contentFrames ?? null) : null),
    cached_tokens: usage.cachedTokens ?? null,
    is_estimated: isEstimated ? 1 : 0,
    request_bytes: exchange.requestBytes,
    response_bytes: exchange.responseBytes,
    client_name: client.name ?? null,
    client_version: client.version ?? null,
    session_id: client.sessionId ?? exchange.conversation ?? null,
    left_out: exchange.leftOut ?? null,
    translated: exchange.translated ?? null,
    session_label: client.label ?? null,
    tool_calls: observed.toolCalls.size === 0 ? null : JSON.stringify(Object.fromEntries(observed.toolCalls)),
  }
}

/** A stream that told no usage of its own: its content frames stand for tokens, its request's bytes for the prompt. */
function areTokensEstimated({ usage, contentFrames }: Observed): boolean {
  if (contentFrames === undefined || contentFrames === 0) return false
  return usage.promptTokens === undefined || usage.completionTokens === undefined
}
