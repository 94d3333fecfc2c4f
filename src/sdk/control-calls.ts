// Written by `npm run docs`, so that whoever has the types needs no schema library: from src/contract.

/** How a call is sent: `signal` gives it up, and with `keepalive` it goes on when its page goes away. */
export type ControlCallOptions = Pick<RequestInit, 'signal' | 'keepalive'>

type Query<Type> = { readonly [Name in keyof Type]?: Type[Name] | undefined }

interface Call<Input, Answer> {
  readonly arguments: Record<never, never> extends Input
    ? [input?: Input & ControlCallOptions]
    : [input: Input & ControlCallOptions]
  readonly answer: Answer
}

interface Acceptance {
  token: string
  /** A new account. Left out by whoever is signed in: then that person joins. */
  newcomer?:
    | {
        name: string
        email: string
        /** 12 to 128 characters. */
        password: string
      }
    | undefined
}

interface Account {
  person: Person
  isSystemAdmin: boolean
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  orgs: Array<{
    org: Org
    role: OrgRole
  }>
}

interface Attention {
  kind:
    | 'upstream_exposed'
    | 'upstream_down'
    | 'agent_away'
    | 'key_expiring'
    | 'no_upstream'
    | 'no_key'
    | 'connections_refused'
    | 'connection_share_taken'
    | 'commands_refused'
    | 'pairings_full'
    | 'files_exhausted'
    | 'loop_late'
    | 'database_away'
    | 'database_file_lost'
    | 'requests_unwritten'
    | 'revocations_unstored'
  severity: 'danger' | 'warning' | 'info'
  /** What it is and what to do. */
  text: string
  /** The upstream, tunnel or key. */
  targetId: string | null
  since: string | null
}

interface AuditEntry {
  seq: number
  /** A time, ISO 8601 in UTC. */
  at: string
  /** The id of the org; null: it concerns no one org. */
  org: string | null
  actorKind: 'person' | 'local' | 'system' | 'nobody'
  actorId: string | null
  actorName: string
  address: string
  /** As `key.create`. */
  action: string
  targetId: string | null
  targetName: string | null
  /** What was changed, as it was; never a secret. */
  before: { [name in string]: unknown } | null
  after: { [name in string]: unknown } | null
  hash: string
}

interface ChainCheck {
  chain: 'audit' | 'requests'
  isWhole: boolean
  /** Rows that were looked at and are as they were written. */
  checked: number
  /** Rows from before there were such chains: whether they were changed nobody can say. */
  uncovered: number
  fault: {
    /** `anchor`: where the chain begins or ends is not what was written. */
    kind: 'changed' | 'missing' | 'added' | 'anchor'
    /** The first row at fault: of the audit log, or of the requests. */
    seq: number
    detail: string
  } | null
  /** The last link, as `audit:12:9f…`. Kept elsewhere and given back later as `kept`, it also shows that the database was not put back to an older state. */
  head: string
}

interface Entrance {
  /** The version of Punku. */
  version: string
  /** Nobody has an account yet: the setup link makes the first. */
  needsSetup: boolean
  /** Whether people may sign in with a password. */
  hasPassword: boolean
  hasPasskeys: boolean
  /** Whether the gateway can send mail: links to reset a password, invitations. */
  hasMail: boolean
  /** Whoever else may say who somebody is (OIDC). */
  issuers: Array<{
    id: string
    label: string
  }>
}

interface Health {
  upstreams: {
    all: number
    up: number
  }
  tunnels: {
    live: number
    connected: number
  }
  models: number
  liveRequests: number
  /** Active ones. */
  keys: number
  /** Whether a request was ever made in this org. */
  hasRequests: boolean
  attention: Array<Attention>
}

interface Invitation {
  id: string
  /** Null: for whoever has the link. */
  email: string | null
  role: OrgRole
  state: 'open' | 'accepted' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  createdBy: string
  /** A time, ISO 8601 in UTC. */
  expiresAt: string
  /** In words; null also when that person is gone. */
  acceptedBy: string | null
}

interface IssuedInvitation {
  id: string
  /** Null: for whoever has the link. */
  email: string | null
  role: OrgRole
  state: 'open' | 'accepted' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  createdBy: string
  /** A time, ISO 8601 in UTC. */
  expiresAt: string
  /** In words; null also when that person is gone. */
  acceptedBy: string | null
  /** To be sent to whom it is for. It is shown this once and kept nowhere. */
  link: string
  wasMailed: boolean
}

interface IssuedKey {
  /** The public part of the key: safe to show and log. */
  id: string
  name: string
  /** The person whose key it is; null: the org’s own. */
  ownerId: string | null
  ownerName: string | null
  /** Who made it, in words. */
  createdBy: string
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
  models: Array<string>
  routes: Array<'inference' | 'metadata' | 'manage'>
  networks: Array<string>
  allowsCloud: boolean
  allowsFetch: boolean
  allowsMetrics: boolean
  state: 'active' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  expiresAt: string | null
  revokedAt: string | null
  /** Up to half a minute late. */
  lastUsedAt: string | null
  /** The text to present. It is shown this once and kept nowhere. */
  key: string
  /** Of a new key: those of its `models` that match none the gateway knows now, where there are. */
  unmatchedModels?: Array<string> | undefined
}

