import { PunkuError } from '../../core/error.ts'
import type { Lease } from '../admission/lease.ts'
import type { ModelRule } from '../models/model-rule-set.ts'
import type { AnswerHandler } from '../reply/answer-handler.ts'
import type { Observing } from '../reply/translation.ts'
import type { Ask } from './ask.ts'
import type { Exchange } from './exchange.ts'
import type { LeftOut } from './left-out.ts'
import { MissingRoute } from './missing-route.ts'
import { filledOrder, type Order, orderOf } from './order.ts'
import type { PipelineOptions } from './pipeline-options.ts'
import { type Plan, planOf } from './plan.ts'
import { notTranslated } from './refusals.ts'
import { searchLeftOut } from './search-left-out.ts'
import { standInAnswer } from './stand-in.ts'
import { type Translated, type TranslationPlan, translate, translateAside } from './translated.ts'
import { isStoodIn } from './translated-formats.ts'

/** The last step of a request's life: puts what was asked to the upstream that it was given, as it came or by another route. */
export class Sender {
  readonly #options: PipelineOptions

  constructor(options: PipelineOptions) {
    this.#options = options
  }

  /**
   * Sends it, or answers in the place of a server that lacks the route. Throws PunkuError. A promise only of what takes longer
   * than this turn: it rejects with one.
   */
  send(exchange: Exchange, ask: Ask, lease: Lease): Promise<void> | undefined {
    const rule = this.#options.rules.ruleOf(lease.upstream, ask.models[0]?.canonical)
    const plan = planOf(ask, lease, rule)
    if (plan === undefined)
      throw this.#options.admission.notServed(ask.key.orgId, ask.route) ?? notTranslated(ask.route)
    if (plan.route !== ask.route) return this.#sendTranslated(exchange, ask, lease, { plan, rule })
    this.#sendAsAsked(exchange, ask, lease, { plan, rule })
    return undefined
  }

  #sendAsAsked(exchange: Exchange, ask: Ask, lease: Lease, { plan, rule }: Planned): void {
    const { ifLacking } = plan
    const leftOut = this.#leftOutOf(ask, lease)
    const { order, filled } = filledOrder(orderOf(ask, lease.upstream, leftOut), ask, rule)
    exchange.leavesOut(leftOut.flatMap(({ names }) => names))
    tellDefaults(exchange, filled)
    const handler = exchange.sent()
    if (handler === undefined) return
    const first =
      ifLacking === undefined
        ? handler
        : new MissingRoute(handler, () => {
            void this.#sendWithoutRoute(exchange, ask, lease, { plan: { ...plan, route: ifLacking }, rule })
          })
    this.#dispatch(exchange, lease, order, first)
  }

  /** From within the answer to what was sent before: nobody else would hear of what it throws. */
  async #sendWithoutRoute(exchange: Exchange, ask: Ask, lease: Lease, planned: Planned): Promise<void> {
    try {
      const sending = this.#sendTranslated(exchange, ask, lease, planned)
      if (sending !== undefined) await sending
      // Not before: of a server that has the route, a 404 may be about an earlier response that only its client names.
      lease.lacksRoute()
    } catch (thrown) {
      exchange.fail(PunkuError.from(thrown))
    }
  }

  /** A promise only where a thread does it. */
  #sendTranslated(exchange: Exchange, ask: Ask, lease: Lease, planned: Planned): Promise<void> | undefined {
    if (isStoodIn(ask.route)) {
      exchange.answer(standInAnswer(ask, lease.upstream))
      return undefined
    }
    const { plan, rule } = planned
    const translation: TranslationPlan = {
      route: plan.route,
      leftOut: this.#leftOutOf(ask, lease),
      defaults: rule.defaults,
      canThink: canThink(ask, lease),
      id: exchange.id,
      atMs: this.#options.clock.now(),
    }
    const send = (translated: Translated) => this.#sendInstead(exchange, ask, lease, translation, translated)
    const sendOtherwise = (thrown: unknown) => this.#sendUntranslated(exchange, ask, lease, planned, thrown)
    const aside = translateAside(ask, translation, () => !exchange.isOver)
    if (aside !== undefined) return aside.then(send, sendOtherwise)
    let translated: Translated
    try {
      translated = translate(ask, translation)
    } catch (thrown) {
      sendOtherwise(thrown)
      return undefined
    }
    send(translated)
    return undefined
  }

  /** Something of it cannot be carried: it is sent as it came where that can be, else refused. */
  #sendUntranslated(exchange: Exchange, ask: Ask, lease: Lease, { plan, rule }: Planned, thrown: unknown): void {
    const { otherwise } = plan
    const { code, param } = PunkuError.from(thrown)
    if (otherwise === undefined || code !== 'invalid_request' || !ONLY_AS_ASKED.has(param ?? '')) throw thrown
    this.#sendAsAsked(exchange, ask, lease, {
      plan: { route: otherwise, otherwise: undefined, ifLacking: undefined },
      rule,
    })
  }

  #sendInstead(
    exchange: Exchange,
    ask: Ask,
    lease: Lease,
    { route, leftOut }: TranslationPlan,
    translated: Translated,
  ): void {
    exchange.translatedTo(route)
    exchange.leavesOut([...leftOut.flatMap(({ names }) => names), ...translated.dropped])
    const { body, filled, link } = translated
    tellDefaults(exchange, filled)
    const handler = exchange.sent(linked(exchange, link))
    if (handler === undefined) return
    this.#dispatch(
      exchange,
      lease,
      orderOf({ ...ask, route, path: route.path, query: '', body }, lease.upstream),
      handler,
    )
  }

  #leftOutOf(ask: Ask, { upstream }: Lease): readonly LeftOut[] {
    return [...ask.leftOut, ...searchLeftOut(ask, upstream, this.#options.webSearch)]
  }

  #dispatch(
    exchange: Exchange,
    { upstream: { way } }: Lease,
    { method, target, headers, body }: Order,
    handler: AnswerHandler,
  ): void {
    if (body !== null && !Buffer.isBuffer(body)) {
      inviteBody(exchange)
      body.on('data', (chunk: Buffer) => exchange.received(chunk.length))
    }
    way.dispatcher.dispatch({ origin: way.base.origin, path: target, method, headers, body }, handler)
  }
}

/** Fields for which no other format has a place, and which a server that has the route takes to heart. */
const ONLY_AS_ASKED: ReadonlySet<string> = new Set(['suffix'])

/** Whether the model is known to think. */
function canThink({ models: [model] }: Ask, { upstream: { known } }: Lease): boolean {
  return model !== undefined && known.modelOf(model.canonical)?.capabilities?.includes('thinking') === true
}

/** Which defaults of the model stand in what is sent. */
function tellDefaults({ reply }: Exchange, names: readonly string[]): void {
  if (names.length > 0) reply.alsoSend('x-punku-defaults', names.join(' '))
}

/** How a request goes, and what its owner says of its model. */
interface Planned {
  readonly plan: Plan
  readonly rule: ModelRule
}

/** By itself: what it is made of stays as long as the answer goes on, and the request's body must not be among that. */
function linked(exchange: Exchange, link: Translated['link']): (next: Observing) => AnswerHandler {
  return (next) => link(next, (bytes) => exchange.mayHold(bytes))
}

/** A client that asked first (`Expect: 100-continue`) sends its body only once it is told to: not before it is let in. */
export function inviteBody({ request, headers, reply }: Exchange): void {
  // RFC 9110 §10.1.1: not over HTTP/1.0, whose clients take it for the answer.
  if (headers.get('expect') !== undefined && request.version === '1.1') reply.inviteBody()
}
