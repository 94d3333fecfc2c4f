import { createRoute, z } from '@hono/zod-openapi'
import { DIALECT_NAMES, UPSTREAM_KINDS } from '../core/dialect-name.ts'
import { access, body, count, failure, id, json, time, title, version } from './parts.ts'

const upstreamKind = z.enum(UPSTREAM_KINDS)
const upstreamLabel = z.string().meta({ description: 'What people call the upstream.' })

const model = z
  .strictObject({
    id: z.string(),
    canonical: z.string(),
    upstream: z.string().meta({ description: 'The id of the upstream that has it.' }),
    upstreamLabel,
    upstreamKind,
    isCloud: z.boolean(),
    contextLength: count.nullable().meta({
      description:
        'Tokens that the server gives one request: as the model runs now, else as it is set up. Null, here and below: not known.',
    }),
    trainedContextLength: count.nullable().meta({ description: 'Tokens that it was trained for.' }),
    capabilities: z.array(z.string()).nullable(),
    sizeBytes: count.nullable(),
    isLoaded: z.boolean().nullable(),
  })
  .openapi('Model')
export type ModelBody = z.output<typeof model>

/** What a gateway's status says of an upstream. */
export const upstreamStatus = z
  .strictObject({
    id: z.string(),
    label: upstreamLabel,
    via: z.enum(['direct', 'tunnel']),
    kind: upstreamKind,
    server: z.string().nullable(),
    version: z.string().nullable(),
    state: z.enum(['unprobed', 'up', 'down']),
    reason: z.string().meta({ description: 'Why it is down. Empty when up.' }),
    checkedAt: time.nullable(),
    modelCount: count.nullable(),
  })
  .openapi('UpstreamStatus')
export type UpstreamStatusBody = z.output<typeof upstreamStatus>

const upstream = upstreamStatus
  .extend({
    source: z.enum(['configuration', 'added', 'tunnel']).meta({
      description: 'Only those that were `added` here can be changed or removed here.',
    }),
    url: z.string().nullable().meta({ description: 'Of a direct one, for whoever may change it; else null.' }),
    hasCredential: z.boolean(),
    liveExchanges: count,
    revision: z.int().min(0).meta({ description: 'The `version` to change it with; 0: it cannot be.' }),
    isExposed: z.boolean().meta({ description: 'Others on the network reach it around the gateway.' }),
  })
  .openapi('Upstream')
export type UpstreamBody = z.output<typeof upstream>

const serverUrl = z.url({ protocol: /^https?$/ }).max(2_048)
const serverKind = z.enum(DIALECT_NAMES)
export type ServerKind = z.output<typeof serverKind>

const serverKey = z
  .string()
  .min(1)
  .max(4_096)
  .meta({ description: 'What the server itself asks for. It is never shown again.' })
const upstreamPath = z.strictObject({ upstream: id.meta({ description: 'The id or the label of an upstream.' }) })

/** The operations on upstreams and their models. */
export const upstreamOperations = {
  listUpstreams: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/upstreams',
    responses: { 200: json(z.strictObject({ upstreams: z.array(upstream) }), 'Those of the org.'), default: failure },
  }),
  showUpstream: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/upstreams/{upstream}',
    request: { params: upstreamPath },
    responses: { 200: json(upstream, 'The upstream.'), default: failure },
  }),
  createUpstream: createRoute({
    ...access('system'),
    method: 'post',
    path: '/control/v1/upstreams',
    request: {
      body: body(
        z
          .strictObject({ label: title, url: serverUrl, kind: serverKind.optional(), key: serverKey.optional() })
          .openapi('NewUpstream'),
      ),
    },
    responses: {
      201: json(
        upstream,
        'A direct upstream of the org. The gateway connects from where it stands, so that only a system admin adds one; others pair an agent.',
      ),
      default: failure,
    },
  }),
  changeUpstream: createRoute({
    ...access('system'),
    method: 'patch',
    path: '/control/v1/upstreams/{upstream}',
    request: {
      params: upstreamPath,
      body: body(
        z
          .strictObject({
            version,
            label: title.optional(),
            url: serverUrl.optional(),
            kind: serverKind.nullable().optional(),
            key: serverKey.nullable().optional(),
          })
          .openapi('UpstreamChange'),
      ),
    },
    responses: {
      200: json(
        upstream,
        'The upstream. With another URL, kind or key its live requests end; with another URL its key is forgotten unless given again.',
      ),
      default: failure,
    },
  }),
  removeUpstream: createRoute({
    ...access('system'),
    method: 'delete',
    path: '/control/v1/upstreams/{upstream}',
    request: { params: upstreamPath },
    responses: { 200: json(z.strictObject({}), 'It is gone; its live requests have ended.'), default: failure },
  }),
  discoverModels: createRoute({
    ...access('admin'),
    method: 'post',
    path: '/control/v1/upstreams/{upstream}/discover',
    request: { params: upstreamPath },
    responses: {
      200: json(z.strictObject({ upstream, models: z.array(model) }), 'What the server has now: it was just asked.'),
      default: failure,
    },
  }),
  listModels: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/models',
    responses: {
      200: json(z.strictObject({ models: z.array(model) }), 'All models of all upstreams of the org.'),
      default: failure,
    },
  }),
}
