import { OpenAPIHono, type z } from '@hono/zod-openapi'
import type { KeyService } from '../access/key-service.ts'
import { ERRORS, PunkuError } from '../core/error.ts'
import type { Logger } from '../core/log.ts'
import { VERSION } from '../core/version.ts'
import type { RequestRepository } from '../store/request-repository.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { iso, keyBody, modelBody, requestBody, upstreamBody } from './bodies.ts'
import { operations, type StatusBody } from './contract.ts'
import type { Problem } from './contract-parts.ts'
import { addTunnelControl, countTunnels, type TunnelControlOptions } from './tunnel-control.ts'

/** A request body of the control API. The longest grant, a hundred globs of 512 characters, fits. */
const MAX_BODY_BYTES = 262_144

/** What the running gateway says of itself. */
export interface GatewayStatus extends Omit<StatusBody, 'startedAt' | 'upstreams' | 'tunnels'> {
  /** Epoch milliseconds. */
  readonly startedAt: number
}

export interface ControlOptions extends TunnelControlOptions {
  readonly keys: KeyService
  readonly requests: RequestRepository
  readonly log: Logger
  /** Wall time, milliseconds since the epoch. */
  readonly now: () => number
  /** The gateway of this process; absent where only its database is open. */
  readonly gateway?: { status(): GatewayStatus; upstreams(): readonly Upstream[] }
}

/** The control API as an application of web requests and responses; who serves it decides who may call it. */
export type Control = ReturnType<typeof createControl>

/** Builds the control API over its parts. Errors are problem+json (RFC 9457) with a code of the error table. */
export function createControl({ keys, requests, tunnels, pairings, links, log, now, gateway }: ControlOptions) {
  const app = new OpenAPIHono({
    defaultHook(result) {
      if (result.success) return
      throw invalidRequest(result.error.issues[0])
    },
  })
  const running = () => {
    if (gateway !== undefined) return gateway
    throw new PunkuError('gateway_not_running', 'No gateway runs with this state folder. Start one with `punku serve`.')
  }
  // Node's parser gives no more than was declared, so nothing has to be counted.
  app.use(async (context, next) => {
    if (context.req.header('transfer-encoding') !== undefined) {
      throw new PunkuError('invalid_request', 'Send the body with `content-length`, not in chunks.')
    }
    if (Number(context.req.header('content-length') ?? 0) > MAX_BODY_BYTES) {
      throw new PunkuError('request_too_large', `The control API takes bodies of at most ${MAX_BODY_BYTES} bytes.`)
    }
    await next()
  })
  app.openapi(operations.listKeys, async (context) => {
    return context.json({ keys: (await keys.list()).map((key) => keyBody(key, now())) }, 200)
  })
  app.openapi(operations.createKey, async (context) => {
    const { key, text } = await keys.create(withoutUndefined(context.req.valid('json')))
    return context.json({ ...keyBody(key, now()), key: text.reveal() }, 201)
  })
  app.openapi(operations.showKey, async (context) => {
    return context.json(keyBody(await keys.show(context.req.valid('param').key), now()), 200)
  })
  app.openapi(operations.rotateKey, async (context) => {
    const { key, text } = await keys.rotate(context.req.valid('param').key, context.req.valid('json').graceMs)
    return context.json({ ...keyBody(key, now()), key: text.reveal() }, 200)
  })
  app.openapi(operations.revokeKey, async (context) => {
    return context.json(keyBody(await keys.revoke(context.req.valid('param').key), now()), 200)
  })
  addTunnelControl(app, { tunnels, pairings, links })
  app.openapi(operations.listRequests, async (context) => {
    const { after, before, limit, key, since } = context.req.valid('query')
    const rows = await requests.list({
      limit,
      ...(after === undefined ? {} : { afterSeq: after }),
      ...(before === undefined ? {} : { beforeSeq: before }),
      ...(key === undefined ? {} : { keyId: (await keys.show(key)).id }),
      ...(since === undefined ? {} : { since: Date.parse(since) }),
    })
    const names = new Map((await keys.list()).map(({ id, name }) => [id, name]))
    return context.json({ requests: rows.map((row) => requestBody(row, names)) }, 200)
  })
  app.openapi(operations.usage, async (context) => {
    const { by, since, until } = context.req.valid('query')
    const groups = await requests.usage({
      by,
      ...(since === undefined ? {} : { since: Date.parse(since) }),
      ...(until === undefined ? {} : { until: Date.parse(until) }),
    })
    return context.json({ groups }, 200)
  })
  app.openapi(operations.listModels, (context) => {
    const models = running()
      .upstreams()
      .flatMap((upstream) => (upstream.models ?? []).map((model) => modelBody(model, upstream)))
    return context.json({ models }, 200)
  })
  app.openapi(operations.status, async (context) => {
    const { status, upstreams } = running()
    const { startedAt, ...rest } = status()
    return context.json(
      {
        ...rest,
        startedAt: iso(startedAt),
        upstreams: upstreams().map(upstreamBody),
        tunnels: await countTunnels({ tunnels, links }),
      },
      200,
    )
  })
  app.doc31('/control/openapi.json', { openapi: '3.1.0', info: { title: 'Punku control API', version: VERSION } })
  app.notFound(() => problem(new PunkuError('route_not_found', 'The control API has no such route.')))
  app.onError((thrown) => {
    const error = PunkuError.from(isBadBody(thrown) ? badBody(thrown) : thrown)
    if (error.code === 'internal') log.error({ err: error.cause }, 'control.failed')
    return problem(error)
  })
  return app
}

function problem(error: PunkuError): Response {
  const body: Problem = {
    type: 'about:blank',
    title: error.code.replaceAll('_', ' '),
    status: ERRORS[error.code].status,
    code: error.code,
    detail: error.message,
    ...(error.param === undefined ? {} : { param: error.param }),
  }
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  })
}

function invalidRequest(issue: z.core.$ZodIssue | undefined): PunkuError {
  if (issue === undefined) return new PunkuError('invalid_request', 'The request is not valid.')
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const param = [...issue.path, ...unknown].join('.')
  if (param === '') return new PunkuError('invalid_request', `${issue.message}.`)
  return new PunkuError('invalid_request', `${param}: ${issue.message}.`, { param })
}

/** Hono's own refusal of a body: 400 for what is no JSON, 415 for what does not say that it is. */
function isBadBody(thrown: unknown): thrown is Error & { status: 400 | 415 } {
  if (!(thrown instanceof Error) || thrown instanceof PunkuError || !('status' in thrown)) return false
  return thrown.status === 400 || thrown.status === 415
}

function badBody(cause: Error & { status: 400 | 415 }): PunkuError {
  if (cause.status === 415) {
    return new PunkuError('invalid_request', 'Send the body as JSON, with `content-type: application/json`.', { cause })
  }
  return new PunkuError('invalid_json', 'The body is not valid JSON.', { cause })
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>
}
