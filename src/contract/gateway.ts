import { createRoute, z } from '@hono/zod-openapi'
import { access, body, count, failure, json, text, time, version } from './parts.ts'
import { upstreamStatus } from './upstreams.ts'

/** What can be wrong with the gateway itself. */
export const TROUBLE_KINDS = [
  'connections_refused',
  'connection_share_taken',
  'commands_refused',
  'pairings_full',
  'files_exhausted',
  'loop_late',
  'database_away',
  'database_file_lost',
  'requests_unwritten',
  'revocations_unstored',
] as const

const trouble = z
  .strictObject({
    kind: z.enum(TROUBLE_KINDS),
    text: z.string().meta({ description: 'What it is and what to do.' }),
    since: time,
    count: count.meta({ description: 'How often it has happened since then.' }),
  })
  .openapi('Trouble')

const status = z
  .strictObject({
    pid: count,
    version: z.string(),
    startedAt: time,
    addresses: z.array(z.string()).meta({ description: 'Where clients reach the gateway, as URLs.' }),
    publicUrl: z.string().nullable().meta({ description: 'Where it is reached from elsewhere, if that was set.' }),
    upstreams: z.array(upstreamStatus),
    exposures: z
      .array(z.strictObject({ upstreamId: z.string(), address: z.string() }))
      .meta({ description: 'Upstreams that others can reach around the gateway.' }),
    tunnels: z.strictObject({
      live: count.meta({ description: 'Tunnels that are not revoked.' }),
      connected: count.meta({ description: 'Those with a link.' }),
    }),
    liveExchanges: count,
    connections: z.strictObject({
      open: count.meta({ description: 'Connections of clients.' }),
      limit: count.meta({ description: '`limits.connections`, or fewer where the system allows too few open files.' }),
      refused: count.meta({ description: 'Clients turned away at the limit since the start.' }),
    }),
    rows: z.strictObject({
      unwritten: count.meta({ description: 'Rows of requests that are not in the database yet.' }),
      dropped: count.meta({ description: 'Rows given up since the start, as too many waited.' }),
    }),
    troubles: z
      .array(trouble)
      .meta({ description: 'What is wrong with the gateway itself, or was in the last minute; the oldest first.' }),
  })
  .openapi('Status')
export type StatusBody = z.output<typeof status>

const attention = z
  .strictObject({
    kind: z.enum([
      'upstream_exposed',
      'upstream_down',
      'agent_away',
      'key_expiring',
      'no_upstream',
      'no_key',
      ...TROUBLE_KINDS,
    ]),
    severity: z.enum(['danger', 'warning', 'info']),
    text: z.string().meta({ description: 'What it is and what to do.' }),
    targetId: z.string().nullable().meta({ description: 'The upstream, tunnel or key.' }),
    since: time.nullable(),
  })
  .openapi('Attention')
export type AttentionBody = z.output<typeof attention>

const health = z
  .strictObject({
    upstreams: z.strictObject({ all: count, up: count }),
    tunnels: z.strictObject({ live: count, connected: count }),
    models: count,
    liveRequests: count,
    keys: count.meta({ description: 'Active ones.' }),
    hasRequests: z.boolean().meta({ description: 'Whether a request was ever made in this org.' }),
    attention: z.array(attention),
  })
  .openapi('Health')
export type HealthBody = z.output<typeof health>

const price = z
  .strictObject({
    models: z.string().min(1).max(512).meta({ description: 'A glob on model names. The first that matches counts.' }),
    promptPerMillion: z.number().min(0).max(1_000_000),
    completionPerMillion: z.number().min(0).max(1_000_000),
    cachedPerMillion: z.number().min(0).max(1_000_000).optional().meta({ description: 'Default: as the prompt.' }),
  })
  .openapi('Price')

const settings = z
  .strictObject({
    currency: z.string().regex(/^[A-Z]{3}$/),
    prices: z.array(price).max(200),
    memberKeys: z
      .strictObject({
        max: count.max(1_000).meta({ description: 'Active keys a member may have; 0: members make none.' }),
        models: z
          .array(z.string().min(1).max(512))
          .min(1)
          .max(100)
          .meta({ description: 'Globs: what members’ keys may use at most.' }),
        maxLifeMs: z.int().min(60_000).nullable().meta({ description: 'Milliseconds; null: for ever.' }),
        allowsManage: z.boolean(),
        allowsCloud: z.boolean(),
      })
      .meta({ description: 'What members may give keys of their own. Admins are not held to it.' }),
  })
  .openapi('Settings')
export type SettingsBody = z.output<typeof settings>

const storedSettings = settings.extend({ version }).openapi('StoredSettings')
export type StoredSettingsBody = z.output<typeof storedSettings>

/**
 * What `listenToEvents` sends: server-sent events, each with one of these names and a JSON object of few facts. They say
 * that something changed; what it is now has to be asked for.
 *
 * - `ready`: the first; with `missed: true`, also later, some were left out: read anew all that is shown
 * - `link`: a tunnel's `tunnelId`, and its `state`: `connected`, `resuming`, `away` or `revoked`
 * - `upstream`: an `upstreamId`, and its `state`: `unprobed`, `up`, `down` or `removed`
 * - `request`: one that is recorded now: `id`, `status`, `errorCode`, `keyId`, `model`, `upstream`
 * - `live`: how many `requests` more were recorded in a second than were told
 * - `key`: the `id` of a key, and its `change`
 * - `warning`: its `kind`, its `targetId`, and whether it `isOver`
 * - `audit`: the `seq` of a new entry, and its `action`
 * - `signed-out`: the last: the session has ended, or its person left the org
 */
export const EVENTS = ['ready', 'link', 'upstream', 'request', 'live', 'key', 'warning', 'audit', 'signed-out'] as const
export type EventName = (typeof EVENTS)[number]

/** The operations on the gateway as a whole, and on the settings of an org. */
export const gatewayOperations = {
  status: createRoute({
    ...access('system'),
    method: 'get',
    path: '/control/v1/status',
    responses: { 200: json(status, 'The running gateway.'), default: failure },
  }),
  showHealth: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/health',
    responses: { 200: json(health, 'What runs in the org, and what needs attention.'), default: failure },
  }),
  listenToEvents: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/events',
    responses: { 200: text('text/event-stream', 'What changes in the org, as it does.'), default: failure },
  }),
  showSettings: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/settings',
    responses: { 200: json(storedSettings, 'The settings of the org.'), default: failure },
  }),
  changeSettings: createRoute({
    ...access('owner'),
    method: 'put',
    path: '/control/v1/settings',
    request: { body: body(storedSettings) },
    responses: { 200: json(storedSettings, 'The settings, changed.'), default: failure },
  }),
}
