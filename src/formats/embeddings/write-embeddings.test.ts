import { expect, test } from 'vitest'
import type { EmbeddingRequest } from './embedding.ts'
import { readOllamaEmbed, readOpenaiEmbeddings } from './read-embeddings.ts'
import { writeOllamaEmbed, writeOpenaiEmbeddings } from './write-embeddings.ts'

const ASK: EmbeddingRequest = { model: 'nomic', inputs: ['a', 'b'], isSingle: false, dropped: ['x'] }
const FULL: EmbeddingRequest = {
  ...ASK,
  dimensions: 64,
  truncates: true,
  running: { contextLength: 9, keepAlive: 0, options: { num_gpu: 1 } },
}

test('a plain request says what it must and nothing else', () => {
  const plain = { body: { model: 'nomic', input: ['a', 'b'] }, dropped: [] }
  expect([writeOllamaEmbed(ASK), writeOpenaiEmbeddings(ASK)]).toEqual([plain, plain])
  const single: EmbeddingRequest = { ...ASK, inputs: [''], isSingle: true }
  expect(writeOllamaEmbed(single).body['input']).toBe('')
  expect(writeOpenaiEmbeddings({ ...single, isSingle: false }).body['input']).toEqual([''])
})

test('Ollama is told all of it, and a request of its own comes out as it came in', () => {
  const written = writeOllamaEmbed(FULL)
  expect(written).toEqual({
    body: {
      model: 'nomic',
      input: ['a', 'b'],
      truncate: true,
      dimensions: 64,
      options: { num_ctx: 9, num_gpu: 1 },
      keep_alive: 0,
    },
    dropped: [],
  })
  expect(writeOllamaEmbed(readOllamaEmbed(written.body))).toEqual(written)
})

test('what OpenAI’s route has no place for is named', () => {
  expect(writeOpenaiEmbeddings(FULL)).toEqual({
    body: { model: 'nomic', input: ['a', 'b'], dimensions: 64 },
    dropped: ['truncate', 'num_ctx', 'keep_alive', 'options.num_gpu'],
  })
  expect(writeOpenaiEmbeddings({ ...ASK, truncates: false }).dropped).toEqual([])
})

test('Ollama cuts nothing for a client of OpenAI’s route that did not ask for it', () => {
  expect(writeOllamaEmbed(readOpenaiEmbeddings({ model: 'nomic', input: 'a' })).body).toEqual({
    model: 'nomic',
    input: 'a',
    truncate: false,
  })
})
