import { createRoute, z } from '@hono/zod-openapi'
import { body, count, failure, json, time } from './contract-parts.ts'
import { tunnelOperations } from './tunnel-contract.ts'

/** A hundred years: beyond what anyone means, and far from where dates and whole numbers end. */
const MAX_SPAN_MS = 3_153_600_000_000

const key = z
  .strictObject({
    id: z.string().meta({ description: 'The public part of the key: safe to show and log.' }),
    name: z.string(),
    models: z.array(z.string()),
    routes: z.array(z.enum(['inference', 'metadata', 'manage'])),
    networks: z.array(z.string()),
    allowsCloud: z.boolean(),
    allowsMetrics: z.boolean(),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().meta({ description: 'Up to half a minute late.' }),
  })
  .openapi('Key')
export type KeyBody = z.output<typeof key>

const issuedKey = key
  .extend({ key: z.string().meta({ description: 'The text to present. It is shown this once and kept nowhere.' }) })
  .openapi('IssuedKey')
export type IssuedKeyBody = z.output<typeof issuedKey>

const newKey = z
  .strictObject({
    name: z.string().min(1).max(64),
    models: z.array(z.string()).max(100).optional().meta({ description: 'Globs on model names. Default: all.' }),
    routes: z.array(z.string()).max(4).optional().meta({ description: 'Route classes. Default: inference, metadata.' }),
    networks: z
      .array(z.string())
      .max(100)
      .optional()
      .meta({ description: 'Addresses or CIDR ranges. Default: everywhere.' }),
    expiresInMs: z
      .int()
      .min(1)
      .max(MAX_SPAN_MS)
      .optional()
      .meta({ description: 'Milliseconds from now. Default: never.' }),
    allowsCloud: z.boolean().optional(),
    allowsMetrics: z.boolean().optional(),
  })
  .openapi('NewKey')
export type NewKeyBody = z.input<typeof newKey>

const rotation = z.strictObject({
  graceMs: count.max(MAX_SPAN_MS).meta({ description: 'How long the old text still works.' }),
})

const request = z
  .strictObject({
    seq: count.meta({ description: 'Grows by time of recording; the cursor of this list.' }),
    id: z.string(),
    at: time,
    keyId: z.string().nullable(),
    keyName: z.string().nullable(),
    upstream: z.string().nullable(),
    dialect: z.string(),
    route: z.string(),
    modelAsked: z.string().nullable(),
    modelUsed: z.string().nullable(),
    status: z.int(),
    errorCode: z.string().nullable(),
    isStreamed: z.boolean(),
    ttfbMs: z.number().nullable(),
    durationMs: z.number(),
    promptTokens: count.nullable(),
    completionTokens: count.nullable(),
    cachedTokens: count.nullable(),
    isEstimated: z.boolean(),
    requestBytes: count,
    responseBytes: count,
    clientName: z.string().nullable(),
    clientVersion: z.string().nullable(),
    sessionId: z.string().nullable(),
  })
  .openapi('Request')
export type RequestBody = z.output<typeof request>

const usageGroup = z
  .strictObject({
    group: z.string().nullable().meta({ description: 'The key id, the model or the day; null: none was named.' }),
    keyName: z.string().nullable(),
    requests: count,
    errors: count,
    promptTokens: count,
    completionTokens: count,
    cachedTokens: count,
    estimated: count.meta({ description: 'Requests whose tokens are estimates.' }),
    meanTtfbMs: z.number().nullable(),
  })
  .openapi('UsageGroup')
export type UsageGroupBody = z.output<typeof usageGroup>

const upstreamKind = z.enum(['ollama', 'openai', 'anthropic', 'unknown'])
const upstreamLabel = z.string().meta({ description: 'What people call the upstream.' })

const model = z
  .strictObject({
    id: z.string(),
    canonical: z.string(),
    upstream: z.string().meta({ description: 'The id of the upstream that has it.' }),
    upstreamLabel,
    upstreamKind,
    isCloud: z.boolean(),
    contextLength: count.nullable().meta({ description: 'Tokens. Null, here and below: not known.' }),
    capabilities: z.array(z.string()).nullable(),
    sizeBytes: count.nullable(),
    isLoaded: z.boolean().nullable(),
  })
  .openapi('Model')
