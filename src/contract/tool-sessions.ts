import { createRoute, z } from '@hono/zod-openapi'
import { access, count, failure, id, json, time, toolCalls } from './parts.ts'
import { requestFilterParams } from './requests.ts'

const { session: _session, ...sessionFilterParams } = requestFilterParams
const rate = z.number().min(0)
const measures = {
  requests: count,
  turns: count.meta({ description: 'Requests in which a model was asked to write, and that were answered whole.' }),
  errors: count.meta({ description: 'Requests that failed, by status or in mid-stream.' }),
  promptTokens: count.meta({ description: 'With those from the cache.' }),
  completionTokens: count,
  cachedTokens: count,
  toldPromptTokens: count.meta({
    description: 'The prompt tokens of those requests alone of which it is known how many came from the cache.',
  }),
  cacheHitRate: rate
    .max(1)
    .nullable()
    .meta({ description: '`cachedTokens` ÷ `toldPromptTokens`; null: none is known.' }),
  estimated: count.meta({ description: 'Requests whose tokens are estimates.' }),
  streams: count.meta({ description: 'Streamed turns of which tokens are known: the next four are of these alone.' }),
  ttfbMs: rate.meta({ description: 'From their arrival to their first byte, summed.' }),
  meanTtfbMs: rate.nullable(),
  streamTokens: count,
  streamMs: rate.meta({ description: 'From their first byte to their end, summed.' }),
  tokensPerSecond: rate.nullable().meta({ description: '`streamTokens` ÷ `streamMs`.' }),
  firstAt: time.meta({ description: 'When the first request arrived.' }),
  endedAt: time.meta({ description: 'When the last one ended.' }),
  wallMs: rate.meta({ description: 'From the one to the other.' }),
  cost: z.number().meta({ description: 'At the org’s prices; 0 where none are set.' }),
}

const toolSession = z
  .strictObject({
    id: z.string(),
    label: z.string().nullable(),
    seq: count.meta({ description: 'Of its last request; the cursor of this list.' }),
    ...measures,
    clients: z.array(z.string()),
    models: z.array(z.string()),
    toolCalls,
  })
  .openapi('ToolSession')
export type ToolSessionBody = z.output<typeof toolSession>

const sessionPart = z
  .strictObject({
    clientName: z.string().nullable(),
    clientVersion: z.string().nullable(),
    model: z.string().nullable().meta({ description: 'The one that answered, else the one asked for.' }),
    ...measures,
    toolCalls,
  })
  .openapi('ToolSessionPart')
export type ToolSessionPartBody = z.output<typeof sessionPart>

const shownToolSession = toolSession
  .extend({
    parts: z.array(sessionPart).meta({ description: 'The same by tool and model, most requests first. 100 at most.' }),
    errorCodes: z.array(z.strictObject({ code: z.string(), count })).meta({
      description: 'The failed ones by error code; where there is none, by status.',
    }),
    currency: z.string(),
  })
  .openapi('ShownToolSession')
export type ShownToolSessionBody = z.output<typeof shownToolSession>

/** The operations on sessions of tools: the requests that tell one session. To a member there are but their own. */
export const toolSessionOperations = {
  listToolSessions: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/tool-sessions',
    request: {
      query: z.strictObject({
        ...sessionFilterParams,
        before: z.coerce
          .number()
          .int()
          .min(0)
          .optional()
          .meta({ description: 'Sessions whose last request is before this `seq`.' }),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
    },
    responses: {
      200: json(
        z.strictObject({ sessions: z.array(toolSession), currency: z.string() }),
        'Those with the last request first. Without `since` those of 30 days; 366 days at most.',
      ),
      default: failure,
    },
  }),
  showToolSession: createRoute({
    ...access('member'),
    method: 'get',
    path: '/control/v1/tool-sessions/{session}',
    request: { params: z.strictObject({ session: id }) },
    responses: { 200: json(shownToolSession, 'All that is kept of it.'), default: failure },
  }),
}