interface IssuedTunnel {
  id: string
  label: string
  /** `resuming`: the link broke a moment ago and its streams wait. `away`: paired, and there is no link. */
  state: 'connected' | 'resuming' | 'away' | 'unpaired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  createdBy: string
  pairedAt: string | null
  lastSeenAt: string | null
  revokedAt: string | null
  /** Where the agent runs, as it says itself. Null: not yet told. */
  machine: {
    name: string
    platform: string
    arch: string
    /** What the agent is, as in `punku/0.1.0`. */
    software: string
  } | null
  /** Of the link, where there is one. */
  roundTripMs: number | null
  /** Requests inside the link now. Null: no link, and none to resume. */
  streams: number | null
  /** Where the link comes from. */
  address: string | null
  /** Pairs one machine, once. It is shown this once and kept nowhere. */
  token: string
  /** A time, ISO 8601 in UTC. */
  tokenExpiresAt: string
}

interface Key {
  /** The public part of the key: safe to show and log. */
  id: string
  name: string
  /** The person whose key it is; null: the org’s own. */
  ownerId: string | null
  ownerName: string | null
  /** Who made it, in words. */
  createdBy: string
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
  models: Array<string>
  routes: Array<'inference' | 'metadata' | 'manage'>
  networks: Array<string>
  allowsCloud: boolean
  allowsFetch: boolean
  allowsMetrics: boolean
  state: 'active' | 'expired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  expiresAt: string | null
  revokedAt: string | null
  /** Up to half a minute late. */
  lastUsedAt: string | null
}

interface KeyChange {
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
  name?: string | undefined
  /** Globs on model names. Default: all that the caller may grant. */
  models?: Array<string> | undefined
  /** Route classes. Default: inference, metadata. */
  routes?: Array<string> | undefined
  /** Addresses or CIDR ranges. Default: everywhere. */
  networks?: Array<string> | undefined
  allowsCloud?: boolean | undefined
  /** Model servers may call the addresses its requests name: pictures by URL, MCP servers. Admins grant it. */
  allowsFetch?: boolean | undefined
  /** Of the whole gateway: only system admins grant it. */
  allowsMetrics?: boolean | undefined
  /** Milliseconds from now; null: never. */
  expiresInMs?: number | null | undefined
}

interface LiveRequest {
  id: string
  /** A time, ISO 8601 in UTC. */
  at: string
  keyId: string | null
  keyName: string | null
  upstream: string | null
  dialect: string
  route: string
  model: string | null
  isStreamed: boolean
  /** Not yet sent on, sent and not yet answered, or being answered. */
  phase: 'arriving' | 'waiting' | 'answering'
  sentMs: number | null
  ttfbMs: number | null
  ageMs: number
  responseBytes: number
}

interface Me {
  /** Null: whoever sits at the gateway’s own machine. */
  person: Person | null
  isSystemAdmin: boolean
  sessionId: string | null
  /** The org this session works in; null: the person belongs to none. */
  org: Org | null
  /** In that org; null: none, as a system admin may have. */
  role: OrgRole | null
  /** Those it may switch to, oldest first: 100 at most. */
  orgs: Array<{
    org: Org
    role: OrgRole | null
  }>
  /** Whether there are more; `listOrgs` has them all. */
  hasMoreOrgs: boolean
  hasPassword: boolean
  hasTwoFactor: boolean
  /** Where this gateway is reached, for commands to copy. */
  publicUrl: string
}

interface Member {
  person: Person
  role: OrgRole
  isSystemAdmin: boolean
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
  /** A time, ISO 8601 in UTC. */
  joinedAt: string
}

interface Model {
  id: string
  canonical: string
  /** The id of the upstream that has it. */
  upstream: string
  /** What people call the upstream. */
  upstreamLabel: string
  upstreamKind: 'ollama' | 'openai' | 'anthropic' | 'unknown'
  isCloud: boolean
  /** Tokens that the server gives one request: as the model runs now, else as it is set up. Null, here and below: not known. */
  contextLength: number | null
  /** Tokens that it was trained for. */
  trainedContextLength: number | null
  capabilities: Array<string> | null
  sizeBytes: number | null
  isLoaded: boolean | null
}

interface ModelAlias {
  /** What clients ask for, or a pattern of such names. */
  name: string
  /** What they get, as its server spells it. */
  model: string
  /** The one spelling of that, as in the list of models. */
  modelCanonical: string
  /** Only those that were `added` here can be changed or removed here. They go before the others. */
  source: 'configuration' | 'added'
  /** The `version` to change it with; 0: it cannot be. */
  revision: number
  /** One before it means all the names that it means, so that it is never taken. Only in lists. */
  isOverridden?: true | undefined
  /** No model that is known now is meant; only in the answer to a change, and only where a gateway runs. */
  isUnmatched?: true | undefined
  /** A model that is known now has such a name, and nobody can ask for it by that. Only in the answer to a change. */
  isHidingModel?: true | undefined
  /** Its model is the name of another alias, which is not looked up. Only in the answer to a change. */
  isOfAlias?: true | undefined
}

