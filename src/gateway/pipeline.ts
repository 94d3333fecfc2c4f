import type { IncomingMessage } from 'node:http'
import { readCredential } from '../access/credential.ts'
import type { Key } from '../access/key.ts'
import { isUnrestricted, mayUseModel, mayUseRoute } from '../access/scope.ts'
import { PunkuError } from '../core/error.ts'
import type { Route } from '../dialects/dialect.ts'
import { dialectOf, findRoute } from '../dialects/routes.ts'
import { readBody } from '../http/body.ts'
import { clientAddress } from '../http/client-address.ts'
import { HeaderView, refuseUnsafeHeaders, requestHeadersFor } from '../http/headers.ts'
import { refuseForeignHost } from '../http/origin.ts'
import { filterQuery, parseTarget, REFUSED_PARAMETERS, type Target } from '../http/target.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { answerPreflight, corsHeaders } from './cors.ts'
import { Delivery } from './delivery.ts'
import type { Exchange } from './exchange.ts'
import { answerListing } from './listing.ts'
import { answerOwnRoute, isOwnPath } from './own-routes.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import { type NamedModel, type RequestFacts, readRequestFacts } from './request-facts.ts'

/** The JSON of a request that has no body. */
const NO_BODY = Buffer.alloc(0)

/**
 * A request's life: receive → route → authenticate → authorise → choose → send. Observing and recording hang on the
 * exchange. Every refusal is a thrown `PunkuError`; `run` is the one place that catches.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #elapsed: () => number

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#elapsed = () => options.clock.elapsed()
  }

  /** Carries one exchange to its end. Never rejects. */
  async run(exchange: Exchange): Promise<void> {
    try {
      await this.#steps(exchange)
    } catch (thrown) {
      exchange.fail(PunkuError.from(thrown))
    }
  }

  async #steps(exchange: Exchange): Promise<void> {
    const options = this.#options
    const { req } = exchange
    const headers = new HeaderView(req.rawHeaders)
    exchange.headers = headers
    const isAnthropic = headers.get('anthropic-version') !== undefined
    // For what is refused before the target was read.
    exchange.dialect = dialectOf(pathAsSent(req), isAnthropic)
    const target = this.#receive(exchange, headers)
    if (isOwnPath(target.path)) {
      await answerOwnRoute(exchange, target.path, headers, options)
      return
    }
    const { path, pathKey } = this.#splitPathKey(target.path)
    exchange.dialect = dialectOf(path, isAnthropic)
    if (req.method === 'OPTIONS' && answerPreflight(exchange, headers)) return
    const { route, params } = routeOf(exchange, req.method ?? '', path)

    const key = this.#authenticate(exchange, headers, pathKey)
    authoriseRoute(key, route)
    const query = filterQuery(target.query, route.query ?? [], REFUSED_PARAMETERS)
    if (route.isRawUpload) {
      if (!isUnrestricted(key)) throw wholeModelSpace()
      const upstream = await this.#choose(key, route, undefined)
      if (exchange.isOver) return
      inviteBody(exchange, headers)
      this.#send(exchange, route, upstream, path, query, headers, req)
      return
    }
    const body = route.body !== 'none' && hasBody(headers) ? await this.#readBody(exchange, headers) : NO_BODY
    if (exchange.isOver) return
    const facts = readRequestFacts(
      route,
      params.model,
      { bytes: body, contentType: headers.get('content-type') },
      options.jsonDepth,
    )
    const model = facts.models[0]
    exchange.modelAsked = model?.asked
    exchange.wantsStream = facts.wantsStream
    authoriseModels(key, route, facts)
    if (route.listing !== undefined) {
      const { upstreams, clock } = options
      await answerListing({
        exchange,
        route,
        listing: route.listing,
        key,
        query,
        headers,
        model: model?.canonical,
        upstreams,
        now: clock.now(),
      })
      return
    }
    const upstream = await this.#choose(key, route, model)
    if (exchange.isOver) return
    this.#authoriseServed(key, upstream, facts)
    this.#send(exchange, route, upstream, path, query, headers, body)
  }

  #receive(exchange: Exchange, headers: HeaderView): Target {
    const { hosts, origins, headerCount } = this.#options
    if (headers.names.length > headerCount) {
      throw new PunkuError(
        'headers_too_large',
        `The request has more than ${headerCount} header lines (limits.headerCount).`,
      )
    }
    refuseUnclearFraming(exchange, headers)
    refuseUnsafeHeaders(headers)
    const host = headers.get('host')
    refuseForeignHost(host, hosts)
    exchange.extraHeaders = corsHeaders(headers.get('origin'), host, origins)
    return parseTarget(exchange.req.url ?? '')
  }

  #splitPathKey(path: string): { readonly path: string; readonly pathKey: string | undefined } {
    if (!path.startsWith('/k/')) return { path, pathKey: undefined }
    const end = path.indexOf('/', 3)
    const pathKey = path.slice(3, end === -1 ? undefined : end)
    if (!this.#options.keyInPath) {
      throw new PunkuError(
        'key_malformed',
        'Keys in the path are switched off here. Send the key as "Authorization: Bearer …" or x-api-key, or have the owner set gateway.keyInPath.',
      )
    }
    return { path: end === -1 ? '/' : path.slice(end), pathKey }
  }

  #authenticate(exchange: Exchange, headers: HeaderView, pathKey: string | undefined): Key {
    const { keyring, clock, live, trustedProxies } = this.#options
    const presented = readCredential(exchange.req.rawHeaders, pathKey)
    const address = clientAddress(
      exchange.req.socket.remoteAddress ?? '',
      headers.get('x-forwarded-for'),
      trustedProxies,
    )
    const key = keyring.verify(presented, { address, nowMs: clock.now() })
    exchange.key = key
    live.add(key.id, exchange)
    exchange.onOver(() => live.remove(key.id, exchange))
    return key
  }

  #readBody(exchange: Exchange, headers: HeaderView): Promise<Buffer> {
    const { bodyBytes, decodedBodyBytes, bodyIdleMs } = this.#options
    inviteBody(exchange, headers)
    exchange.startReceiving(bodyIdleMs)
    return readBody(exchange.req, headers, {
      maxBytes: bodyBytes,
      maxDecodedBytes: decodedBodyBytes,
      onProgress: (bytes) => exchange.received(bytes),
    }).finally(() => exchange.stopReceiving())
  }

  /** What only the chosen upstream could tell: an alias may stand for a model on somebody else's machine. */
  #authoriseServed(key: Key, upstream: Upstream, facts: RequestFacts): void {
    if (key.allowsCloud) return
    for (const { canonical } of facts.models) {
      if (this.#options.upstreams.modelOf(upstream, canonical)?.isCloud) throw cloudNotAllowed()
    }
  }

  /** The synchronous way first: only a model that no catalogue has yet is worth waiting for. */
  #choose({ orgId }: Key, route: Route, model: NamedModel | undefined): Upstream | Promise<Upstream> {
    return this.#options.upstreams.choose({ orgId, route, canonicalModel: model?.canonical, askedModel: model?.asked })
  }

  #send(
    exchange: Exchange,
    route: Route,
    upstream: Upstream,
    path: string,
    query: string,
    headers: HeaderView,
    body: Buffer | Exchange['req'],
  ): void {
    const { timeouts, watch, upstreams } = this.#options
    exchange.upstream = upstream
    upstreams.acquire(upstream)
    exchange.onOver((reason) => {
      upstreams.release(upstream)
      if (reason?.code === 'upstream_refused' || reason?.code === 'upstream_unreachable') upstreams.doubt(upstream)
    })
    const outgoing = requestHeadersFor(headers)
    const { credential } = upstream
    if (credential !== undefined) {
      const value = credential.reveal()
      outgoing.push(credential.header, credential.header === 'authorization' ? `Bearer ${value}` : value)
    }
    const isBuffer = Buffer.isBuffer(body)
    if (!isBuffer) {
      const length = headers.get('content-length')
      if (length !== undefined) outgoing.push('content-length', length)
    }
    const delivery = new Delivery(exchange, route, timeouts, watch, this.#elapsed)
    if (!isBuffer) {
      body.on('data', (chunk: Buffer) => {
        exchange.requestBytes += chunk.length
        delivery.progressed()
      })
    }
    exchange.sentAt = this.#elapsed()
    upstream.dispatcher.dispatch(
      {
        origin: upstream.origin,
        path: upstream.basePath + path + (query === '' ? '' : `?${query}`),
        method: route.method,
        headers: outgoing,
        body: isBuffer && body.length === 0 ? null : body,
      },
      delivery,
    )
  }
}

