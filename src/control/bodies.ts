import type { Key } from '../access/key.ts'
import type { RequestRow } from '../store/schema.ts'
import type { CatalogueModel, Upstream } from '../upstreams/upstream.ts'
import type { KeyBody, ModelBody, RequestBody, UpstreamBody } from './contract.ts'

/** Epoch milliseconds as the API's times. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}

/** A time that may not be known, as the API's. */
export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at)
}

/** A key as the API shows it: never its text. */
export function keyBody(key: Key, now: number): KeyBody {
  const isExpired = key.expiresAt !== undefined && key.expiresAt <= now
  return {
    id: key.id,
    name: key.name,
    models: key.models.map(({ text }) => text),
    routes: [...key.routes].filter((route) => route !== 'never'),
    networks: [...key.networks.ranges],
    allowsCloud: key.allowsCloud,
    allowsMetrics: key.allowsMetrics,
    state: key.revokedAt !== undefined ? 'revoked' : isExpired ? 'expired' : 'active',
    createdAt: iso(key.createdAt),
    expiresAt: isoOrNull(key.expiresAt),
    revokedAt: isoOrNull(key.revokedAt),
    lastUsedAt: isoOrNull(key.lastUsedAt),
  }
}

/** A recorded request; `names` has the keys' names by id. */
export function requestBody(row: RequestRow, names: ReadonlyMap<string, string>): RequestBody {
  return {
    seq: row.seq,
    id: row.id,
    at: iso(row.at),
    keyId: row.key_id,
    keyName: row.key_id === null ? null : (names.get(row.key_id) ?? null),
    upstream: row.upstream,
    dialect: row.dialect,
    route: row.route,
    modelAsked: row.model_asked,
    modelUsed: row.model_used,
    status: row.status,
    errorCode: row.error_code,
    isStreamed: row.is_streamed === 1,
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
  }
}

/** A model of an upstream, with what is known of it. */
export function modelBody(model: CatalogueModel, upstream: Upstream): ModelBody {
  return {
    id: model.id,
    canonical: model.canonical,
    upstream: upstream.id,
    upstreamLabel: upstream.label,
    upstreamKind: upstream.kind,
    isCloud: model.isCloud,
    contextLength: model.contextLength ?? null,
    capabilities: model.capabilities === undefined ? null : [...model.capabilities],
    sizeBytes: model.sizeBytes ?? null,
    isLoaded: model.isLoaded ?? null,
  }
}

/** An upstream, with its health. */
export function upstreamBody({ id, label, kind, server, version, health, models }: Upstream): UpstreamBody {
  return {
    id,
    label,
    kind,
    server: server ?? null,
    version: version ?? null,
    state: health.state,
    reason: health.reason,
    checkedAt: health.checkedAt === 0 ? null : iso(health.checkedAt),
    modelCount: models?.length ?? null,
  }
}
