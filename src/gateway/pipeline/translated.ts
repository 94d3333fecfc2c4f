import { PunkuError } from '../../core/error.ts'
import type { RenderedHead } from '../../formats/conversation/answer-renderer.ts'
import { type JsonObject, parseObject } from '../../formats/json-facts.ts'
import { type ModelDefaults, withDefaults } from '../../formats/model-defaults.ts'
import type { ServedRoute } from '../../servers/route-table.ts'
import type { AnswerHandler } from '../reply/answer-handler.ts'
import { type Observing, Translation, type TranslationOptions } from '../reply/translation.ts'
import { WholeTranslation, type WholeTranslationOptions } from '../reply/whole-translation.ts'
import type { Ask } from './ask.ts'
import { type LeftOut, withoutLeftOut } from './left-out.ts'
import {
  type ChatClient,
  type ChatServer,
  chatClientOf,
  chatServerOf,
  type EmbeddingClient,
  type EmbeddingServer,
  embeddingClientOf,
  embeddingServerOf,
} from './translated-formats.ts'

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
  /** The link of the reply chain that brings the answer back. */
  readonly link: (next: Observing, mayHold: (bytes: number) => boolean) => AnswerHandler
}

/**
 * Puts an ask into the format of one of its other routes.
 * @throws PunkuError `invalid_request` for what cannot be carried there
 */
export function translate(ask: Ask, plan: TranslationPlan): Translated {
  const { route, leftOut } = plan
  const fields = Buffer.isBuffer(ask.body) ? parseObject(withoutLeftOut(ask.body, leftOut).toString()) : undefined
  if (fields === undefined) throw noTranslation()
  const model = ask.models[0]?.asked ?? ''
  const [client, server] = [chatClientOf(ask.route), chatServerOf(route)]
  if (client !== undefined && server !== undefined) return translateChat({ client, server, fields, model, plan })
  const [asking, embedding] = [embeddingClientOf(ask.route), embeddingServerOf(route)]
  if (asking === undefined || embedding === undefined) throw noTranslation()
  return translateEmbedding({ client: asking, server: embedding, fields, model, plan })
}

interface Translating<Client, Server> {
  readonly client: Client
  readonly server: Server
  readonly fields: JsonObject
  /** As the client named it. */
  readonly model: string
  readonly plan: TranslationPlan
}

function translateChat({ client, server, fields, model, plan }: Translating<ChatClient, ChatServer>): Translated {
  const { id, atMs, canThink } = plan
  const conversation = client.read(fields)
  const isThoughtLost = server.refusesThoughts && conversation.thinking?.isOn === true && !canThink
  const { body, dropped } = server.write(isThoughtLost ? withoutThinking(conversation) : conversation)
  const { wantsStream } = conversation
  return {
    body: bodyOf(server.format.name, body, plan),
    dropped: namesOf([...conversation.dropped, ...dropped, ...(isThoughtLost ? ['thinking'] : [])]),
    link: linkOf({
      from: server.format,
      to: client.format,
      renderer: client.render({ id, atMs, model }, fields),
      wantsStream,
    }),
  }
}

function withoutThinking<T extends { readonly thinking?: unknown }>({ thinking: _, ...rest }: T): Omit<T, 'thinking'> {
  return rest
}

function translateEmbedding(translating: Translating<EmbeddingClient, EmbeddingServer>): Translated {
  const { client, server, fields, model, plan } = translating
  const { request, write } = client.read(fields)
  const { body, dropped } = server.write(request)
  const inputCount = request.inputs.length
  return {
    body: bodyOf(server.format, body, plan),
    dropped: namesOf([...request.dropped, ...dropped]),
    link: wholeLinkOf({
      to: client.format,
      write: (said) => {
        const answer = server.answerOf(said, inputCount)
        const usage = { promptTokens: answer?.promptTokens, completionTokens: undefined, cachedTokens: undefined }
        return answer && { text: write(answer, model), usage }
      },
    }),
  }
}

function bodyOf(format: ChatServer['format']['name'], body: JsonObject, { defaults }: TranslationPlan): Buffer {
  return Buffer.from(JSON.stringify((defaults && withDefaults(format, body, defaults)) ?? body))
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

function namesOf(dropped: readonly string[]): readonly string[] {
  const names = [...new Set(dropped.map((name) => (NAME.test(name) ? name : OTHERS)))]
  return names.length <= MAX_NAMES ? names : [...names.slice(0, MAX_NAMES - 1), OTHERS]
}

const noTranslation = () => new PunkuError('internal', 'The request cannot be put into the format of the model server.')