export type ModelBody = z.output<typeof model>

const upstream = z
  .strictObject({
    id: z.string(),
    label: upstreamLabel,
    kind: upstreamKind,
    server: z.string().nullable(),
    version: z.string().nullable(),
    state: z.enum(['unprobed', 'up', 'down']),
    reason: z.string().meta({ description: 'Why it is down. Empty when up.' }),
    checkedAt: time.nullable(),
    modelCount: count.nullable(),
  })
  .openapi('Upstream')
export type UpstreamBody = z.output<typeof upstream>

const status = z
  .strictObject({
    pid: count,
    version: z.string(),
    startedAt: time,
    addresses: z.array(z.string()).meta({ description: 'Where clients reach the gateway, as URLs.' }),
    publicUrl: z.string().nullable().meta({ description: 'Where it is reached from elsewhere, if that was set.' }),
    upstreams: z.array(upstream),
    exposures: z
      .array(z.strictObject({ upstreamId: z.string(), address: z.string() }))
      .meta({ description: 'Upstreams that others can reach around the gateway.' }),
    tunnels: z.strictObject({
      live: count.meta({ description: 'Tunnels that are not revoked.' }),
      connected: count.meta({ description: 'Those with a link.' }),
    }),
    liveExchanges: count,
  })
  .openapi('Status')
export type StatusBody = z.output<typeof status>

const keyPath = z.strictObject({ key: z.string().min(1).max(64).meta({ description: 'The id or the name of a key.' }) })
const isoQuery = z.iso.datetime().optional()
const requestQuery = z.strictObject({
  after: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: 'Rows recorded after this `seq`, oldest first.' }),
  before: z.coerce.number().int().min(0).optional().meta({ description: 'Rows recorded before this `seq`.' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  key: z.string().optional().meta({ description: 'The id or the name of a key.' }),
  since: isoQuery,
})
const usageQuery = z.strictObject({
  by: z.enum(['key', 'model', 'day']).default('key'),
  since: isoQuery,
  until: isoQuery,
})

/** Every operation of the control API: its path, what it takes and what it answers. */
export const operations = {
  listKeys: createRoute({
    method: 'get',
    path: '/control/v1/keys',
    responses: { 200: json(z.strictObject({ keys: z.array(key) }), 'Every key, oldest first.'), default: failure },
  }),
  createKey: createRoute({
    method: 'post',
    path: '/control/v1/keys',
    request: { body: body(newKey) },
    responses: { 201: json(issuedKey, 'The key, with its text.'), default: failure },
  }),
  showKey: createRoute({
    method: 'get',
    path: '/control/v1/keys/{key}',
    request: { params: keyPath },
    responses: { 200: json(key, 'The key.'), default: failure },
  }),
  rotateKey: createRoute({
    method: 'post',
    path: '/control/v1/keys/{key}/rotate',
    request: { params: keyPath, body: body(rotation) },
    responses: { 200: json(issuedKey, 'The key, with its new text.'), default: failure },
  }),
  revokeKey: createRoute({
    method: 'delete',
    path: '/control/v1/keys/{key}',
    request: { params: keyPath },
    responses: { 200: json(key, 'The key, revoked.'), default: failure },
  }),
  ...tunnelOperations,
  listRequests: createRoute({
    method: 'get',
    path: '/control/v1/requests',
    request: { query: requestQuery },
    responses: {
      200: json(z.strictObject({ requests: z.array(request) }), 'Rows, newest first; with `after`, oldest first.'),
      default: failure,
    },
  }),
  usage: createRoute({
    method: 'get',
    path: '/control/v1/usage',
    request: { query: usageQuery },
    responses: { 200: json(z.strictObject({ groups: z.array(usageGroup) }), 'Sums.'), default: failure },
  }),
  listModels: createRoute({
    method: 'get',
    path: '/control/v1/models',
    responses: {
      200: json(z.strictObject({ models: z.array(model) }), 'All models of all upstreams.'),
      default: failure,
    },
  }),
  status: createRoute({
    method: 'get',
    path: '/control/v1/status',
    responses: { 200: json(status, 'The running gateway.'), default: failure },
  }),
}
