import type { Generated, Insertable, Selectable } from 'kysely'
import type { DialectName } from '../../core/dialect-name.ts'
import type { ChangeTable } from './change-table.ts'
import type { ModelAliasTable, ModelRuleTable } from './model-rule-tables.ts'

/**
 * The tables as Kysely sees them. Times are epoch milliseconds, flags are 0 or 1, lists and objects are JSON text: what both
 * databases store alike.
 */
export interface Database {
  keys: KeyTable
  key_secrets: KeySecretTable
  requests: RequestTable
  open_requests: OpenRequestTable
  tunnels: TunnelTable
  tunnel_credentials: TunnelCredentialTable
  pairings: PairingTable
  people: PersonTable
  sessions: SessionTable
  orgs: OrgTable
  members: MemberTable
  system_admins: SystemAdminTable
  session_orgs: SessionOrgTable
  known_networks: KnownNetworkTable
  invitations: InvitationTable
  upstreams: UpstreamTable
  model_rules: ModelRuleTable
  model_aliases: ModelAliasTable
  audit: AuditTable
  request_seals: RequestSealTable
  chains: ChainTable
  changes: ChangeTable
  facts: FactTable
  counts: CountTable
  setup_links: SetupLinkTable
}

export interface KeyTable {
  /** The public id inside `pk_<public id>_<secret>`. */
  id: string
  org_id: string
  /** Whose it is; null: the org's own. */
  person_id: string | null
  /** Who made it, in words. */
  created_by: string
  /** 1: the dashboard's playground uses it, for an hour. */
  is_playground: number
  /** Grows with each change that people make to it. */
  version: number
  /** Unique in its org among keys that are not revoked. */
  name: string
  /** JSON object of what it may do, as `gateway/access` reads and writes it. Nothing is asked of the database by it. */
  terms: string
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
  /** The key's org; null where there was no key. */
  org_id: string | null
  key_id: string | null
  /** Whose key it was. */
  person_id: string | null
  upstream: string | null
  dialect: string
  /** `POST /v1/chat/completions`: the table's pattern, never the path as sent; `-` when no route matched. */
  route: string
  model_asked: string | null
  model_used: string | null
  status: number
  error_code: string | null
  is_streamed: number
  /** From its arrival until it was sent to the upstream. */
  sent_ms: number | null
  /** What the model server says it took to load the model. */
  load_ms: number | null
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
  /** What of its body was not sent to the upstream, in words with spaces between: `keep_alive web_search`. */
  left_out: string | null
  /** The wire format in which its upstream was asked, `openai-chat`; null: the client's own, or it was not asked. */
  translated: string | null
  /** What whoever started its tool calls the run. */
  session_label: string | null
  /** JSON object: the tools that its answer called, by name, and how often; null: none. */
  tool_calls: string | null
}

/** An exchange that runs for long and has no row yet. */
export interface OpenRequestTable {
  /** Of the exchange. */
  id: string
  /** The process in which it runs. */
  gateway: string
  /** When it was noted last. */
  noted_at: number
  /** JSON object: the row that stands for it if its gateway is killed. */
  request: string
  /** HMAC-SHA-256 over `request`, hex. */
  mac: string
}

