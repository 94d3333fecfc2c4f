import {
  type Answer,
  jsonAnswer,
  type Manners,
  type Question,
  SCRIPTED_USAGE,
  sseAnswer,
  sseData,
  textAnswer,
} from './answer.ts'
import { anthropicCountTokens, anthropicMessages, anthropicModel, anthropicModels } from './anthropic-answers.ts'
import { errorAnswer, type ScriptedServer } from './error-answers.ts'
import {
  ollamaChat,
  ollamaEmbed,
  ollamaEmbeddings,
  ollamaGenerate,
  ollamaProgress,
  ollamaPs,
  ollamaRoot,
  ollamaShow,
  ollamaTags,
  ollamaVersion,
} from './ollama-answers.ts'
import { openaiChat, openaiCompletion, openaiEmbeddings, openaiModel, openaiModels } from './openai-answers.ts'
import { openaiResponses } from './responses-answers.ts'

/** What the answer to one request depends on. */
export interface RouteInput extends Question {
  readonly server: ScriptedServer
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** The models that the server has. */
  readonly models: readonly string[]
  /** What they can, where the server tells. */
  readonly capabilities: readonly string[]
}

type Handler = (input: RouteInput) => Answer
type Routes = Readonly<Record<string, Handler>>

const nothing: Handler = () => textAnswer('')
const progress: Handler = ({ body }) => ollamaProgress(body)

const OLLAMA_METADATA: Routes = {
  'GET /': ollamaRoot,
  'GET /api/version': ollamaVersion,
  'GET /api/tags': ({ models }) => ollamaTags(models),
  'GET /api/ps': ({ models }) => ollamaPs(models),
  'GET /api/status': () => jsonAnswer({ cloud: { disabled: false, source: 'none' } }),
  'GET /api/experimental/model-recommendations': () => jsonAnswer({ recommendations: [] }),
  'POST /api/show': ({ capabilities }) => ollamaShow(capabilities),
}

const OLLAMA_INFERENCE: Routes = {
  'POST /api/chat': ollamaChat,
  'POST /api/generate': ollamaGenerate,
  'POST /api/embed': ollamaEmbed,
  'POST /api/embeddings': ollamaEmbeddings,
}

const OLLAMA_DANGEROUS: Routes = {
  'POST /api/pull': progress,
  'POST /api/push': progress,
  'POST /api/create': progress,
  'POST /api/copy': nothing,
  'DELETE /api/delete': nothing,
  'POST /api/me': () => jsonAnswer({ name: 'the owner', email: 'owner@example.com', plan: 'pro' }),
  'POST /api/signout': nothing,
  'POST /api/experimental/web_search': () => jsonAnswer({ results: [] }),
  'POST /api/experimental/web_fetch': () => jsonAnswer({ content: '' }),
}

const OPENAI_INFERENCE: Routes = {
  'POST /v1/chat/completions': (input) => openaiChat(input, mannersOf(input)),
  'POST /v1/completions': (input) => openaiCompletion(input, mannersOf(input)),
  'POST /v1/embeddings': openaiEmbeddings,
  'POST /v1/responses': (input) => openaiResponses(input, mannersOf(input)),
}

const OPENAI_METADATA: Routes = {
  'GET /v1/models': ({ server, models }) => openaiModels(models, OWNERS[server]),
}

const MESSAGES: Routes = { 'POST /v1/messages': (input) => anthropicMessages(input, mannersOf(input)) }
const COUNT_TOKENS: Routes = { 'POST /v1/messages/count_tokens': anthropicCountTokens }
const TRANSCRIPTIONS: Routes = {
  'POST /v1/audio/transcriptions': ({ words }) => jsonAnswer({ text: words.join('') }),
}

const LLAMA_OWN: Routes = {
  'GET /health': () => jsonAnswer({ status: 'ok' }),
  'GET /v1/health': () => jsonAnswer({ status: 'ok' }),
  'GET /models': ({ models }) => openaiModels(models, OWNERS['llama-server']),
  'GET /props': ({ models }) => jsonAnswer({ model_alias: models[0], default_generation_settings: { n_ctx: 4096 } }),
  'GET /slots': () => jsonAnswer([{ id: 0, is_processing: false }]),
  'POST /tokenize': () => jsonAnswer({ tokens: [1, 2, 3] }),
  'POST /detokenize': () => jsonAnswer({ content: 'scripted' }),
  'POST /apply-template': () => jsonAnswer({ prompt: 'scripted' }),
  'POST /completion': llamaCompletion,
}

const VLLM_OWN: Routes = {
  'GET /health': nothing,
  'GET /version': () => jsonAnswer({ version: '0.11.2' }),
}

const LM_STUDIO_OWN: Routes = {
  'GET /api/v0/models': ({ models }) =>
    jsonAnswer({ object: 'list', data: models.map((id) => ({ id, object: 'model', type: 'llm', state: 'loaded' })) }),
}

const OWNERS: Readonly<Record<ScriptedServer, string>> = {
  ollama: 'library',
  openai: 'vllm',
  anthropic: 'anthropic',
  'llama-server': 'llamacpp',
  'lm-studio': 'organization_owner',
  'plain-openai': 'somebody',
}

