import { RUNNING_FIELDS, readRunning } from '../conversation/read-running.ts'
import {
  countField,
  DroppedNames,
  namedField,
  textField,
  uncarried,
  wrongType,
} from '../conversation/request-fields.ts'
import type { JsonObject } from '../json-facts.ts'
import type { EmbeddingRequest, OpenaiEmbeddingRequest } from './embedding.ts'

/** `user`: whose account it is means nothing to another server. */
const OPENAI_FIELDS: ReadonlySet<string> = new Set([
  ...['model', 'input', 'dimensions', 'encoding_format', 'user'],
  ...RUNNING_FIELDS,
])
const EMBED_FIELDS: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', ...RUNNING_FIELDS])
const PROMPT_FIELDS: ReadonlySet<string> = new Set(['model', 'prompt', ...RUNNING_FIELDS])

/**
 * Reads the body of OpenAI's `/v1/embeddings`. Throws PunkuError `invalid_request`, with the field as `param`, for what cannot be
 * carried: tokens. What is too long is an error to its clients where they do not say else.
 */
export function readOpenaiEmbeddings(body: JsonObject): OpenaiEmbeddingRequest {
  const format = textField(body, 'encoding_format') ?? 'float'
  if (format !== 'float' && format !== 'base64') throw wrongType('encoding_format', '"float" or "base64"')
  return { truncates: false, ...readInputs(body, OPENAI_FIELDS), wantsBase64: format === 'base64' }
}

/** Reads the body of Ollama's `/api/embed`. Throws as `readOpenaiEmbeddings` does. */
export function readOllamaEmbed(body: JsonObject): EmbeddingRequest {
  return readInputs(body, EMBED_FIELDS)
}

/** Reads the body of Ollama's older `/api/embeddings`, which has one text. Throws as `readOpenaiEmbeddings` does. */
export function readOllamaEmbeddings(body: JsonObject): EmbeddingRequest {
  const prompt = textField(body, 'prompt')
  if (prompt === undefined) throw wrongType('prompt', 'a text')
  return { ...readRest(body, PROMPT_FIELDS), inputs: [prompt], isSingle: true }
}

function readInputs(body: JsonObject, known: ReadonlySet<string>): EmbeddingRequest {
  const dimensions = countField(body, 'dimensions')
  return {
    ...readRest(body, known),
    inputs: inputsOf(body['input']),
    isSingle: typeof body['input'] === 'string',
    ...(dimensions !== undefined && { dimensions }),
  }
}

/** What Ollama's `options` say of sampling has no meaning for vectors. */
function readRest(body: JsonObject, known: ReadonlySet<string>): Omit<EmbeddingRequest, 'inputs' | 'isSingle'> {
  const dropped = new DroppedNames()
  dropped.addOthers(body, known)
  const { truncates, ...running } = readRunning(body).running ?? {}
  return {
    model: namedField(body, 'model'),
    ...(truncates !== undefined && { truncates }),
    ...(Object.keys(running).length > 0 && { running }),
    dropped: dropped.list,
  }
}

function inputsOf(input: unknown): readonly string[] {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(input) || input.length === 0)
    throw wrongType('input', 'a text, or a list of texts that is not empty')
  const inputs: readonly unknown[] = input
  return inputs.map((text, index) => {
    if (typeof text === 'string') return text
    if (typeof text === 'number' || Array.isArray(text)) throw tokensInput()
    throw wrongType(`input.${index}`, 'a text')
  })
}

const tokensInput = () =>
  uncarried(
    'The field "input" holds numbers of tokens, which mean something else to each model. Send the text itself (with LangChain: check_embedding_ctx_length=False).',
    'input',
  )
