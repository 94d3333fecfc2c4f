import type { RenderedHead } from '../../formats/conversation/answer-renderer.ts'
import type { ModelDefaults } from '../../formats/model-defaults.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { AnswerHandler } from '../reply/answer-handler.ts'
import { type Observing, Translation, type TranslationOptions } from '../reply/translation.ts'
import { WholeTranslation, type WholeTranslationOptions } from '../reply/whole-translation.ts'
import type { Ask } from './ask.ts'
import { bodyIn, type CarriedChat, type ChatJob, carryChat, fieldsIn, noTranslation } from './carried-chat.ts'
import { type CarryThread, carryThread } from './carry-thread.ts'
import type { LeftOut } from './left-out.ts'
import { chatClientOf, chatServerOf, embeddingClientOf, embeddingServerOf } from './translated-formats.ts'

/** A chat of so much holds the event loop for 5 to 20 ms, one of 32 MB for 200 ms to a second. */
export const ASIDE_BYTES = 1_048_576

/** How an ask is put to another route. */
export interface TranslationPlan extends Pick<RenderedHead, 'id' | 'atMs'> {
  readonly route: ServedRoute
  /** What of its body is not sent. */
  readonly leftOut: readonly LeftOut[]
  readonly defaults: ModelDefaults | undefined
  /** Whether its model is known to think: some servers refuse a thought of any other. */
  readonly canThink: boolean
}

/** A request in the format of another route. */
export interface Translated {
  readonly body: Buffer
  /** What of it has no place there: names of fields. */
  readonly dropped: readonly string[]
  /** The names of the defaults of its model that stand in the body. */
  readonly filled: readonly string[]
  /** The link of the reply chain that brings the answer back. */
  readonly link: (next: Observing, mayHold: (bytes: number) => boolean) => AnswerHandler
}

/**
 * Puts an ask into the format of one of its other routes.
 * @throws PunkuError `invalid_request` for what cannot be carried there
 */
export function translate(ask: Ask, plan: TranslationPlan): Translated {
  const job = chatJobOf(ask, plan)
  return job === undefined ? translateEmbedding(ask, plan) : translatedChat(ask, plan, carryChat(bytesOf(ask), job))
}

/**
 * The same in a thread, for a chat that is larger than `ASIDE_BYTES`; `undefined` for any other ask.
 *
 * @param isWanted whether its client still waits, once it is its turn
 * @param thread default: the one of the process
 */
export function translateAside(
  ask: Ask,
  plan: TranslationPlan,
  isWanted: () => boolean,
  thread: CarryThread = carryThread,
): Promise<Translated> | undefined {
  const job = chatJobOf(ask, plan)
  if (job === undefined || bytesOf(ask).length <= ASIDE_BYTES) return undefined
  return thread.carry(bytesOf(ask), job, isWanted).then((carried) => translatedChat(ask, plan, carried))
}

function bytesOf({ body }: Ask): Buffer {
  if (!Buffer.isBuffer(body)) throw noTranslation()
  return body
}

/** `undefined`: it is no chat. */
function chatJobOf({ route: from }: Ask, { route, leftOut, defaults, canThink }: TranslationPlan): ChatJob | undefined {
  const [client, server] = [chatClientOf(from), chatServerOf(route)]
  if (client === undefined || server === undefined) return undefined
  return { from: client.format.name, to: server.format.name, leftOut, defaults, canThink }
}

function translatedChat(ask: Ask, { route, id, atMs }: TranslationPlan, carried: CarriedChat): Translated {
  const { body, dropped, filled, wantsStream, kept } = carried
  const [client, server] = [chatClientOf(ask.route), chatServerOf(route)]
  if (client === undefined || server === undefined) throw noTranslation()
  const renderer = client.render({ id, atMs, model: askedModel(ask) }, kept)
  return {
    body,
    dropped: namesOf(dropped),
    filled,
    link: linkOf({ from: server.format, to: client.format, renderer, wantsStream, model: servedModel(ask) }),
  }
}

function translateEmbedding(ask: Ask, { route, leftOut, defaults }: TranslationPlan): Translated {
  const [client, server] = [embeddingClientOf(ask.route), embeddingServerOf(route)]
  if (client === undefined || server === undefined) throw noTranslation()
  const { request, write } = client.read(fieldsIn(bytesOf(ask), leftOut))
  const { body, dropped } = server.write(request)
  const inputCount = request.inputs.length
  const model = askedModel(ask)
  return {
    ...bodyIn(server.format, body, defaults),
    dropped: namesOf([...request.dropped, ...dropped]),
    link: wholeLinkOf({
      to: client.format,
      model: servedModel(ask),
      write: (said) => {
        const answer = server.answerOf(said, inputCount)
        const usage = { promptTokens: answer?.promptTokens, completionTokens: undefined, cachedTokens: undefined }
        return answer && { text: write(answer, model), usage }
      },
    }),
  }
}

/** As the client named it. */
function askedModel({ models: [model] }: Ask): string {
  return model?.asked ?? ''
}

/** As its server names it. */
function servedModel({ models: [model] }: Ask): string {
  return model?.meant ?? model?.asked ?? ''
}

/** By itself, since what a link is made of stays as long as its answer goes on: no conversation may be among that. */
function linkOf(options: Omit<TranslationOptions, 'mayHold' | 'next'>): Translated['link'] {
  return (next, mayHold) => new Translation({ ...options, mayHold, next })
}

function wholeLinkOf(options: Omit<WholeTranslationOptions, 'mayHold' | 'next'>): Translated['link'] {
  return (next, mayHold) => new WholeTranslation({ ...options, mayHold, next })
}

/** How many names of fields are told, and what else there is by one word. */
const MAX_NAMES = 24
const OTHERS = 'others'
/** As names of fields are; the client chose them, and they go into a header and a row. */
const NAME = /^[\w.-]{1,64}$/

/** A search by the server has one name, whether its tool was cut out of the body or not carried over. */
const SEARCH = /^tools\.web_search.*/

function namesOf(dropped: readonly string[]): readonly string[] {
  const names = [...new Set(dropped.map((name) => (NAME.test(name) ? name.replace(SEARCH, 'web_search') : OTHERS)))]
  return names.length <= MAX_NAMES ? names : [...names.slice(0, MAX_NAMES - 1), OTHERS]
}
