import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/formats/json-facts.ts'
import { SCRIPTED_EMBEDDING, SCRIPTED_USAGE } from '../support/scripted/answer.ts'
import {
  MATRIX_SERVERS,
  type MatrixServer,
  VECTOR_CLIENT_NAMES,
  type VectorClientName,
  vectorOutcome,
} from './cells.ts'
import { type ClientPlace, ollamaOf, openaiOf } from './chat-clients.ts'
import { type MatrixGround, modelOn, startMatrixGround } from './ground.ts'

interface VectorClient {
  readonly path: string
  ask(place: ClientPlace, model: string): Promise<object>
  readonly heard: JsonObject
}

const INPUT = ['one', 'two']
const { promptTokens } = SCRIPTED_USAGE
const never = new AbortController().signal

// OpenAI's library asks for base64, and makes numbers of it.
const CLIENTS: Readonly<Record<VectorClientName, VectorClient>> = {
  'openai-embeddings': {
    path: '/v1/embeddings',
    ask: (place, model) => openaiOf(place).embeddings.create({ model, input: INPUT }),
    heard: {
      object: 'list',
      data: INPUT.map((_, index) => ({ object: 'embedding', index, embedding: SCRIPTED_EMBEDDING })),
      usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
    },
  },
  'ollama-embed': {
    path: '/api/embed',
    ask: (place, model) => ollamaOf(place, never).embed({ model, input: INPUT }),
    heard: { embeddings: INPUT.map(() => SCRIPTED_EMBEDDING), prompt_eval_count: promptTokens },
  },
  'ollama-embeddings': {
    path: '/api/embeddings',
    ask: (place, model) => ollamaOf(place, never).embeddings({ model, prompt: 'one' }),
    heard: { embedding: SCRIPTED_EMBEDDING },
  },
}

let ground: MatrixGround
beforeAll(async () => {
  ground = await startMatrixGround()
})
afterAll(() => ground[Symbol.asyncDispose]())

const CELLS = VECTOR_CLIENT_NAMES.flatMap((client) =>
  MATRIX_SERVERS.map((server) => ({ client, server, outcome: vectorOutcome(client, server) })),
)

describe('embeddings', () => {
  test.each(CELLS)('$client on $server is $outcome', async ({ client, server, outcome }) => {
    const { path, ask, heard } = CLIENTS[client]
    const watched = await ground.watch(server, (place) => ask(place, modelOn(server)))
    const { asked, sent, row, headers } = watched
    if (outcome === 'refused') {
      expect([watched.status, asked, watched.heard]).toEqual([404, undefined, undefined])
      expect(String(watched.thrown)).toContain(`POST ${path}`)
      expect(row).toMatchObject({ status: 404, error_code: 'route_not_served', translated: null })
      return
    }
    expect(watched.heard).toMatchObject(heard)
    const translated = outcome === 'passed' ? null : formatOn(server)
    expect(headers.get('x-punku-translated')).toBe(translated)
    expect(row).toMatchObject({ route: `POST ${path}`, status: 200, error_code: null, translated })
    // Ollama's older route tells nothing of what was used.
    if (outcome === 'translated' || client !== 'ollama-embeddings') expect(row?.prompt_tokens).toBe(promptTokens)
    if (outcome === 'passed') {
      expect([asked?.path, asked?.json]).toEqual([path, sent])
      return
    }
    expect(asked?.path).toBe(translated === 'ollama-embed' ? '/api/embed' : '/v1/embeddings')
    expect(asked?.json).toEqual({
      model: modelOn(server),
      input: client === 'ollama-embeddings' ? 'one' : INPUT,
      // To OpenAI's clients what is too long is an error.
      ...(client === 'openai-embeddings' && { truncate: false }),
    })
  })
})

function formatOn(server: MatrixServer): string {
  return server === 'ollama' || server === 'old-ollama' ? 'ollama-embed' : 'openai-embeddings'
}
