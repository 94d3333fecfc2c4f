import { createRoute, z } from '@hono/zod-openapi'
import {
  access,
  body,
  count,
  failure,
  flag,
  id,
  json,
  MAX_SPAN_MS,
  next,
  pageQuery,
  searchText,
  time,
  version,
} from './parts.ts'

/** The terms of a key, which say what it may do, as a key shows them. Every other list of them is held to this one. */
const terms = {
  models: z.array(z.string()),
  routes: z.array(z.enum(['inference', 'metadata', 'manage'])),
  networks: z.array(z.string()),
  allowsCloud: z.boolean(),
  allowsFetch: z.boolean(),
  allowsMetrics: z.boolean(),
}
export type KeyTermsBody = z.output<z.ZodObject<typeof terms>>

/** The terms as they are asked for. One that is left out takes its default, or in a change stays as it is. */
const askedTerms = {
  models: z
    .array(z.string())
    .max(100)
    .optional()
    .meta({ description: 'Globs on model names. Default: all that the caller may grant.' }),
  routes: z.array(z.string()).max(4).optional().meta({ description: 'Route classes. Default: inference, metadata.' }),
  networks: z
    .array(z.string())
    .max(100)
    .optional()
    .meta({ description: 'Addresses or CIDR ranges. Default: everywhere.' }),
  allowsCloud: z.boolean().optional(),
  allowsFetch: z.boolean().optional().meta({
    description:
      'Model servers may call the addresses its requests name: pictures by URL, MCP servers. Admins grant it.',
  }),
  allowsMetrics: z.boolean().optional().meta({ description: 'Of the whole gateway: only system admins grant it.' }),
} satisfies { readonly [Name in keyof typeof terms]: z.ZodOptional }
export type AskedKeyTermsBody = z.output<z.ZodObject<typeof askedTerms>>

const key = z
  .strictObject({
    id: z.string().meta({ description: 'The public part of the key: safe to show and log.' }),
    name: z.string(),
    ownerId: z.string().nullable().meta({ description: 'The person whose key it is; null: the org’s own.' }),
    ownerName: z.string().nullable(),
    createdBy: z.string().meta({ description: 'Who made it, in words.' }),
    version,
    ...terms,
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: time,
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().meta({ description: 'Up to half a minute late.' }),
  })
  .openapi('Key')
export type KeyBody = z.output<typeof key>

const issuedKey = key
  .extend({
    key: z.string().meta({ description: 'The text to present. It is shown this once and kept nowhere.' }),
    unmatchedModels: z.array(z.string()).optional().meta({
      description: 'Of a new key: those of its `models` that match none the gateway knows now, where there are.',
    }),
  })
  .openapi('IssuedKey')
export type IssuedKeyBody = z.output<typeof issuedKey>

const expiresInMs = z.int().min(1).max(MAX_SPAN_MS)

const newKey = z
  .strictObject({
    name: z.string().min(1).max(64),
    ...askedTerms,
    expiresInMs: expiresInMs
      .optional()
      .meta({ description: 'Milliseconds from now. Default: never, or as late as the caller may grant.' }),
    isPersonal: z.boolean().optional().meta({
      description:
        'The caller’s own, rather than the org’s. Members make no others. Default: what the caller may make, the org’s first.',
    }),
  })
  .openapi('NewKey')
export type NewKeyBody = z.input<typeof newKey>

const keyChange = z
  .strictObject({
    version,
    name: z.string().min(1).max(64).optional(),
    ...askedTerms,
    expiresInMs: expiresInMs.nullable().optional().meta({ description: 'Milliseconds from now; null: never.' }),
  })
  .openapi('KeyChange')
export type KeyChangeBody = z.input<typeof keyChange>

const rotation = z.strictObject({
  graceMs: count.max(MAX_SPAN_MS).meta({ description: 'How long the old text still works.' }),
})

const keyPath = z.strictObject({ key: id.meta({ description: 'The id or the name of a key.' }) })

/** The operations on keys. To a member there are no keys but their own. */
export const keyOperations = {
  listKeys: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/keys',
    request: {
      query: z.strictObject({
        ...pageQuery,
        q: searchText.optional().meta({ description: 'Those with this in their name or id.' }),
        revoked: flag.optional().meta({ description: 'Only those that are revoked, or none of them. Default: both.' }),
      }),
    },
    responses: { 200: json(z.strictObject({ keys: z.array(key), next }), 'Newest first.'), default: failure },
  }),
  createKey: createRoute({
    ...access('member'),
    method: 'post',
    path: '/control/v1/keys',
    request: { body: body(newKey) },
    responses: { 201: json(issuedKey, 'The key, with its text.'), default: failure },
  }),
  showKey: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/keys/{key}',
    request: { params: keyPath },
    responses: { 200: json(key, 'The key.'), default: failure },
  }),
  changeKey: createRoute({
    ...access('member'),
    method: 'patch',
    path: '/control/v1/keys/{key}',
    request: { params: keyPath, body: body(keyChange) },
    responses: {
      200: json(key, 'The key. What runs under it goes on; new requests are held to the new grant.'),
      default: failure,
    },
  }),
  rotateKey: createRoute({
    ...access('member'),
    method: 'post',
    path: '/control/v1/keys/{key}/rotate',
    request: { params: keyPath, body: body(rotation) },
    responses: { 200: json(issuedKey, 'The key, with its new text.'), default: failure },
  }),
  revokeKey: createRoute({
    ...access('member'),
    method: 'delete',
    path: '/control/v1/keys/{key}',
    request: { params: keyPath },
    responses: { 200: json(key, 'The key, revoked.'), default: failure },
  }),
  createPlaygroundKey: createRoute({
    ...access('member'),
    method: 'post',
    path: '/control/v1/playground/key',
    request: { body: body(z.strictObject({})) },
    responses: {
      201: json(
        issuedKey,
        'A key of the caller’s for inference and metadata that ends in an hour. It takes the place of the one before.',
      ),
      default: failure,
    },
  }),
}
