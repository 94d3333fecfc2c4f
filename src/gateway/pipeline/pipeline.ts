import { PunkuError } from '../../core/error.ts'
import { freeBuffer } from '../../core/free-buffer.ts'
import { Places } from '../../core/places.ts'
import { renderListing } from '../../dialects/listings.ts'
import { FORMATS } from '../../formats/formats.ts'
import { readBody } from '../../http/body.ts'
import { clientAddress } from '../../http/client-address.ts'
import { originNotAllowed } from '../../http/origin.ts'
import { filterQuery, REFUSED_PARAMETERS } from '../../http/target.ts'
import { meantRoute, meantText } from '../../servers/meant-route.ts'
import { findRoute } from '../../servers/route-table.ts'
import { readCredential } from '../access/credential.ts'
import type { Key } from '../access/key.ts'
import type { Lease } from '../admission/lease.ts'
import type { Answer } from '../reply/answer.ts'
import { aliasedFacts, aliasedModels } from './aliased.ts'
import {
  type ArrivalTarget,
  asksForWebSocket,
  hasBody,
  readTarget,
  refuseNavigation,
  refuseUnclearHead,
} from './arrival.ts'
import { type Ask, type AskHead, askOf, rawAskOf } from './ask.ts'
import { authoriseBody, authoriseModels, authoriseServed, authoriseUnread, routeRefusal } from './authorise.ts'
import { corsHeaders, preflightAnswer } from './cors.ts'
import type { Exchange } from './exchange.ts'
import { listingAnswer } from './listing.ts'
import { isOwnPath, ownAnswer } from './own-routes.ts'
import { pinnedName } from './pinned-name.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import { noMemory, noPlaceForKey, noWebSocket, tooBusy } from './refusals.ts'
import { modelsInBeginning, readRequestFacts } from './request-facts.ts'
import { inviteBody, Sender } from './sender.ts'
import { SingleTurns } from './single-turns.ts'
import { otherRoutesOf } from './translated-formats.ts'

/** To look through a body larger than this takes a millisecond or more. */
const LARGE_BODY_BYTES = 1_048_576

/** Bodies that are decoded at a time: each keeps a thread of the pool busy, of which there are four. */
const MAX_DECODING = 2

/** The JSON of a request that has no body. */
const NO_BODY = Buffer.alloc(0)

/** A route with what of the path it leaves open. */
type FoundRoute = Extract<NonNullable<ReturnType<typeof findRoute>>, { readonly route: unknown }>

