import type { Generated, Insertable, Selectable } from 'kysely'

/**
 * The tables as Kysely sees them. Times are epoch milliseconds, flags are 0 or 1, lists are JSON text: what both
 * databases store alike.
 */
export interface Database {
  keys: KeyTable
  key_secrets: KeySecretTable
  requests: RequestTable
  tunnels: TunnelTable
  tunnel_credentials: TunnelCredentialTable
  pairings: PairingTable
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

/** The lasting registration of an agent in an org. A revoked one stays as a row. */
export interface TunnelTable {
  /** `tun_` and 12 characters. */
  id: string
  org_id: string
  /** Unique in its org among tunnels that are not revoked. */
  label: string
  created_at: number
  /** Set on every change, to a number above every other; whoever caches tunnels compares it. */
  updated_at: number
  /** Who made or confirmed it, in words. */
  created_by: string
  /** Grows with each rotation; access tokens carry it. */
  credential_version: number
  /** When its agent fetched the refresh token that works now. */
  paired_at: number | null
  last_seen_at: number | null
  revoked_at: number | null
  /** What its agent last said of its machine; all four null before it said anything. */
  machine_name: string | null
  machine_platform: string | null
  machine_arch: string | null
  machine_software: string | null
}

/** The refresh token of a tunnel: at most one. */
export interface TunnelCredentialTable {
  /** The public id inside `pr_<id>_<secret>`. */
  id: string
  tunnel_id: string
  /** HMAC-SHA-256 of the token under the pepper, hex. */
  hash: string
  created_at: number
  /** Moved on each time it is used. */
  expires_at: number
}

/** A device code that was not redeemed yet: an agent that waits, or a one-time token, which begins approved. */
export interface PairingTable {
  /** The public id inside `pd_<id>_<secret>` or `pt_<id>_<secret>`. */
  id: string
  /** HMAC-SHA-256 of the whole code or token under the pepper, hex. */
  hash: string
  /** As people see it, `9KV-DU6`; null for a one-time token. Unique. */
  user_code: string | null
  state: 'pending' | 'approved' | 'denied'
  /** The tunnel it was approved for; null before. */
  tunnel_id: string | null
  label: string
  machine: string
  platform: string
  software: string
  address: string
  /** The network of the address, by which waiting codes are counted. */
  network: string
  requested_at: number
  expires_at: number
  interval_ms: number
  /** When its agent last asked in time. */
  polled_at: number | null
  /** Confirmations that failed. */
  failures: number
}

export type KeyRow = Selectable<KeyTable>
export type NewKeyRow = Insertable<KeyTable>
export type KeySecretRow = Selectable<KeySecretTable>
export type RequestRow = Selectable<RequestTable>
export type NewRequestRow = Omit<RequestRow, 'seq'>
export type TunnelRow = Selectable<TunnelTable>
export type TunnelCredentialRow = Selectable<TunnelCredentialTable>
export type PairingRow = Selectable<PairingTable>
