import type { EmbeddingRequest, EmbeddingWriter } from './embedding.ts'

/** Writes the body of Ollama's `/api/embed`, which has a place for all of a request. */
export const writeOllamaEmbed: EmbeddingWriter = (request) => {
  const { model, dimensions, truncates, running = {} } = request
  const options = {
    ...running.options,
    ...(running.contextLength !== undefined && { num_ctx: running.contextLength }),
  }
  return {
    body: {
      model,
      input: inputOf(request),
      ...(truncates !== undefined && { truncate: truncates }),
      ...(dimensions !== undefined && { dimensions }),
      ...(Object.keys(options).length > 0 && { options }),
      ...(running.keepAlive !== undefined && { keep_alive: running.keepAlive }),
    },
    dropped: [],
  }
}

/** Writes the body of OpenAI's `/v1/embeddings`. Its servers answer with numbers, where base64 is not asked for. */
export const writeOpenaiEmbeddings: EmbeddingWriter = (request) => {
  const { model, dimensions } = request
  return {
    body: { model, input: inputOf(request), ...(dimensions !== undefined && { dimensions }) },
    dropped: droppedOf(request),
  }
}

function droppedOf({ truncates, running = {} }: EmbeddingRequest): readonly string[] {
  return [
    // What no server of it does anyway is not missed.
    ...(truncates === true ? ['truncate'] : []),
    ...(running.contextLength === undefined ? [] : ['num_ctx']),
    ...(running.keepAlive === undefined ? [] : ['keep_alive']),
    ...Object.keys(running.options ?? {}).map((name) => `options.${name}`),
  ]
}

function inputOf({ inputs, isSingle }: EmbeddingRequest): string | readonly string[] {
  const [first] = inputs
  return isSingle && first !== undefined ? first : inputs
}