/** The lasting registration of an agent in an org. A revoked one stays as a row. */
export interface TunnelTable {
  /** `tun_` and 12 characters. */
  id: string
  org_id: string
  /** Unique in its org among tunnels that are not revoked. */
  label: string
  created_at: number
  /** Set on every change. */
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
  /** How often it was replaced by use; 0: its agent does not know of that, or has not used it yet. */
  turn: number
  /** Of the token before it, which is good until this one was used: its answer may have been lost. */
  previous_hash: string | null
  /** Of the one that the agent was paired with, once it was replaced. */
  first_hash: string | null
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

/** A person who may sign in. Dates and flags are as the library for sign-in keeps them; only it writes here. */
export interface PersonTable {
  id: string
  name: string
  /** In lower case. Unique. */
  email: string
  /** ISO 8601 text on SQLite. */
  createdAt: Date | string
}

/** A browser or a command line that is signed in. Only the library for sign-in writes here. */
export interface SessionTable {
  id: string
  userId: string
}

/** A tenant. */
export interface OrgTable {
  /** `default`, or `org_` and 12 characters. */
  id: string
  /** As in host names: lower case letters, digits and dashes. Unique. */
  slug: string
  name: string
  /** JSON object; what is not in it has its default. */
  settings: string
  /** Grows with each change. */
  version: number
  created_at: number
  updated_at: number
}

export type OrgRole = 'owner' | 'admin' | 'member'

/** That a person belongs to an org. */
export interface MemberTable {
  org_id: string
  person_id: string
  role: OrgRole
  /** Grows with each change. */
  version: number
  created_at: number
}

/** A person who sees every org. */
export interface SystemAdminTable {
  person_id: string
  created_at: number
}

/** The org that a session works in. */
export interface SessionOrgTable {
  session_id: string
  org_id: string
}

/** A link by which somebody may join an org, once. */
export interface InvitationTable {
  /** The public id inside `pi_<id>_<secret>`. */
  id: string
  org_id: string
  /** HMAC-SHA-256 of the token under the pepper, hex. */
  hash: string
  /** Whom it is for, in lower case; null: whoever has the link. */
  email: string | null
  role: OrgRole
  created_at: number
  /** Who made it, in words. */
  created_by: string
  /** The id of the person who made it; null: nobody who signed in. */
  inviter_id: string | null
  expires_at: number
  accepted_at: number | null
  /** The person's id. */
  accepted_by: string | null
  revoked_at: number | null
}

/** A direct upstream that was added at run time; those of the configuration are not here. */
export interface UpstreamTable {
  /** `up_` and 12 characters. */
  id: string
  org_id: string
  /** Unique in its org. */
  label: string
  url: string
  kind: DialectName | null
  /** What the server asks for, sealed under the pepper for this id and URL. */
  credential: string | null
  /** Grows with each change. */
  version: number
  created_at: number
  /** Who made it, in words. */
  created_by: string
  /** Set on every change. */
  updated_at: number
}

/** One change that somebody made; never a secret. */
export interface AuditTable {
  /** From 1, without a gap. */
  seq: number
  at: number
  /** Null: it concerns no one org. */
  org_id: string | null
  actor_kind: 'person' | 'local' | 'system' | 'nobody'
  /** The person's id. */
  actor_id: string | null
  actor_name: string
  address: string
  /** `key.create`, `member.remove` … */
  action: string
  target_id: string | null
  target_name: string | null
  /** JSON object of what it was; null for what was not. */
  before: string | null
  after: string | null
  /** HMAC-SHA-256 over this row and the hash before it, hex. */
  hash: string
}

/** What holds a batch of request rows together. */
export interface RequestSealTable {
  /** From 1, without a gap. */
  seq: number
  first_seq: number
  last_seq: number
  rows: number
  /** The newest `at` of its rows. */
  newest_at: number
  /** HMAC-SHA-256 over the rows and the hash before it, hex. */
  hash: string
}

/** Where a chain begins and ends. */
export interface ChainTable {
  name: 'audit' | 'requests'
  /** The last row that retention removed; 0: none. */
  base_seq: number
  base_hash: string
  head_seq: number
  head_hash: string
  /** HMAC-SHA-256 over the other columns, hex. */
  mac: string
}

/** Something that is known of the database itself. */
export interface FactTable {
  /**
   * `pepper`: the fingerprint of the pepper under which all of it was made. `gateway`: `open` while one works on it, or
   * did when it was killed; `closed` after.
   */
  name: 'pepper' | 'gateway'
  value: string
}

/** From where somebody came in. */
export interface KnownNetworkTable {
  person_id: string
  /** An IPv4 address, or the first half of an IPv6 one. */
  network: string
  /** Epoch milliseconds. */
  used_at: number
}

/** How many of something were taken in a window: wrong passwords for an account, a code that was used. */
export interface CountTable {
  bucket: string
  /** HMAC-SHA-256 of what is counted by under the pepper, base64url. */
  key: string
  count: number
  ends_at: number
}

/** A link by which the first person comes in, and that nobody has used. */
export interface SetupLinkTable {
  /** SHA-256 of its token, hex. */
  hash: string
  expires_at: number
}

export type KeyRow = Selectable<KeyTable>
export type NewKeyRow = Insertable<KeyTable>
export type KeySecretRow = Selectable<KeySecretTable>
export type RequestRow = Selectable<RequestTable>
export type NewRequestRow = Omit<RequestRow, 'seq'>
export type TunnelRow = Selectable<TunnelTable>
export type TunnelCredentialRow = Selectable<TunnelCredentialTable>
export type PairingRow = Selectable<PairingTable>
export type OrgRow = Selectable<OrgTable>
export type MemberRow = Selectable<MemberTable>
export type InvitationRow = Selectable<InvitationTable>
export type UpstreamRow = Selectable<UpstreamTable>
export type ModelRuleRow = Selectable<ModelRuleTable>
export type ModelAliasRow = Selectable<ModelAliasTable>
export type AuditRow = Selectable<AuditTable>
export type RequestSealRow = Selectable<RequestSealTable>
export type ChainRow = Selectable<ChainTable>