function routeOf(exchange: Exchange, method: string, path: string) {
  const found = findRoute(method, path)
  if (found === undefined) {
    throw new PunkuError(
      'route_not_found',
      'This gateway has no such route. It serves the Ollama, OpenAI and Anthropic APIs by their exact paths.',
    )
  }
  if ('allowed' in found) {
    exchange.extraHeaders = [...exchange.extraHeaders, 'allow', found.allowed.join(', ')]
    throw new PunkuError('method_not_allowed', `This route takes ${found.allowed.join(' and ')} only.`)
  }
  exchange.route = found.route
  // The list of models is a route of two dialects: whoever asks decides, as for its answer.
  if (found.route.listing !== 'models' && found.route.listing !== 'model') exchange.dialect = found.route.dialect
  return found
}

/** The target up to its query, unchecked. */
export function pathAsSent({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/**
 * Refuses a body whose end two servers could see in different places (RFC 9112, section 6.1): codings beside `chunked`,
 * and any coding in HTTP/1.0. What follows on such a connection is nobody's request, so it ends too. A missing `Host`
 * is an error of the same kind (section 3.2).
 */
function refuseUnclearFraming({ req, res }: Exchange, headers: HeaderView): void {
  const codings = headers.all('transfer-encoding')
  const isClear = codings.length === 0 || (req.httpVersion === '1.1' && codings.join().toLowerCase() === 'chunked')
  if (isClear && headers.get('host') !== undefined) return
  res.shouldKeepAlive = false
  throw new PunkuError(
    'invalid_request',
    isClear
      ? 'The request has no Host header, which HTTP/1.1 requires.'
      : 'The request frames its body by a transfer coding that is not read here. Send Content-Length, or HTTP/1.1 with chunked alone.',
  )
}

function hasBody(headers: HeaderView): boolean {
  const length = headers.get('content-length')
  return length === undefined ? headers.get('transfer-encoding') !== undefined : length !== '0'
}

/** A client that asked first (`Expect: 100-continue`) sends its body only once it is told to: not before it is let in. */
function inviteBody(exchange: Exchange, headers: HeaderView): void {
  if (headers.get('expect') !== undefined) exchange.res.writeContinue()
}

function authoriseRoute(key: Key, route: Route): void {
  if (mayUseRoute(key, route.class)) {
    if (route.isOutbound && !key.allowsCloud) throw cloudNotAllowed()
    return
  }
  throw new PunkuError(
    'route_not_allowed',
    route.class === 'never'
      ? 'This route is never passed on: it acts on the machine or the account of whoever owns the models.'
      : `This key may not use ${route.class} routes. Its owner can make one that may, with --routes ${route.class}.`,
  )
}

function authoriseModels(key: Key, route: Route, facts: RequestFacts): void {
  for (const model of facts.models) {
    if (!mayUseModel(key, model.canonical)) throw modelNotAllowed()
    if (model.isCloud && !key.allowsCloud) throw cloudNotAllowed()
  }
  if (facts.asksForWebSearch && !key.allowsCloud) throw cloudNotAllowed()
  // Without a name the server picks the model, and `create` may build on any other: only a key for all models may.
  const picksFreely = facts.models.length === 0 && route.model.in === 'optional-body'
  if ((picksFreely || route.path === '/api/create') && !isUnrestricted(key)) throw wholeModelSpace()
}

const modelNotAllowed = () =>
  new PunkuError('model_not_allowed', 'This key may not use that model. GET /v1/models lists those it may.', {
    param: 'model',
  })

const wholeModelSpace = () =>
  new PunkuError(
    'model_not_allowed',
    'This key is limited to certain models and the request could reach others. Name a model the key may use, or ask for a key for all models.',
    {
      param: 'model',
    },
  )

const cloudNotAllowed = () =>
  new PunkuError(
    'cloud_not_allowed',
    "That would run on somebody else's machine at the owner's cost, which this key may not do. Its owner can make one that may, with --cloud.",
    { param: 'model' },
  )