const ROUTES: Readonly<Record<ScriptedServer, Routes>> = {
  ollama: {
    ...OLLAMA_METADATA,
    ...OLLAMA_INFERENCE,
    ...OLLAMA_DANGEROUS,
    ...OPENAI_METADATA,
    ...OPENAI_INFERENCE,
    ...MESSAGES,
    ...TRANSCRIPTIONS,
  },
  openai: {
    ...VLLM_OWN,
    ...OPENAI_METADATA,
    ...OPENAI_INFERENCE,
    ...MESSAGES,
    ...COUNT_TOKENS,
    ...TRANSCRIPTIONS,
  },
  anthropic: {
    ...MESSAGES,
    ...COUNT_TOKENS,
    'GET /v1/models': ({ models }) => anthropicModels(models),
  },
  'lm-studio': { ...LM_STUDIO_OWN, ...OPENAI_METADATA, ...OPENAI_INFERENCE, ...MESSAGES },
  'plain-openai': { ...OPENAI_METADATA, ...OPENAI_INFERENCE },
  'llama-server': { ...LLAMA_OWN, ...OPENAI_METADATA, ...OPENAI_INFERENCE, ...MESSAGES, ...COUNT_TOKENS },
}

const INFERENCE_ROUTES = new Set(
  [OLLAMA_INFERENCE, OPENAI_INFERENCE, MESSAGES, TRANSCRIPTIONS].flatMap(Object.keys).concat('POST /completion'),
)

/** Whether a request asks a model to work, on any of the servers. */
export function isInferenceRoute(method: string, path: string): boolean {
  return INFERENCE_ROUTES.has(`${method} ${path}`)
}

/** What `input.server` answers when nothing goes wrong on its side. */
export function answerRoute(input: RouteInput): Answer {
  const { server, path, models } = input
  // HEAD is answered as GET; the HTTP layer leaves the body out.
  const method = input.method === 'HEAD' ? 'GET' : input.method
  const handler = ROUTES[server][`${method} ${path}`] ?? findPatternRoute(server, method, path)
  if (handler === undefined) return routeNotFound(input)
  // llama-server has one model and takes any name for it.
  const needsModel = isInferenceRoute(method, path) && server !== 'llama-server' && !path.startsWith('/v1/audio/')
  if (needsModel && !models.some((name) => isSameModel(server, name, input.model))) return modelNotFound(input)
  return handler(input)
}

function findPatternRoute(server: ScriptedServer, method: string, path: string): Handler | undefined {
  if (method === 'GET' && path.startsWith('/v1/models/')) {
    const id = decodeURIComponent(path.slice('/v1/models/'.length))
    return (input) => {
      if (!input.models.includes(id)) return modelNotFound({ ...input, model: id })
      return server === 'anthropic' ? anthropicModel(id) : openaiModel(id, OWNERS[server])
    }
  }
  if (server !== 'ollama') return undefined
  if (path.startsWith('/api/blobs/')) return method === 'POST' ? () => textAnswer('', 201) : nothing
  if (path.startsWith('/debug/pprof/')) return () => textAnswer('profile: memory of the process')
  if (method === 'DELETE' && path.startsWith('/api/user/keys/')) return nothing
  return undefined
}

function isSameModel(server: ScriptedServer, listed: string, asked: string): boolean {
  if (server !== 'ollama') return listed === asked
  const canonical = (name: string) => (name.includes(':') ? name : `${name}:latest`).toLowerCase()
  return canonical(listed) === canonical(asked.replace(/^registry\.ollama\.ai\/library\//, ''))
}

function modelNotFound({ server, path, model }: RouteInput): Answer {
  return errorAnswer(server, path, 404, `model '${model}' not found`)
}

/** What a server says of a route that it does not have. */
export function routeNotFound({ server, path, method }: Pick<RouteInput, 'server' | 'path' | 'method'>): Answer {
  if (server === 'ollama') return textAnswer('404 page not found', 404)
  // LM Studio's says so with a status of success.
  if (server === 'lm-studio') return jsonAnswer({ error: `Unexpected endpoint or method. (${method} ${path})` })
  if (server === 'plain-openai') {
    const message = `Invalid URL (${method} ${path})`
    return jsonAnswer({ error: { message, type: 'invalid_request_error', param: null, code: null } }, 404)
  }
  return errorAnswer(server, path, 404, 'File Not Found')
}

function mannersOf({ server }: RouteInput): Manners {
  return {
    knowsCachedTokens: server !== 'ollama',
    thoughtField: server === 'ollama' || server === 'openai' ? 'reasoning' : 'reasoning_content',
    namesStopSequence: server === 'openai',
    firstContent: server === 'llama-server' ? null : '',
  }
}

/** llama-server's own `/completion`. */
function llamaCompletion({ body, words }: RouteInput): Answer {
  const { promptTokens, completionTokens } = SCRIPTED_USAGE
  const end = { stop: true, tokens_evaluated: promptTokens, tokens_predicted: completionTokens, stop_type: 'eos' }
  if (body['stream'] !== true) return jsonAnswer({ content: words.join(''), ...end })
  const content = (text: string) => sseData({ content: text, stop: false })
  return sseAnswer({
    frames: [...words.map(content), sseData({ content: '', ...end })],
    terminatorFrames: 1,
    errorFrame: (message) => sseData({ error: { code: 500, message, type: 'server_error' } }),
    contentFrame: content,
  })
}