/**
 * A request's life: receive → route → authenticate → authorise → admit and choose → send. Each step gives a value, which
 * the exchange is told and the next step is made of. Every refusal is a thrown `PunkuError`; `run` is the one place
 * that catches.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #sender: Sender
  readonly #scanTurns: SingleTurns
  readonly #decoding = new Places(MAX_DECODING)

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#sender = new Sender(options)
    this.#scanTurns = new SingleTurns(options.clock)
  }

  /** Carries one exchange to its end. Never rejects. */
  async run(exchange: Exchange): Promise<void> {
    try {
      await this.#steps(exchange)
    } catch (thrown) {
      exchange.fail(PunkuError.from(thrown))
    }
  }

  /** Ends one exchange with an error, in the name of its route and its key as far as it has good ones. */
  refuse(exchange: Exchange, error: PunkuError): void {
    try {
      const target = this.#receive(exchange)
      exchange.aimedAt(target.path)
      findRouteOf(exchange, target.path)
      this.#authenticate(exchange, target)
    } catch {
      // What else is wrong with it is told when it is asked again.
    }
    exchange.fail(error)
  }

  async #steps(exchange: Exchange): Promise<void> {
    const { request, headers } = exchange
    const target = this.#receive(exchange)
    if (target.pathKey === undefined && isOwnPath(target.path)) {
      const answer = ownAnswer(exchange, target, this.#options)
      exchange.answerAboutGateway(answer instanceof Promise ? await answer : answer)
      return
    }
    exchange.aimedAt(target.path)
    refuseNavigation(headers)
    if (asksForWebSocket(request)) {
      // Whoever does not wait for the answer has sent frames behind its request.
      exchange.reply.closeAfter()
      throw noWebSocket()
    }
    const preflight = request.method === 'OPTIONS' ? preflightAnswer(headers) : undefined
    if (preflight !== undefined) {
      exchange.answer(preflight)
      return
    }
    const found = findRouteOf(exchange, target.path)
    if (isKnock(found.route)) {
      exchange.answerAboutGateway(GREETING)
      return
    }
    const key = this.#authenticate(exchange, target)
    exchange.occupies(this.#options.clients.enter(key.orgId))
    if (this.#options.strain.isOver) throw tooBusy()
    this.#authoriseRoute(key, found.route)
    const ask = found.route.isRawUpload
      ? this.#readNothing(exchange, key, found, target)
      : await this.#read(exchange, key, found, target)
    if (exchange.isOver) return
    if (ask.route.listing !== undefined) {
      exchange.answer(await listingAnswer(ask, ask.route.listing, this.#options))
      return
    }
    // Not awaited where it is there at once: a turn of the queue costs more than the choice.
    const leasing = this.#lease(ask)
    const lease = leasing instanceof Promise ? await leasing : leasing
    exchange.leased(lease)
    if (exchange.isOver) return
    authoriseServed(ask, lease.upstream)
    const sending = this.#sender.send(exchange, ask, lease)
    if (sending !== undefined) await sending
  }

  #receive(exchange: Exchange): ArrivalTarget {
    const { request, reply, headers } = exchange
    const cors = corsHeaders(headers, this.#options)
    // Before anything is refused: a page that may call may read why.
    reply.alwaysSend(cors ?? [])
    refuseUnclearHead(request, this.#options)
    if (cors === undefined) throw originNotAllowed(headers.get('origin'))
    return readTarget(request.target, this.#options)
  }

  #authenticate(exchange: Exchange, { pathKey, query }: ArrivalTarget): Key {
    const { keyring, clock, keyed, trustedProxies } = this.#options
    const { request, headers } = exchange
    const presented = this.#credentialOf(exchange, { pathKey, query })
    const address = clientAddress(request.socket.remoteAddress ?? '', headers.get('x-forwarded-for'), trustedProxies)
    const key = keyring.verify(presented, { address, nowMs: clock.now() })
    exchange.identified(key, keyed)
    return key
  }

  #credentialOf({ request, headers }: Exchange, place: Pick<ArrivalTarget, 'pathKey' | 'query'>): string {
    try {
      return readCredential(request.head.rawHeaders, place)
    } catch (thrown) {
      const isMissing = thrown instanceof PunkuError && thrown.code === 'key_missing'
      throw isMissing && headers.get('user-agent')?.startsWith('ollama/') ? noPlaceForKey(this.#options) : thrown
    }
  }

  /** A route that nobody here has is refused for that, whatever the key may do: no other key would help. */
  #authoriseRoute(key: Key, route: FoundRoute['route']): void {
    const refusal = routeRefusal(key, route)
    if (refusal !== undefined) throw this.#options.admission.notServed(key.orgId, route) ?? refusal
  }

  #readNothing(exchange: Exchange, key: Key, { route }: FoundRoute, target: ArrivalTarget): Ask {
    const head = this.#headOf(exchange, key, route, target)
    authoriseUnread(key)
    const ask = rawAskOf(head, exchange.request.stream())
    exchange.asked(ask)
    return ask
  }

  /** Reads the body and what policy needs of it. */
  async #read(exchange: Exchange, key: Key, { route, params }: FoundRoute, target: ArrivalTarget): Promise<Ask> {
    const head = this.#headOf(exchange, key, route, target)
    const { headers } = head
    const bytes = route.body !== 'none' && hasBody(headers) ? await this.#readBody(exchange, key, route) : NO_BODY
    // Many that come at once would be looked through in one go.
    if (bytes.length > LARGE_BODY_BYTES) await this.#scanTurns.next()
    try {
      if (exchange.isOver) throw new PunkuError('client_closed', 'It ended while its body was read.')
      const contentType = headers.get('content-type')
      const read = readRequestFacts(route, params.model, { bytes, contentType }, this.#options.jsonDepth)
      const facts = aliasedFacts(read, { orgId: key.orgId, route, rules: this.#options.rules })
      const ask = askOf(head, facts, bytes)
      exchange.asked(ask)
      authoriseBody(key, route, facts)
      return ask
    } catch (thrown) {
      // Nobody was given it yet.
      freeBuffer(bytes)
      throw thrown
    }
  }

  #readBody(exchange: Exchange, key: Key, route: FoundRoute['route']): Promise<Buffer> {
    const { bodyBytes, decodedBodyBytes, bodies, jsonDepth, rules } = this.#options
    const share = bodies.open(key.id)
    exchange.holds(share)
    inviteBody(exchange)
    exchange.awaitBody()
    return readBody(exchange.request, exchange.headers, {
      maxBytes: bodyBytes,
      maxDecodedBytes: decodedBodyBytes,
      onProgress: (bytes) => exchange.received(bytes),
      hold(bytes) {
        // One that is over has given back what it held.
        const refusal = exchange.isOver ? undefined : share.hold(bytes)
        if (refusal !== undefined) throw noMemory(refusal)
      },
      turnToDecode: () => this.#decoding.enter(),
      onBeginning(bytes) {
        const models = modelsInBeginning(route, bytes, jsonDepth)
        exchange.asksFor(models[0]?.asked)
        authoriseModels(key, aliasedModels(models, { orgId: key.orgId, route, rules }))
      },
    })
  }

  #headOf({ headers }: Exchange, key: Key, route: FoundRoute['route'], target: ArrivalTarget): AskHead {
    const query = filterQuery(target.query, route.query ?? [], REFUSED_PARAMETERS)
    const format = route.format === undefined ? undefined : FORMATS[route.format]
    const name = pinnedName(headers)
    const pinned = name === undefined ? undefined : this.#options.admission.pinnedId(key.orgId, name)
    return { key, route, format, path: target.path, query, headers, pinned }
  }

  #lease({ key: { orgId }, route, pinned, models: [model] }: Ask): Lease | Promise<Lease> {
    return this.#options.admission.lease({
      orgId,
      route,
      canonicalModel: model?.canonical,
      askedModel: model?.asked,
      otherRoutes: otherRoutesOf(route),
      pinned,
    })
  }
}

/** Whether it is the knock that Ollama's command line and Claude Code begin with, which neither gives a key. */
function isKnock({ method, path }: FoundRoute['route']): boolean {
  return method === 'HEAD' && path === '/'
}

/** What Ollama says there, to whoever asks: it tells nothing of what is behind. */
const GREETING: Answer = {
  status: 200,
  headers: ['content-type', 'text/plain; charset=utf-8'],
  body: renderListing('root', [], { hasAnthropicVersion: false, query: '' }).body,
}

function findRouteOf(exchange: Exchange, path: string): FoundRoute {
  const found = findRoute(exchange.request.method, path)
  if (found === undefined) {
    const meant = meantRoute(exchange.request.method, path)
    if (meant !== undefined) exchange.meant(meant.dialect)
    throw new PunkuError(
      'route_not_found',
      meant === undefined
        ? 'This gateway has no such route. It serves the Ollama, OpenAI and Anthropic APIs by their exact paths.'
        : `This gateway has no such route. ${meantText(meant, path)}`,
    )
  }
  if ('allowed' in found) {
    throw new PunkuError('method_not_allowed', `This route takes ${found.allowed.join(' and ')} only.`, {
      allowedMethods: found.allowed,
    })
  }
  exchange.routed(found.route)
  return found
}
