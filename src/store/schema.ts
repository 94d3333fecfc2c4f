import type { Generated, Insertable, Selectable } from 'kysely'

/**
 * The tables as Kysely sees them. Times are epoch milliseconds, flags are 0 or 1, lists are JSON text: what both
 * databases store alike.
 */
export interface Database {
  keys: KeyTable
  key_secrets: KeySecretTable
  requests: RequestTable
}

export interface KeyTable {
  /** The public id inside `pk_<public id>_<secret>`. */
  id: string
  /** Unique among keys that are not revoked. */
  name: string
  /** JSON array of model globs as given; `["*"]` is all. */
  models: string
  /** JSON array of route classes. */
  routes: string
  /** JSON array of CIDR ranges; empty is everywhere. */
  networks: string
  allows_cloud: number
  allows_metrics: number
  created_at: number
  /** Set on every change; whoever caches keys compares it. */
  updated_at: number
  expires_at: number | null
  revoked_at: number | null
  last_used_at: number | null
}

/** The secrets that open a key: one, or two while a rotation's grace lasts. */
export interface KeySecretTable {
  key_id: string
  /** HMAC-SHA-256 of the secret under the pepper, hex. */
  hash: string
  created_at: number
  /** When a rotated secret stops working; null is the current one. */
  expires_at: number | null
}

/** One exchange: metadata only, never a prompt or an answer. */
export interface RequestTable {
  seq: Generated<number>
  id: string
  /** When it arrived. */
  at: number
  key_id: string | null
  upstream: string | null
  dialect: string
  /** `POST /v1/chat/completions`: the table's pattern, never the path as sent; `-` when no route matched. */
  route: string
  model_asked: string | null
  model_used: string | null
  status: number
  error_code: string | null
  is_streamed: number
  ttfb_ms: number | null
  duration_ms: number
  prompt_tokens: number | null
  completion_tokens: number | null
  cached_tokens: number | null
  is_estimated: number
  request_bytes: number
  response_bytes: number
  client_name: string | null
  client_version: string | null
  session_id: string | null
}

export type KeyRow = Selectable<KeyTable>
export type NewKeyRow = Insertable<KeyTable>
export type KeySecretRow = Selectable<KeySecretTable>
export type RequestRow = Selectable<RequestTable>
export type NewRequestRow = Omit<RequestRow, 'seq'>