interface ModelDefaults {
  /** Tokens of context that the model is loaded with. Servers other than Ollama have theirs from their own start. */
  num_ctx?: number | undefined
  /** How long the model stays loaded after a request, as `30m` or in seconds; `-1` is for ever. */
  keep_alive?: string | number | undefined
  /** Whether the model thinks before it answers, or how hard. */
  think?: boolean | 'low' | 'medium' | 'high' | 'max' | undefined
  /** Whether the oldest turns are dropped, without a word, where a prompt is too long. `false` makes it an error, on which clients can shorten what they send. */
  truncate?: boolean | undefined
  /** The most tokens of an answer, where its client sets no limit. */
  num_predict?: number | undefined
  /** How freely tokens are chosen: 0 is always the likeliest. */
  temperature?: number | undefined
  /** The share of likely tokens to choose from. */
  top_p?: number | undefined
  /** The number of likely tokens to choose from. */
  top_k?: number | undefined
  /** How likely a token is at least, next to the likeliest. */
  min_p?: number | undefined
  /** What a token loses that was there before. */
  repeat_penalty?: number | undefined
  /** What a token loses that was there at all. */
  presence_penalty?: number | undefined
  /** What a token loses each time it was there. */
  frequency_penalty?: number | undefined
  /** The same seed gives the same answer, as far as the server can. */
  seed?: number | undefined
}

interface ModelRule {
  /** The models that are meant, by name or pattern. */
  match: string
  /** Only on this upstream; null: on all. */
  upstream: string | null
  /** Null: there is no such upstream now, or on all. */
  upstreamLabel: string | null
  translate: 'auto' | 'native' | 'off' | null
  defaults: ModelDefaults
  /** Only those that were `added` here can be changed or removed here. They go before the others. */
  source: 'configuration' | 'added'
  /** The `version` to change it with; 0: it cannot be. */
  revision: number
  /** No model that is known now is meant; only in the answer to a change, and only where a gateway runs. */
  isUnmatched?: true | undefined
}

interface NewInvitation {
  /** Default: for whoever has the link. */
  email?: string | undefined
  /** Default: member. */
  role?: OrgRole | undefined
  /** Milliseconds. Default: 7 days. Default: 604800000. */
  expiresInMs?: number | undefined
}

interface NewKey {
  name: string
  /** Globs on model names. Default: all that the caller may grant. */
  models?: Array<string> | undefined
  /** Route classes. Default: inference, metadata. */
  routes?: Array<string> | undefined
  /** Addresses or CIDR ranges. Default: everywhere. */
  networks?: Array<string> | undefined
  allowsCloud?: boolean | undefined
  /** Model servers may call the addresses its requests name: pictures by URL, MCP servers. Admins grant it. */
  allowsFetch?: boolean | undefined
  /** Of the whole gateway: only system admins grant it. */
  allowsMetrics?: boolean | undefined
  /** Milliseconds from now. Default: never, or as late as the caller may grant. */
  expiresInMs?: number | undefined
  /** The caller’s own, rather than the org’s. Members make no others. Default: what the caller may make, the org’s first. */
  isPersonal?: boolean | undefined
}

interface NewModelAlias {
  name: string
  model: string
  /** The one that was seen, 0 where there was none; any other that stands is kept, with `version_conflict`. Not given: it is replaced. */
  version?: number | undefined
}

interface NewModelRule {
  match: string
  /** The id or the label of an upstream. Not given: on all. */
  upstream?: string | undefined
  translate?: 'auto' | 'native' | 'off' | undefined
  defaults?: ModelDefaults | undefined
  /** The one that was seen, 0 where there was none; any other that stands is kept, with `version_conflict`. Not given: it is replaced. */
  version?: number | undefined
}

interface NewOrg {
  name: string
  /** Lower case letters, digits and dashes, 1 to 40. */
  slug: string
}

interface NewTunnel {
  label: string
}

interface NewUpstream {
  label: string
  url: string
  kind?: 'ollama' | 'openai' | 'anthropic' | undefined
  /** What the server itself asks for. It is never shown again. */
  key?: string | undefined
}

interface Org {
  id: string
  slug: string
  name: string
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
  /** A time, ISO 8601 in UTC. */
  createdAt: string
}

type OrgRole = 'owner' | 'admin' | 'member'

interface Pairing {
  /** As the other machine shows it. */
  userCode: string
  /** The name it asks for. */
  label: string
  machine: string
  platform: string
  software: string
  /** Where the request came from. */
  address: string
  /** A time, ISO 8601 in UTC. */
  requestedAt: string
  /** A time, ISO 8601 in UTC. */
  expiresAt: string
  state: 'pending' | 'approved' | 'denied'
}

interface Person {
  id: string
  name: string
  email: string
}

interface Price {
  /** A glob on model names. The first that matches counts. */
  models: string
  promptPerMillion: number
  completionPerMillion: number
  /** Default: as the prompt. */
  cachedPerMillion?: number | undefined
}

interface Request {
  /** Grows by time of recording; the cursor of this list. */
  seq: number
  id: string
  /** A time, ISO 8601 in UTC. */
  at: string
  keyId: string | null
  keyName: string | null
  personId: string | null
  personName: string | null
  upstream: string | null
  dialect: string
  route: string
  modelAsked: string | null
  modelUsed: string | null
  status: number
  errorCode: string | null
  isStreamed: boolean
  /** From its arrival until it was sent to the upstream. */
  sentMs: number | null
  /** What the model server says it took to load the model. */
  loadMs: number | null
  ttfbMs: number | null
  durationMs: number
  promptTokens: number | null
  completionTokens: number | null
  cachedTokens: number | null
  isEstimated: boolean
  requestBytes: number
  responseBytes: number
  clientName: string | null
  clientVersion: string | null
  sessionId: string | null
  /** What of its body the upstream was not sent. */
  leftOut: Array<string>
  /** The wire format in which the upstream was asked, `openai-chat`; null: the client’s own. */
  translated: string | null
  /** What `x-punku-label` said. */
  sessionLabel: string | null
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  toolCalls: Array<{
    name: string
    count: number
  }>
}

