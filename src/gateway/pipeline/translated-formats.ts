import type { AnswerRenderer, RenderedHead } from '../../formats/conversation/answer-renderer.ts'
import type { ConversationReader, ConversationWriter } from '../../formats/conversation/conversation.ts'
import { readAnthropicRequest } from '../../formats/conversation/read-anthropic.ts'
import { readChatRequest } from '../../formats/conversation/read-chat.ts'
import { readCompletionsRequest } from '../../formats/conversation/read-completions.ts'
import { readOllamaChatRequest, readOllamaGenerateRequest } from '../../formats/conversation/read-ollama.ts'
import { readResponsesRequest } from '../../formats/conversation/read-responses.ts'
import { renderAnthropic } from '../../formats/conversation/render-anthropic.ts'
import { renderChat } from '../../formats/conversation/render-chat.ts'
import { renderCompletions } from '../../formats/conversation/render-completions.ts'
import { renderOllamaChat, renderOllamaGenerate } from '../../formats/conversation/render-ollama.ts'
import { renderResponses } from '../../formats/conversation/render-responses.ts'
import { callFormsOf } from '../../formats/conversation/responses/call-forms.ts'
import { responseEcho } from '../../formats/conversation/responses/response-echo.ts'
import { writeAnthropicRequest } from '../../formats/conversation/write-anthropic.ts'
import { writeChatRequest } from '../../formats/conversation/write-chat.ts'
import { writeOllamaRequest } from '../../formats/conversation/write-ollama.ts'
import type { EmbeddingAnswer, EmbeddingRequest, EmbeddingWriter } from '../../formats/embeddings/embedding.ts'
import {
  embeddingAnswerOfOllamaEmbed,
  embeddingAnswerOfOpenai,
  writeOllamaEmbedAnswer,
  writeOllamaEmbeddingsAnswer,
  writeOpenaiEmbeddingAnswer,
} from '../../formats/embeddings/embedding-answers.ts'
import {
  readOllamaEmbed,
  readOllamaEmbeddings,
  readOpenaiEmbeddings,
} from '../../formats/embeddings/read-embeddings.ts'
import { writeOllamaEmbed, writeOpenaiEmbeddings } from '../../formats/embeddings/write-embeddings.ts'
import { anthropicMessages } from '../../formats/families/anthropic.ts'
import { ollamaChat, ollamaGenerate } from '../../formats/families/ollama.ts'
import { openaiChat, openaiCompletions } from '../../formats/families/openai-chat.ts'
import { openaiResponses } from '../../formats/families/openai-responses.ts'
import type { FormatName, StreamedFormat } from '../../formats/format.ts'
import { asObject, type JsonObject } from '../../formats/json-facts.ts'
import { findRoute, type ServedRoute } from '../../servers/route-table.ts'

/** A format that clients may speak to servers that do not. */
export interface ChatClient {
  readonly format: StreamedFormat
  readonly read: ConversationReader
  /** What of a request says in which form it wants the answer, as fields of it. */
  readonly keep: (request: JsonObject) => JsonObject
  /** @param kept by `keep` */
  readonly render: (head: RenderedHead, kept: JsonObject) => AnswerRenderer
}

/** A route of servers to which such a request can be put instead. */
export interface ChatServer {
  readonly format: StreamedFormat
  readonly route: ServedRoute
  readonly write: ConversationWriter
  /** It refuses to let a model think that does not. */
  readonly refusesThoughts: boolean
}

/** A format in which clients may ask for vectors. */
export interface EmbeddingClient {
  readonly format: FormatName
  readonly path: string
  readonly read: (request: JsonObject) => ReadEmbedding
}

/** What is asked for, and how its answer is written. */
interface ReadEmbedding {
  readonly request: EmbeddingRequest
  readonly write: (answer: EmbeddingAnswer, model: string) => string
}

/** A route of servers that gives vectors. */
export interface EmbeddingServer {
  readonly format: FormatName
  readonly route: ServedRoute
  readonly write: EmbeddingWriter
  readonly answerOf: (answer: JsonObject, inputCount: number) => EmbeddingAnswer | undefined
}

const nothing = (): JsonObject => ({})

const CHAT_CLIENTS: { readonly [Name in FormatName]?: ChatClient } = {
  'anthropic-messages': {
    format: anthropicMessages,
    read: readAnthropicRequest,
    keep: nothing,
    render: renderAnthropic,
  },
  'openai-chat': {
    format: openaiChat,
    read: readChatRequest,
    keep: (request) => ({ stream_options: request['stream_options'] }),
    render: (head, kept) => renderChat(head, chunkOptionsOf(kept)),
  },
  'openai-completions': {
    format: openaiCompletions,
    read: readCompletionsRequest,
    keep: (request) => ({ stream_options: request['stream_options'] }),
    render: (head, kept) => renderCompletions(head, chunkOptionsOf(kept)),
  },
  'openai-responses': {
    format: openaiResponses,
    read: readResponsesRequest,
    keep: (request) => ({ ...responseEcho(request), tools: request['tools'] }),
    render: (head, kept) => renderResponses(head, callFormsOf(kept), responseEcho(kept)),
  },
  'ollama-chat': { format: ollamaChat, read: readOllamaChatRequest, keep: nothing, render: renderOllamaChat },
  'ollama-generate': {
    format: ollamaGenerate,
    read: readOllamaGenerateRequest,
    keep: nothing,
    render: renderOllamaGenerate,
  },
}

