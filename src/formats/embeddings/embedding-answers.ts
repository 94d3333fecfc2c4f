import { readOpenaiUsage } from '../families/openai-usage.ts'
import { asCount, asList, asObject, asTokens, type JsonObject } from '../json-facts.ts'
import type { EmbeddingAnswer, OpenaiEmbeddingRequest } from './embedding.ts'
import { base64OfFloats, floatsOfBase64 } from './float-base64.ts'

/**
 * Reads an answer of OpenAI's `/v1/embeddings`, of numbers or base64, and in any order. `undefined`: it is none, or not one
 * vector for each of so many inputs.
 */
export function embeddingAnswerOfOpenai(answer: JsonObject, inputCount: number): EmbeddingAnswer | undefined {
  const data = asList(answer['data'])
  if (data.length !== inputCount) return undefined
  const vectors = new Map<number, readonly number[]>()
  for (const [position, value] of data.entries()) {
    const item = asObject(value) ?? {}
    const index = asCount(item['index'] ?? position)
    const vector = vectorOf(item['embedding'])
    if (vector === undefined || index === undefined || index >= inputCount) return undefined
    vectors.set(index, vector)
  }
  const inOrder = Array.from(data, (_, index) => vectors.get(index))
  return answerOf(inOrder, readOpenaiUsage(answer)?.promptTokens)
}

/** Reads an answer of Ollama's `/api/embed`. `undefined` as of `embeddingAnswerOfOpenai`. */
export function embeddingAnswerOfOllamaEmbed(answer: JsonObject, inputCount: number): EmbeddingAnswer | undefined {
  const vectors = asList(answer['embeddings'])
  return vectors.length === inputCount
    ? answerOf(vectors.map(vectorOf), asTokens(answer['prompt_eval_count']))
    : undefined
}

/** Reads an answer of Ollama's older `/api/embeddings`, which is one vector. `undefined`: it is none. */
export function embeddingAnswerOfOllamaEmbeddings(answer: JsonObject): EmbeddingAnswer | undefined {
  return answerOf([vectorOf(answer['embedding'])], asTokens(answer['prompt_eval_count']))
}

/** Writes a body as OpenAI's `/v1/embeddings` answers. A count that nobody made is 0: clients add up without a look. */
export function writeOpenaiEmbeddingAnswer(
  { vectors, promptTokens = 0 }: EmbeddingAnswer,
  { model, wantsBase64 }: Pick<OpenaiEmbeddingRequest, 'model' | 'wantsBase64'>,
): string {
  return JSON.stringify({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: wantsBase64 ? base64OfFloats(vector) : vector,
    })),
    model,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  })
}

/** Writes a body as Ollama's `/api/embed` answers, without the times that it took. */
export function writeOllamaEmbedAnswer({ vectors, promptTokens }: EmbeddingAnswer, model: string): string {
  return JSON.stringify({ model, embeddings: vectors, prompt_eval_count: promptTokens })
}

/** Writes a body as Ollama's older `/api/embeddings` answers: the first vector alone. */
export function writeOllamaEmbeddingsAnswer({ vectors: [vector = []] }: EmbeddingAnswer): string {
  return JSON.stringify({ embedding: vector })
}

function answerOf(
  vectors: readonly (readonly number[] | undefined)[],
  promptTokens: number | undefined,
): EmbeddingAnswer | undefined {
  const known = vectors.filter((vector) => vector !== undefined)
  if (known.length !== vectors.length) return undefined
  return { vectors: known, ...(promptTokens !== undefined && { promptTokens }) }
}

function vectorOf(value: unknown): readonly number[] | undefined {
  const vector: unknown = typeof value === 'string' ? floatsOfBase64(value) : value
  return isVector(vector) ? vector : undefined
}

/** JSON has no place for what is not finite, and base64 none for what is too large for a float32. */
function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isFinite(Math.fround(one)))
}