interface Session {
  id: string
  isThis: boolean
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  /** A time, ISO 8601 in UTC. */
  lastUsedAt: string
  /** A time, ISO 8601 in UTC. */
  expiresAt: string
  address: string | null
  /** The browser or program, in its own words. */
  software: string | null
}

interface Setup {
  token: string
  name: string
  email: string
  /** 12 to 128 characters. */
  password: string
}

interface ShownRequest {
  /** Grows by time of recording; the cursor of this list. */
  seq: number
  id: string
  /** A time, ISO 8601 in UTC. */
  at: string
  keyId: string | null
  keyName: string | null
  personId: string | null
  personName: string | null
  upstream: string | null
  dialect: string
  route: string
  modelAsked: string | null
  modelUsed: string | null
  status: number
  errorCode: string | null
  isStreamed: boolean
  /** From its arrival until it was sent to the upstream. */
  sentMs: number | null
  /** What the model server says it took to load the model. */
  loadMs: number | null
  ttfbMs: number | null
  durationMs: number
  promptTokens: number | null
  completionTokens: number | null
  cachedTokens: number | null
  isEstimated: boolean
  requestBytes: number
  responseBytes: number
  clientName: string | null
  clientVersion: string | null
  sessionId: string | null
  /** What of its body the upstream was not sent. */
  leftOut: Array<string>
  /** The wire format in which the upstream was asked, `openai-chat`; null: the client’s own. */
  translated: string | null
  /** What `x-punku-label` said. */
  sessionLabel: string | null
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  toolCalls: Array<{
    name: string
    count: number
  }>
  /** What the model server said of the error, bounded and cleaned. It is in the memory of the gateway that served it, for an hour, and never stored. */
  serverSaid: string | null
}

interface ShownToolSession {
  id: string
  label: string | null
  /** Of its last request; the cursor of this list. */
  seq: number
  requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  turns: number
  /** Requests that failed, by status or in mid-stream. */
  errors: number
  /** With those from the cache. */
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  toldPromptTokens: number
  /** `cachedTokens` ÷ `toldPromptTokens`; null: none is known. */
  cacheHitRate: number | null
  /** Requests whose tokens are estimates. */
  estimated: number
  /** Streamed turns of which tokens are known: the next four are of these alone. */
  streams: number
  /** From their arrival to their first byte, summed. */
  ttfbMs: number
  meanTtfbMs: number | null
  streamTokens: number
  /** From their first byte to their end, summed. */
  streamMs: number
  /** `streamTokens` ÷ `streamMs`. */
  tokensPerSecond: number | null
  /** When the first request arrived. */
  firstAt: string
  /** When the last one ended. */
  endedAt: string
  /** From the one to the other. */
  wallMs: number
  /** At the org’s prices; 0 where none are set. */
  cost: number
  clients: Array<string>
  models: Array<string>
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  toolCalls: Array<{
    name: string
    count: number
  }>
  /** The same by tool and model, most requests first. 100 at most. */
  parts: Array<ToolSessionPart>
  /** The failed ones by error code; where there is none, by status. */
  errorCodes: Array<{
    code: string
    count: number
  }>
  currency: string
}

interface Status {
  pid: number
  version: string
  /** A time, ISO 8601 in UTC. */
  startedAt: string
  /** Where clients reach the gateway, as URLs. */
  addresses: Array<string>
  /** Where it is reached from elsewhere, if that was set. */
  publicUrl: string | null
  upstreams: Array<UpstreamStatus>
  /** Upstreams that others can reach around the gateway. */
  exposures: Array<{
    upstreamId: string
    address: string
  }>
  tunnels: {
    /** Tunnels that are not revoked. */
    live: number
    /** Those with a link. */
    connected: number
  }
  liveExchanges: number
  connections: {
    /** Connections of clients. */
    open: number
    /** `limits.connections`, or fewer where the system allows too few open files. */
    limit: number
    /** Clients turned away at the limit since the start. */
    refused: number
  }
  rows: {
    /** Rows of requests that are not in the database yet. */
    unwritten: number
    /** Rows given up since the start, as too many waited. */
    dropped: number
  }
  /** What is wrong with the gateway itself, or was in the last minute; the oldest first. */
  troubles: Array<Trouble>
}

interface StoredSettings {
  currency: string
  prices: Array<Price>
  /** What members may give keys of their own. Admins are not held to it. */
  memberKeys: {
    /** Active keys a member may have; 0: members make none. */
    max: number
    /** Globs: what members’ keys may use at most. */
    models: Array<string>
    /** Milliseconds; null: for ever. */
    maxLifeMs: number | null
    allowsManage: boolean
    allowsCloud: boolean
  }
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
}

