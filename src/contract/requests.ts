import { createRoute, z } from '@hono/zod-openapi'
import { access, count, failure, id, json, text, time, toolCalls } from './parts.ts'
import { USAGE_GROUPS } from './usage-groups.ts'

const request = z
  .strictObject({
    seq: count.meta({ description: 'Grows by time of recording; the cursor of this list.' }),
    id: z.string(),
    at: time,
    keyId: z.string().nullable(),
    keyName: z.string().nullable(),
    personId: z.string().nullable(),
    personName: z.string().nullable(),
    upstream: z.string().nullable(),
    dialect: z.string(),
    route: z.string(),
    modelAsked: z.string().nullable(),
    modelUsed: z.string().nullable(),
    status: z.int(),
    errorCode: z.string().nullable(),
    isStreamed: z.boolean(),
    sentMs: z.number().nullable().meta({ description: 'From its arrival until it was sent to the upstream.' }),
    loadMs: z.number().nullable().meta({ description: 'What the model server says it took to load the model.' }),
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
    leftOut: z.array(z.string()).meta({ description: 'What of its body the upstream was not sent.' }),
    translated: z.string().nullable().meta({
      description: 'The wire format in which the upstream was asked, `openai-chat`; null: the client’s own.',
    }),
    sessionLabel: z.string().nullable().meta({ description: 'What `x-punku-label` said.' }),
    toolCalls,
  })
  .openapi('Request')
export type RequestBody = z.output<typeof request>

const shownRequest = request
  .extend({
    serverSaid: z.string().nullable().meta({
      description:
        'What the model server said of the error, bounded and cleaned. It is in the memory of the gateway that served it, for an hour, and never stored.',
    }),
  })
  .openapi('ShownRequest')
export type ShownRequestBody = z.output<typeof shownRequest>

const liveRequest = z
  .strictObject({
    id: z.string(),
    at: time,
    keyId: z.string().nullable(),
    keyName: z.string().nullable(),
    upstream: z.string().nullable(),
    dialect: z.string(),
    route: z.string(),
    model: z.string().nullable(),
    isStreamed: z.boolean(),
    phase: z.enum(['arriving', 'waiting', 'answering']).meta({
      description: 'Not yet sent on, sent and not yet answered, or being answered.',
    }),
    sentMs: z.number().nullable(),
    ttfbMs: z.number().nullable(),
    ageMs: z.number(),
    responseBytes: count,
  })
  .openapi('LiveRequest')
export type LiveRequestBody = z.output<typeof liveRequest>

const sums = {
  requests: count,
  errors: count,
  promptTokens: count,
  completionTokens: count,
  cachedTokens: count,
  estimated: count.meta({ description: 'Requests whose tokens are estimates.' }),
  meanTtfbMs: z.number().nullable(),
  busyMs: z.number().meta({ description: 'Time that models spent on them: from sending to the end, summed.' }),
  cost: z.number().meta({ description: 'At the org’s prices; 0 where none are set.' }),
}

const usageGroup = z
  .strictObject({
    group: z.string().nullable().meta({
      description:
        'What is summed: an id, a name, the day (`2026-01-31`) or the hour (`2026-01-31T12:00Z`) in UTC; null: none was named.',
    }),
    name: z.string().nullable().meta({ description: 'Of a key or a person, while it is stored.' }),
    ...sums,
  })
  .openapi('UsageGroup')
export type UsageGroupBody = z.output<typeof usageGroup>

const usageRest = z
  .strictObject({ groups: count.meta({ description: 'How many they are.' }), ...sums })
  .openapi('UsageRest')
export type UsageRestBody = z.output<typeof usageRest>

const usage = z
  .strictObject({
    groups: z.array(usageGroup).meta({
      description: 'Most requests first; days and hours newest first. 1,000 at most.',
    }),
    rest: usageRest.nullable().meta({ description: 'What all other groups come to; null: there are none.' }),
    currency: z.string(),
  })
  .openapi('Usage')
export type UsageBody = z.output<typeof usage>

const isoQuery = z.iso.datetime().optional()
/** A text to compare with; the databases have none with NUL. */
const sought = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, 'No name has such a character')
/** By what requests are found. */
export const requestFilterParams = {
  key: sought(64).optional().meta({ description: 'The id or the name of a key.' }),
  person: sought(64).optional().meta({ description: 'The id of a person.' }),
  model: sought(512).optional().meta({ description: 'The one asked for or the one that answered.' }),
  upstream: sought(256).optional(),
  client: sought(64).optional(),
  session: sought(256).optional(),
  label: sought(64).optional().meta({ description: 'What `x-punku-label` said.' }),
  outcome: z.enum(['ok', 'error']).optional(),
  since: isoQuery,
  until: isoQuery,
}
const filterQuery = z.strictObject(requestFilterParams)
export type RequestFilterQuery = z.output<typeof filterQuery>
const seq = z.coerce.number().int().min(0).optional()

const usageQuery = z.strictObject({ ...requestFilterParams, by: z.enum(USAGE_GROUPS).default('key') })
export type UsageQuery = z.output<typeof usageQuery>

/** The operations on what was asked of the models. To a member there is nothing but what their own keys asked. */
export const requestOperations = {
  listRequests: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/requests',
    request: {
      query: z.strictObject({
        ...requestFilterParams,
        after: seq.meta({ description: 'Rows recorded after this `seq`, oldest first.' }),
        before: seq.meta({ description: 'Rows recorded before this `seq`.' }),
        limit: z.coerce.number().int().min(1).max(1_000).default(100),
      }),
    },
    responses: {
      200: json(z.strictObject({ requests: z.array(request) }), 'Rows, newest first; with `after`, oldest first.'),
      default: failure,
    },
  }),
  showRequest: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/requests/{request}',
    request: { params: z.strictObject({ request: id }) },
    responses: { 200: json(shownRequest, 'The row.'), default: failure },
  }),
  listLiveRequests: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/live',
    responses: {
      200: json(z.strictObject({ live: z.array(liveRequest) }), 'What runs now, oldest first.'),
      default: failure,
    },
  }),
  exportRequests: createRoute({
    ...access('admin'),
    method: 'get',
    path: '/control/v1/requests.ndjson',
    request: { query: filterQuery },
    responses: { 200: text('application/x-ndjson', 'A row a line, oldest first.'), default: failure },
  }),
  usage: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/usage',
    request: { query: usageQuery },
    responses: {
      200: json(usage, 'Sums.'),
      default: failure,
    },
  }),
  exportUsage: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/usage.csv',
    request: { query: usageQuery },
    responses: {
      200: text('text/csv', 'The same sums, for a spreadsheet; the last line may be what the other groups come to.'),
      default: failure,
    },
  }),
}
