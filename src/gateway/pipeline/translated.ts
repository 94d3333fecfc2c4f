import { PunkuError } from '../../core/error.ts'
import type { AnswerRenderer, RenderedHead } from '../../formats/conversation/answer-renderer.ts'
import type { ConversationReader, ConversationWriter } from '../../formats/conversation/conversation.ts'
import { readAnthropicRequest } from '../../formats/conversation/read-anthropic.ts'
import { readResponsesRequest } from '../../formats/conversation/read-responses.ts'
import { renderAnthropic } from '../../formats/conversation/render-anthropic.ts'
import { renderResponses } from '../../formats/conversation/render-responses.ts'
import { callFormsOf } from '../../formats/conversation/responses/call-forms.ts'
import { writeChatRequest } from '../../formats/conversation/write-chat.ts'
import { anthropicMessages } from '../../formats/families/anthropic.ts'
import { openaiChat } from '../../formats/families/openai-chat.ts'
import { openaiResponses } from '../../formats/families/openai-responses.ts'
import type { FormatName, StreamedFormat } from '../../formats/format.ts'
import { type JsonObject, parseObject } from '../../formats/json-facts.ts'
import { type ModelDefaults, withDefaults } from '../../formats/model-defaults.ts'
import { findRoute, type ServedRoute } from '../../servers/route-table.ts'
import type { AnswerHandler } from '../reply/answer-handler.ts'
import { type Observing, Translation, type TranslationOptions } from '../reply/translation.ts'
import type { Ask } from './ask.ts'
import { type LeftOut, withoutLeftOut } from './left-out.ts'

/** A format that clients may speak to servers that do not. */
interface ClientFormat {
  readonly format: StreamedFormat
  readonly read: ConversationReader
  /** @param request the body of the request, which may say in which form it wants calls back */
  readonly render: (head: RenderedHead, request: JsonObject) => AnswerRenderer
}

/** A route of servers to which such a request can be put instead. */
interface ServerFormat {
  readonly format: StreamedFormat
  readonly route: ServedRoute
  readonly write: ConversationWriter
}

const CLIENT_FORMATS: { readonly [Name in FormatName]?: ClientFormat } = {
  'anthropic-messages': { format: anthropicMessages, read: readAnthropicRequest, render: renderAnthropic },
  'openai-responses': {
    format: openaiResponses,
    read: readResponsesRequest,
    render: (head, request) => renderResponses(head, callFormsOf(request)),
  },
}

/** The best first. */
const SERVER_FORMATS: readonly ServerFormat[] = [
  { format: openaiChat, route: routeAt('/v1/chat/completions'), write: writeChatRequest },
]

const OTHER_ROUTES = SERVER_FORMATS.map(({ route }) => route)
const NONE: readonly ServedRoute[] = []

/** The routes by which a request can be served where no server has its own. */
export function otherRoutesOf(route: ServedRoute): readonly ServedRoute[] {
  return route.format !== undefined && CLIENT_FORMATS[route.format] !== undefined ? OTHER_ROUTES : NONE
}

/** How an ask is put to another route. */
export interface TranslationPlan extends Pick<RenderedHead, 'id' | 'atMs'> {
  readonly route: ServedRoute
  /** What of its body is not sent. */
  readonly leftOut: readonly LeftOut[]
  readonly defaults: ModelDefaults | undefined
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
export function translate(ask: Ask, { route, leftOut, defaults, ...head }: TranslationPlan): Translated {
  const client = ask.route.format && CLIENT_FORMATS[ask.route.format]
  const server = SERVER_FORMATS.find((one) => one.route === route)
  const fields = Buffer.isBuffer(ask.body) ? parseObject(withoutLeftOut(ask.body, leftOut).toString()) : undefined
  if (client === undefined || server === undefined || fields === undefined) {
    throw new PunkuError('internal', 'The request cannot be put into the format of the model server.')
  }
  const conversation = client.read(fields)
  const { body, dropped } = server.write(conversation)
  const { model, wantsStream } = conversation
  const renderer = client.render({ ...head, model: ask.models[0]?.asked ?? model }, fields)
  const filled = defaults && withDefaults(server.format.name, body, defaults)
  return {
    body: Buffer.from(JSON.stringify(filled ?? body)),
    dropped: namesOf([...conversation.dropped, ...dropped]),
    link: linkOf({ from: server.format, to: client.format, renderer, wantsStream }),
  }
}

/** By itself, since what a link is made of stays as long as its answer goes on: no conversation may be among that. */
function linkOf(options: Omit<TranslationOptions, 'mayHold' | 'next'>): Translated['link'] {
  return (next, mayHold) => new Translation({ ...options, mayHold, next })
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

function routeAt(path: string): ServedRoute {
  const found = findRoute('POST', path)
  if (found === undefined || !('route' in found)) throw new TypeError(`there is no route ${path}`)
  return found.route
}