interface ToolSession {
  id: string
  label: string | null
  /** Of its last request; the cursor of this list. */
  seq: number
  requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  turns: number
  /** Requests that failed, by status or in mid-stream. */
  errors: number
  /** With those from the cache. */
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  toldPromptTokens: number
  /** `cachedTokens` ÷ `toldPromptTokens`; null: none is known. */
  cacheHitRate: number | null
  /** Requests whose tokens are estimates. */
  estimated: number
  /** Streamed turns of which tokens are known: the next four are of these alone. */
  streams: number
  /** From their arrival to their first byte, summed. */
  ttfbMs: number
  meanTtfbMs: number | null
  streamTokens: number
  /** From their first byte to their end, summed. */
  streamMs: number
  /** `streamTokens` ÷ `streamMs`. */
  tokensPerSecond: number | null
  /** When the first request arrived. */
  firstAt: string
  /** When the last one ended. */
  endedAt: string
  /** From the one to the other. */
  wallMs: number
  /** At the org’s prices; 0 where none are set. */
  cost: number
  clients: Array<string>
  models: Array<string>
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  toolCalls: Array<{
    name: string
    count: number
  }>
}

interface ToolSessionPart {
  clientName: string | null
  clientVersion: string | null
  /** The one that answered, else the one asked for. */
  model: string | null
  requests: number
  /** Requests in which a model was asked to write, and that were answered whole. */
  turns: number
  /** Requests that failed, by status or in mid-stream. */
  errors: number
  /** With those from the cache. */
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  /** The prompt tokens of those requests alone of which it is known how many came from the cache. */
  toldPromptTokens: number
  /** `cachedTokens` ÷ `toldPromptTokens`; null: none is known. */
  cacheHitRate: number | null
  /** Requests whose tokens are estimates. */
  estimated: number
  /** Streamed turns of which tokens are known: the next four are of these alone. */
  streams: number
  /** From their arrival to their first byte, summed. */
  ttfbMs: number
  meanTtfbMs: number | null
  streamTokens: number
  /** From their first byte to their end, summed. */
  streamMs: number
  /** `streamTokens` ÷ `streamMs`. */
  tokensPerSecond: number | null
  /** When the first request arrived. */
  firstAt: string
  /** When the last one ended. */
  endedAt: string
  /** From the one to the other. */
  wallMs: number
  /** At the org’s prices; 0 where none are set. */
  cost: number
  /** The tools that were called, by name, and how often; `(other)`: those whose names are not kept. */
  toolCalls: Array<{
    name: string
    count: number
  }>
}

interface Trouble {
  kind:
    | 'connections_refused'
    | 'connection_share_taken'
    | 'commands_refused'
    | 'pairings_full'
    | 'files_exhausted'
    | 'loop_late'
    | 'database_away'
    | 'database_file_lost'
    | 'requests_unwritten'
    | 'revocations_unstored'
  /** What it is and what to do. */
  text: string
  /** A time, ISO 8601 in UTC. */
  since: string
  /** How often it has happened since then. */
  count: number
}

interface Tunnel {
  id: string
  label: string
  /** `resuming`: the link broke a moment ago and its streams wait. `away`: paired, and there is no link. */
  state: 'connected' | 'resuming' | 'away' | 'unpaired' | 'revoked'
  /** A time, ISO 8601 in UTC. */
  createdAt: string
  createdBy: string
  pairedAt: string | null
  lastSeenAt: string | null
  revokedAt: string | null
  /** Where the agent runs, as it says itself. Null: not yet told. */
  machine: {
    name: string
    platform: string
    arch: string
    /** What the agent is, as in `punku/0.1.0`. */
    software: string
  } | null
  /** Of the link, where there is one. */
  roundTripMs: number | null
  /** Requests inside the link now. Null: no link, and none to resume. */
  streams: number | null
  /** Where the link comes from. */
  address: string | null
}

interface Upstream {
  id: string
  /** What people call the upstream. */
  label: string
  via: 'direct' | 'tunnel'
  kind: 'ollama' | 'openai' | 'anthropic' | 'unknown'
  server: string | null
  version: string | null
  state: 'unprobed' | 'up' | 'down'
  /** Why it is down. Empty when up. */
  reason: string
  checkedAt: string | null
  modelCount: number | null
  /** Only those that were `added` here can be changed or removed here. */
  source: 'configuration' | 'added' | 'tunnel'
  /** Of a direct one, for whoever may change it; else null. */
  url: string | null
  hasCredential: boolean
  liveExchanges: number
  /** The `version` to change it with; 0: it cannot be. */
  revision: number
  /** Others on the network reach it around the gateway. */
  isExposed: boolean
}

interface UpstreamChange {
  /** Grows with each change. A change of an older version is refused with `version_conflict`. */
  version: number
  label?: string | undefined
  url?: string | undefined
  kind?: 'ollama' | 'openai' | 'anthropic' | null | undefined
  key?: string | null | undefined
}

interface UpstreamStatus {
  id: string
  /** What people call the upstream. */
  label: string
  via: 'direct' | 'tunnel'
  kind: 'ollama' | 'openai' | 'anthropic' | 'unknown'
  server: string | null
  version: string | null
  state: 'unprobed' | 'up' | 'down'
  /** Why it is down. Empty when up. */
  reason: string
  checkedAt: string | null
  modelCount: number | null
}

