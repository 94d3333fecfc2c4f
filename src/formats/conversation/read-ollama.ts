import { asObject, type JsonObject } from '../json-facts.ts'
import type { Conversation, ConversationReader, Output, Turn } from './conversation.ts'
import { readImages } from './ollama/read-images.ts'
import { readOllamaMessages } from './ollama/read-messages.ts'
import { readOllamaTools } from './ollama/read-ollama-tools.ts'
import { readRunning } from './read-running.ts'
import {
  DroppedNames,
  flagField,
  listField,
  namedField,
  numberField,
  refuseTools,
  textField,
  uncarried,
  wrongType,
} from './request-fields.ts'

const MAX_TOP_LOGPROBS = 20

/** Ollama's schemas have no names, and other formats want one. */
const SCHEMA_NAME = 'answer'

const COMMON_FIELDS = [
  ...['model', 'stream', 'format', 'logprobs', 'top_logprobs'],
  ...['options', 'keep_alive', 'think', 'truncate', 'shift'],
]
const CHAT_FIELDS: ReadonlySet<string> = new Set([...COMMON_FIELDS, 'messages', 'tools'])
const GENERATE_FIELDS: ReadonlySet<string> = new Set([
  ...[...COMMON_FIELDS, 'prompt', 'system', 'images'],
  // Refused where they say anything.
  ...['suffix', 'template', 'raw', 'context', 'tools'],
])

/** Reads the body of Ollama's `/api/chat`. Calls without an id get one. */
export const readOllamaChatRequest: ConversationReader = (body) => {
  const model = namedField(body, 'model')
  const messages = listField(body, 'messages')
  if (messages.length === 0) throw loading('messages')
  const dropped = new DroppedNames()
  const turns = readOllamaMessages(messages, dropped)
  const tools = readOllamaTools(body, dropped)
  return { model, turns, tools, ...readCommon(body, CHAT_FIELDS, dropped) }
}

/** Reads the body of Ollama's `/api/generate`: one prompt, with its system prompt and pictures. */
export const readOllamaGenerateRequest: ConversationReader = (body) => {
  const model = namedField(body, 'model')
  refuseTemplates(body)
  refuseTools(body, '/api/chat')
  const text = textField(body, 'prompt') ?? ''
  if (text === '') throw loading('prompt')
  const system = textField(body, 'system') ?? ''
  const turns: readonly Turn[] = [
    ...(system === '' ? [] : [{ role: 'system', text: system } as const]),
    { role: 'user', parts: [...readImages(body, 'images'), { kind: 'text', text }] },
  ]
  return { model, turns, tools: [], ...readCommon(body, GENERATE_FIELDS, new DroppedNames()) }
}

/** What has to do with how the text of a prompt is made is of one server, and changes all of it. */
function refuseTemplates(body: JsonObject): void {
  for (const name of ['suffix', 'template'] as const) {
    if ((textField(body, name) ?? '') !== '') {
      throw uncarried(`Only Ollama itself takes "${name}". Leave it out, or use a model that is on an Ollama.`, name)
    }
  }
  if (flagField(body, 'raw') === true) {
    throw uncarried('Only Ollama itself takes a raw prompt. Leave "raw" out, and send the prompt as plain text.', 'raw')
  }
  if (listField(body, 'context').length > 0) {
    throw uncarried('Only the Ollama that made a "context" can read it. Send the history to /api/chat.', 'context')
  }
}

/** What Ollama takes for a request to load the model, or to unload it. */
function loading(param: string): Error {
  return uncarried(
    `Without "${param}" the request loads a model or unloads it, which only Ollama does. Send what the model is to answer.`,
    param,
  )
}

type Common = Omit<Conversation, 'model' | 'turns' | 'tools'>

/** What both routes take. It is read last: `dropped` is whole with it. */
function readCommon(body: JsonObject, known: ReadonlySet<string>, dropped: DroppedNames): Common {
  const run = readRunning(body)
  const output = readFormat(body)
  const logprobs = readLogprobs(body, dropped)
  const wantsStream = flagField(body, 'stream') ?? true
  dropped.addOthers(body, known)
  return {
    ...run,
    ...(output !== undefined && { output }),
    ...(logprobs !== undefined && { logprobs }),
    wantsStream,
    dropped: dropped.list,
  }
}

function readFormat(body: JsonObject): Output | undefined {
  const format = body['format'] ?? ''
  if (format === '') return undefined
  if (format === 'json') return { kind: 'json' }
  const schema = asObject(format)
  if (schema === undefined) throw wrongType('format', '"json" or a JSON Schema')
  return { kind: 'schema', name: SCHEMA_NAME, schema }
}

function readLogprobs(body: JsonObject, dropped: DroppedNames): number | undefined {
  const count = numberField(body, 'top_logprobs') ?? 0
  if (!Number.isSafeInteger(count) || count < 0 || count > MAX_TOP_LOGPROBS) {
    throw wrongType('top_logprobs', `a whole number from 0 to ${MAX_TOP_LOGPROBS}`)
  }
  if (flagField(body, 'logprobs') === true) return count
  if (count > 0) dropped.add('top_logprobs')
  return undefined
}