/** The best first: Ollama's own API takes what its others throw away. */
const CHAT_SERVERS: readonly ChatServer[] = [
  { format: ollamaChat, route: routeAt('/api/chat'), write: writeOllamaRequest, refusesThoughts: true },
  { format: openaiChat, route: routeAt('/v1/chat/completions'), write: writeChatRequest, refusesThoughts: false },
  { format: anthropicMessages, route: routeAt('/v1/messages'), write: writeAnthropicRequest, refusesThoughts: false },
]

const EMBEDDING_CLIENTS: readonly EmbeddingClient[] = [
  {
    format: 'openai-embeddings',
    path: '/v1/embeddings',
    read(body) {
      const request = readOpenaiEmbeddings(body)
      const { wantsBase64 } = request
      return { request, write: (answer, model) => writeOpenaiEmbeddingAnswer(answer, { model, wantsBase64 }) }
    },
  },
  {
    format: 'ollama-embed',
    path: '/api/embed',
    read: (body) => ({ request: readOllamaEmbed(body), write: writeOllamaEmbedAnswer }),
  },
  {
    format: 'ollama-embed',
    path: '/api/embeddings',
    read: (body) => ({ request: readOllamaEmbeddings(body), write: writeOllamaEmbeddingsAnswer }),
  },
]

const EMBEDDING_SERVERS: readonly EmbeddingServer[] = [
  {
    format: 'ollama-embed',
    route: routeAt('/api/embed'),
    write: writeOllamaEmbed,
    answerOf: embeddingAnswerOfOllamaEmbed,
  },
  {
    format: 'openai-embeddings',
    route: routeAt('/v1/embeddings'),
    write: writeOpenaiEmbeddings,
    answerOf: embeddingAnswerOfOpenai,
  },
]

/** How clients of a route chat; `undefined`: they do not. */
export function chatClientOf({ format }: ServedRoute): ChatClient | undefined {
  return format && chatClientIn(format)
}

/** How clients of a format chat; `undefined`: they do not. */
export function chatClientIn(format: FormatName): ChatClient | undefined {
  return CHAT_CLIENTS[format]
}

/** How servers are asked by a route to which chats are put; `undefined`: none are. */
export function chatServerOf(route: ServedRoute): ChatServer | undefined {
  return CHAT_SERVERS.find((server) => server.route === route)
}

/** The same by the format in which they are asked. */
export function chatServerIn(format: FormatName): ChatServer | undefined {
  return CHAT_SERVERS.find((server) => server.format.name === format)
}

/** How clients of a route ask for vectors; `undefined`: they do not. */
export function embeddingClientOf({ path }: ServedRoute): EmbeddingClient | undefined {
  return EMBEDDING_CLIENTS.find((client) => client.path === path)
}

/** How servers are asked for vectors by a route; `undefined`: they are not. */
export function embeddingServerOf(route: ServedRoute): EmbeddingServer | undefined {
  return EMBEDDING_SERVERS.find((server) => server.route === route)
}

const NONE: readonly ServedRoute[] = []
const CHAT_ROUTES = CHAT_SERVERS.map(({ route }) => route)
const EMBEDDING_ROUTES = EMBEDDING_SERVERS.map(({ route }) => route)

/** Routes that the gateway answers itself of a model whose server does not have them. */
const STOOD_IN: ReadonlySet<string> = new Set(['/v1/messages/count_tokens', '/api/show'])

/** Made once: they are asked for with every request. */
const OTHERS = new Map<string, readonly ServedRoute[]>()

/** The routes by which a request can be served where its own is not, or not well; the best first. */
export function otherRoutesOf(route: ServedRoute): readonly ServedRoute[] {
  const known = OTHERS.get(route.path)
  if (known !== undefined) return known
  const all =
    chatClientOf(route) !== undefined || isStoodIn(route)
      ? CHAT_ROUTES
      : embeddingClientOf(route) !== undefined
        ? EMBEDDING_ROUTES
        : NONE
  // A chat in the same format is no translation: what it lacks it lacks under any other path. Ollama's two routes of vectors
  // have one, and different fields.
  const mayBeSame = isStoodIn(route) || all === EMBEDDING_ROUTES
  const others = all.filter((other) => other !== route && (other.format !== route.format || mayBeSame))
  OTHERS.set(route.path, others)
  return others
}

/** Whether the gateway itself answers on the route where a server lacks it. */
export function isStoodIn({ path }: ServedRoute): boolean {
  return STOOD_IN.has(path)
}

/** OpenAI's streams tell what was used only where that is asked for. */
function chunkOptionsOf(request: JsonObject): { readonly includesUsage: boolean } {
  return { includesUsage: asObject(request['stream_options'])?.['include_usage'] === true }
}

function routeAt(path: string): ServedRoute {
  const found = findRoute('POST', path)
  if (found === undefined || !('route' in found)) throw new TypeError(`there is no route ${path}`)
  return found.route
}