interface Usage {
  /** Most requests first; days and hours newest first. 1,000 at most. */
  groups: Array<UsageGroup>
  /** What all other groups come to; null: there are none. */
  rest: UsageRest | null
  currency: string
}

interface UsageGroup {
  /** What is summed: an id, a name, the day (`2026-01-31`) or the hour (`2026-01-31T12:00Z`) in UTC; null: none was named. */
  group: string | null
  /** Of a key or a person, while it is stored. */
  name: string | null
  requests: number
  errors: number
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  /** Requests whose tokens are estimates. */
  estimated: number
  meanTtfbMs: number | null
  /** Time that models spent on them: from sending to the end, summed. */
  busyMs: number
  /** At the org’s prices; 0 where none are set. */
  cost: number
}

interface UsageRest {
  /** How many they are. */
  groups: number
  requests: number
  errors: number
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  /** Requests whose tokens are estimates. */
  estimated: number
  meanTtfbMs: number | null
  /** Time that models spent on them: from sending to the end, summed. */
  busyMs: number
  /** At the org’s prices; 0 where none are set. */
  cost: number
}

/** What each operation of the control API takes and answers, by its name. */
export interface ControlCalls {
  readonly showEntrance: Call<unknown, Entrance>
  readonly setUp: Call<{ readonly body: Setup }, Person>
  readonly issueSetupLink: Call<
    unknown,
    {
      /** Makes the first account, once, within a day. */
      link: string
    }
  >
  readonly showMe: Call<unknown, Me>
  readonly chooseOrg: Call<
    {
      readonly body: {
        /** The id or the slug of an org. */
        org: string
      }
    },
    Me
  >
  readonly listSessions: Call<
    unknown,
    {
      sessions: Array<Session>
    }
  >
  readonly endSession: Call<
    {
      readonly params: {
        session: string
      }
    },
    Record<string, never>
  >
  readonly endOtherSessions: Call<
    unknown,
    {
      ended: number
    }
  >
  readonly listOrgs: Call<
    {
      readonly query?: Query<{
        /** The `next` of the page before. */
        cursor?: string | undefined
        /** Default: 100. */
        limit: number
      }>
    },
    {
      orgs: Array<Org>
      /** The cursor of the next page; null: this is the last. */
      next: string | null
    }
  >
  readonly createOrg: Call<{ readonly body: NewOrg }, Org>
  readonly renameOrg: Call<
    {
      readonly body: {
        name: string
        /** Grows with each change. A change of an older version is refused with `version_conflict`. */
        version: number
      }
    },
    Org
  >
  readonly removeOrg: Call<
    {
      readonly params: {
        /** The id or the slug of an org. */
        org: string
      }
    },
    Record<string, never>
  >
  readonly listMembers: Call<
    {
      readonly query?: Query<{
        /** The `next` of the page before. */
        cursor?: string | undefined
        /** Default: 100. */
        limit: number
        /** Those with this in their name or e-mail address. */
        q?: string | undefined
        /** Those of this role, or of one that may do more. */
        role?: OrgRole | undefined
      }>
    },
    {
      members: Array<Member>
      /** The cursor of the next page; null: this is the last. */
      next: string | null
    }
  >
  readonly showMember: Call<
    {
      readonly params: {
        person: string
      }
    },
    Member
  >
  readonly changeMember: Call<
    {
      readonly params: {
        person: string
      }
      readonly body: {
        role: OrgRole
        /** Grows with each change. A change of an older version is refused with `version_conflict`. */
        version: number
      }
    },
    Member
  >
  readonly removeMember: Call<
    {
      readonly params: {
        person: string
      }
    },
    Record<string, never>
  >
  readonly leaveOrg: Call<unknown, Record<string, never>>
  readonly listInvitations: Call<
    {
      readonly query?: Query<{
        /** The `next` of the page before. */
        cursor?: string | undefined
        /** Default: 100. */
        limit: number
      }>
    },
    {
      invitations: Array<Invitation>
      /** The cursor of the next page; null: this is the last. */
      next: string | null
    }
  >
  readonly createInvitation: Call<{ readonly body: NewInvitation }, IssuedInvitation>
  readonly revokeInvitation: Call<
    {
      readonly params: {
        invitation: string
      }
    },
    Invitation
  >
  readonly showInvitation: Call<
    {
      readonly body: {
        token: string
      }
    },
    {
      orgName: string
      role: OrgRole
      invitedBy: string
      email: string | null
      /** A time, ISO 8601 in UTC. */
      expiresAt: string
    }
  >
  readonly acceptInvitation: Call<{ readonly body: Acceptance }, Org>
  readonly listAccounts: Call<
    {
      readonly query?: Query<{
        /** The `next` of the page before. */
        cursor?: string | undefined
        /** Default: 100. */
        limit: number
        /** Those with this in their name or e-mail address. */
        q?: string | undefined
      }>
    },
    {
      accounts: Array<Account>
      /** The cursor of the next page; null: this is the last. */
      next: string | null
    }
  >
  readonly changeAccount: Call<
    {
      readonly params: {
        person: string
      }
      readonly body: {
        isSystemAdmin: boolean
      }
    },
    Account
  >
  readonly removeAccount: Call<
    {
      readonly params: {
        person: string
      }
    },
    Record<string, never>
  >
  readonly resetAccount: Call<
    {
      readonly params: {
        person: string
      }
    },
    {
      /** Sets a new password, once, within an hour. */
      link: string
      /** A time, ISO 8601 in UTC. */
      expiresAt: string
    }
  >
  readonly listKeys: Call<
    {
      readonly query?: Query<{
        /** The `next` of the page before. */
        cursor?: string | undefined
        /** Default: 100. */
        limit: number
        /** Those with this in their name or id. */
        q?: string | undefined
        /** Only those that are revoked, or none of them. Default: both. */
        revoked?: boolean | undefined
      }>
    },
    {
      keys: Array<Key>
      /** The cursor of the next page; null: this is the last. */
      next: string | null
    }
  >
  readonly createKey: Call<{ readonly body: NewKey }, IssuedKey>
  readonly showKey: Call<
    {
      readonly params: {
        /** The id or the name of a key. */
        key: string
      }
    },
    Key
  >
  readonly changeKey: Call<
    {
      readonly params: {
        /** The id or the name of a key. */
        key: string
      }
      readonly body: KeyChange
    },
    Key
  >
  readonly rotateKey: Call<
    {
      readonly params: {
        /** The id or the name of a key. */
        key: string
      }
      readonly body: {
        /** How long the old text still works. */
        graceMs: number
      }
    },
    IssuedKey
  >
  readonly revokeKey: Call<
    {
      readonly params: {
        /** The id or the name of a key. */
        key: string
      }
    },
    Key
  >
  readonly createPlaygroundKey: Call<{ readonly body: Record<string, never> }, IssuedKey>
  readonly listUpstreams: Call<
    unknown,
    {
      upstreams: Array<Upstream>
    }
  >
  readonly showUpstream: Call<
    {
      readonly params: {
        /** The id or the label of an upstream. */
        upstream: string
      }
    },
    Upstream
  >
  readonly createUpstream: Call<{ readonly body: NewUpstream }, Upstream>
  readonly changeUpstream: Call<
    {
      readonly params: {
        /** The id or the label of an upstream. */
        upstream: string
      }
      readonly body: UpstreamChange
    },
    Upstream
  >
  readonly removeUpstream: Call<
    {
      readonly params: {
        /** The id or the label of an upstream. */
        upstream: string
      }
    },
    Record<string, never>
  >
  readonly discoverModels: Call<
    {
      readonly params: {
        /** The id or the label of an upstream. */
        upstream: string
      }
    },
    {
      upstream: Upstream
      models: Array<Model>
    }
  >
  readonly listModels: Call<
    unknown,
    {
      models: Array<Model>
    }
  >
  readonly listModelRules: Call<
    {
      readonly query?: Query<{
        /** Only those for this match, however it is spelled. */
        match?: string | undefined
      }>
    },
    {
      rules: Array<ModelRule>
    }
  >
  readonly putModelRule: Call<{ readonly body: NewModelRule }, ModelRule>
  readonly removeModelRule: Call<
    {
      readonly query?: Query<{
        match: string
        /** The id or the label of an upstream. Not given: on all. */
        upstream?: string | undefined
      }>
    },
    Record<string, never>
  >
  readonly listModelAliases: Call<
    unknown,
    {
      aliases: Array<ModelAlias>
    }
  >
  readonly putModelAlias: Call<{ readonly body: NewModelAlias }, ModelAlias>
  readonly removeModelAlias: Call<
    {
      readonly query?: Query<{
        name: string
      }>
    },
    Record<string, never>
  >
  readonly listTunnels: Call<
    {
      readonly query?: Query<{
        /** The `next` of the page before. */
        cursor?: string | undefined
        /** Default: 100. */
        limit: number
        /** Only those that are revoked, or none of them. Default: both. */
        revoked?: boolean | undefined
      }>
    },
    {
      tunnels: Array<Tunnel>
      /** The cursor of the next page; null: this is the last. */
      next: string | null
    }
  >
  readonly createTunnel: Call<{ readonly body: NewTunnel }, IssuedTunnel>
  readonly showTunnel: Call<
    {
      readonly params: {
        /** The id or the label of a tunnel. */
        tunnel: string
      }
    },
    Tunnel
  >
  readonly renameTunnel: Call<
    {
      readonly params: {
        /** The id or the label of a tunnel. */
        tunnel: string
      }
      readonly body: {
        label: string
      }
    },
    Tunnel
  >
  readonly rotateTunnel: Call<
    {
      readonly params: {
        /** The id or the label of a tunnel. */
        tunnel: string
      }
    },
    IssuedTunnel
  >
  readonly revokeTunnel: Call<
    {
      readonly params: {
        /** The id or the label of a tunnel. */
        tunnel: string
      }
    },
    Tunnel
  >
  readonly showPairing: Call<
    {
      readonly params: {
        /** The code that the other machine shows, as in `9KV-DU6`. */
        code: string
      }
    },
    Pairing
  >
  readonly approvePairing: Call<
    {
      readonly params: {
        /** The code that the other machine shows, as in `9KV-DU6`. */
        code: string
      }
      readonly body: {
        /** Default: the name that was asked for. */
        label?: string | undefined
      }
    },
    Tunnel
  >
  readonly denyPairing: Call<
    {
      readonly params: {
        /** The code that the other machine shows, as in `9KV-DU6`. */
        code: string
      }
    },
    Pairing
  >
  readonly listRequests: Call<
    {
      readonly query?: Query<{
        /** The id or the name of a key. */
        key?: string | undefined
        /** The id of a person. */
        person?: string | undefined
        /** The one asked for or the one that answered. */
        model?: string | undefined
        upstream?: string | undefined
        client?: string | undefined
        session?: string | undefined
        /** What `x-punku-label` said. */
        label?: string | undefined
        outcome?: 'ok' | 'error' | undefined
        since?: string | undefined
        until?: string | undefined
        /** Rows recorded after this `seq`, oldest first. */
        after?: number | undefined
        /** Rows recorded before this `seq`. */
        before?: number | undefined
        /** Default: 100. */
        limit: number
      }>
    },
    {
      requests: Array<Request>
    }
  >
  readonly showRequest: Call<
    {
      readonly params: {
        request: string
      }
    },
    ShownRequest
  >
  readonly listLiveRequests: Call<
    unknown,
    {
      live: Array<LiveRequest>
    }
  >
  readonly exportRequests: Call<
    {
      readonly query?: Query<{
        /** The id or the name of a key. */
        key?: string | undefined
        /** The id of a person. */
        person?: string | undefined
        /** The one asked for or the one that answered. */
        model?: string | undefined
        upstream?: string | undefined
        client?: string | undefined
        session?: string | undefined
        /** What `x-punku-label` said. */
        label?: string | undefined
        outcome?: 'ok' | 'error' | undefined
        since?: string | undefined
        until?: string | undefined
      }>
    },
    string
  >
  readonly usage: Call<
    {
      readonly query?: Query<{
        /** The id or the name of a key. */
        key?: string | undefined
        /** The id of a person. */
        person?: string | undefined
        /** The one asked for or the one that answered. */
        model?: string | undefined
        upstream?: string | undefined
        client?: string | undefined
        session?: string | undefined
        /** What `x-punku-label` said. */
        label?: string | undefined
        outcome?: 'ok' | 'error' | undefined
        since?: string | undefined
        until?: string | undefined
        /** Default: key. */
        by: 'day' | 'hour' | 'model' | 'key' | 'person' | 'client' | 'session' | 'upstream'
      }>
    },
    Usage
  >
  readonly exportUsage: Call<
    {
      readonly query?: Query<{
        /** The id or the name of a key. */
        key?: string | undefined
        /** The id of a person. */
        person?: string | undefined
        /** The one asked for or the one that answered. */
        model?: string | undefined
        upstream?: string | undefined
        client?: string | undefined
        session?: string | undefined
        /** What `x-punku-label` said. */
        label?: string | undefined
        outcome?: 'ok' | 'error' | undefined
        since?: string | undefined
        until?: string | undefined
        /** Default: key. */
        by: 'day' | 'hour' | 'model' | 'key' | 'person' | 'client' | 'session' | 'upstream'
      }>
    },
    string
  >
  readonly listToolSessions: Call<
    {
      readonly query?: Query<{
        /** The id or the name of a key. */
        key?: string | undefined
        /** The id of a person. */
        person?: string | undefined
        /** The one asked for or the one that answered. */
        model?: string | undefined
        upstream?: string | undefined
        client?: string | undefined
        /** What `x-punku-label` said. */
        label?: string | undefined
        outcome?: 'ok' | 'error' | undefined
        since?: string | undefined
        until?: string | undefined
        /** Sessions whose last request is before this `seq`. */
        before?: number | undefined
        /** Default: 50. */
        limit: number
      }>
    },
    {
      sessions: Array<ToolSession>
      currency: string
    }
  >
  readonly showToolSession: Call<
    {
      readonly params: {
        session: string
      }
    },
    ShownToolSession
  >
  readonly listAudit: Call<
    {
      readonly query?: Query<{
        /** As `key.create`, or its first part: `key`. */
        action?: string | undefined
        /** The id of a person. */
        actor?: string | undefined
        /** The id or the name of what was changed. */
        target?: string | undefined
        since?: string | undefined
        until?: string | undefined
        /** Of all orgs and of none, for system admins; to others it changes nothing. */
        all?: 'true' | 'false' | undefined
        /** Entries after this `seq`, oldest first. */
        after?: number | undefined
        /** Entries before this `seq`. */
        before?: number | undefined
        /** Default: 100. */
        limit: number
      }>
    },
    {
      entries: Array<AuditEntry>
    }
  >
  readonly exportAudit: Call<
    {
      readonly query?: Query<{
        /** As `key.create`, or its first part: `key`. */
        action?: string | undefined
        /** The id of a person. */
        actor?: string | undefined
        /** The id or the name of what was changed. */
        target?: string | undefined
        since?: string | undefined
        until?: string | undefined
        /** Of all orgs and of none, for system admins; to others it changes nothing. */
        all?: 'true' | 'false' | undefined
      }>
    },
    string
  >
  readonly verifyChains: Call<
    {
      readonly query?: Query<{
        /** Heads of earlier checks, separated by commas. */
        kept?: string | undefined
      }>
    },
    {
      chains: Array<ChainCheck>
    }
  >
  readonly status: Call<unknown, Status>
  readonly showHealth: Call<unknown, Health>
  readonly listenToEvents: Call<unknown, string>
  readonly showSettings: Call<unknown, StoredSettings>
  readonly changeSettings: Call<{ readonly body: StoredSettings }, StoredSettings>
}
