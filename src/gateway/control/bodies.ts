import type { KeyBody } from '../../contract/keys.ts'
import type { RequestBody } from '../../contract/requests.ts'
import type { ModelBody, UpstreamStatusBody } from '../../contract/upstreams.ts'
import { iso, isoOrNull } from '../../core/iso-time.ts'
import type { CatalogueModel } from '../../servers/server.ts'
import type { Key } from '../access/key.ts'
import { showTerms } from '../access/key-grant.ts'
import type { RequestRow } from '../store/schema.ts'
import { toolCallsOf } from '../store/tool-call-text.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** A key as the API shows it: never its text. `names` has the names of people by id. */
export function keyBody(key: Key, names: ReadonlyMap<string, string>, now: number): KeyBody {
  const isExpired = key.expiresAt !== undefined && key.expiresAt <= now
  return {
    id: key.id,
    name: key.name,
    ownerId: key.personId ?? null,
    ownerName: nameOf(key.personId ?? null, names),
    createdBy: key.createdBy,
    version: key.version,
    ...showTerms(key),
    state: key.revokedAt !== undefined ? 'revoked' : isExpired ? 'expired' : 'active',
    createdAt: iso(key.createdAt),
    expiresAt: isoOrNull(key.expiresAt),
    revokedAt: isoOrNull(key.revokedAt),
    lastUsedAt: isoOrNull(key.lastUsedAt),
  }
}

/** The names of what rows refer to, by id; of what is gone there is none. */
export interface RowNames {
  readonly keys: ReadonlyMap<string, string>
  readonly people: ReadonlyMap<string, string>
}

/** A recorded request. */
export function requestBody(row: RequestRow, names: RowNames): RequestBody {
  return {
    seq: row.seq,
    id: row.id,
    at: iso(row.at),
    keyId: row.key_id,
    keyName: nameOf(row.key_id, names.keys),
    personId: row.person_id,
    personName: nameOf(row.person_id, names.people),
    upstream: row.upstream,
    dialect: row.dialect,
    route: row.route,
    modelAsked: row.model_asked,
    modelUsed: row.model_used,
    status: row.status,
    errorCode: row.error_code,
    isStreamed: row.is_streamed === 1,
    sentMs: row.sent_ms,
    loadMs: row.load_ms,
    ttfbMs: row.ttfb_ms,
    durationMs: row.duration_ms,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    cachedTokens: row.cached_tokens,
    isEstimated: row.is_estimated === 1,
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    clientName: row.client_name,
    clientVersion: row.client_version,
    sessionId: row.session_id,
    leftOut: row.left_out?.split(' ') ?? [],
    translated: row.translated,
    sessionLabel: row.session_label,
    toolCalls: toolCallsOf(row.tool_calls),
  }
}

function nameOf(id: string | null, names: ReadonlyMap<string, string>): string | null {
  return id === null ? null : (names.get(id) ?? null)
}

/** A model of an upstream, with what is known of it. */
export function modelBody(model: CatalogueModel, upstream: Upstream): ModelBody {
  return {
    id: model.id,
    canonical: model.canonical,
    upstream: upstream.id,
    upstreamLabel: upstream.label,
    upstreamKind: upstream.known.kind,
    isCloud: model.isCloud,
    contextLength: model.contextLength ?? null,
    trainedContextLength: model.trainedContextLength ?? null,
    capabilities: model.capabilities === undefined ? null : [...model.capabilities],
    sizeBytes: model.sizeBytes ?? null,
    isLoaded: model.isLoaded ?? null,
  }
}

/** An upstream, with its health. */
export function upstreamStatusBody({ id, label, via, known }: Upstream): UpstreamStatusBody {
  const { kind, server, version, health, models } = known
  return {
    id,
    label,
    via,
    kind,
    server: server ?? null,
    version: version ?? null,
    state: health.state,
    reason: health.reason,
    checkedAt: health.checkedAt === 0 ? null : iso(health.checkedAt),
    modelCount: models?.length ?? null,
  }
}
