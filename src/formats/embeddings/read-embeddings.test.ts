import { describe, expect, test } from 'vitest'
import { PunkuError } from '../../core/error.ts'
import type { JsonObject } from '../json-facts.ts'
import { readOllamaEmbed, readOllamaEmbeddings, readOpenaiEmbeddings } from './read-embeddings.ts'

const ASK = { model: 'nomic', input: 'hi' }
const OPENAI = { model: 'nomic', inputs: ['hi'], isSingle: true, truncates: false, wantsBase64: false, dropped: [] }
const OLLAMA = { model: 'nomic', inputs: ['hi'], isSingle: true, dropped: [] }

describe('a request to OpenAI’s route', () => {
  test.each<[body: JsonObject, more: object]>([
    [{}, {}],
    [{ input: ['hi'] }, { isSingle: false }],
    [{ input: ['', 'b'] }, { inputs: ['', 'b'], isSingle: false }],
    [{ input: '' }, { inputs: [''] }],
    [
      { encoding_format: 'base64', dimensions: 64, user: 'u' },
      { wantsBase64: true, dimensions: 64 },
    ],
    [{ encoding_format: 'float', dimensions: null, user: null }, {}],
    [
      { truncate: true, num_ctx: 2_048 },
      { truncates: true, running: { contextLength: 2_048 } },
    ],
    [{ modality: 'x', pooling: 'mean' }, { dropped: ['modality', 'pooling'] }],
  ])('%j', (body, more) => {
    expect(readOpenaiEmbeddings({ ...ASK, ...body })).toEqual({ ...OPENAI, ...more })
  })
})

describe('a request to Ollama’s route', () => {
  test.each<[body: JsonObject, more: object]>([
    [{}, {}],
    [{ input: ['a', 'b'] }, { inputs: ['a', 'b'], isSingle: false }],
    [
      { truncate: false, dimensions: 64, keep_alive: '10m', options: { num_ctx: 9, num_gpu: 1, temperature: 0.5 } },
      { truncates: false, dimensions: 64, running: { keepAlive: '10m', contextLength: 9, options: { num_gpu: 1 } } },
    ],
    [{ encoding_format: 'base64' }, { dropped: ['encoding_format'] }],
  ])('%j', (body, more) => {
    expect(readOllamaEmbed({ ...ASK, ...body })).toEqual({ ...OLLAMA, ...more })
  })

  test('the older one has a prompt', () => {
    expect(readOllamaEmbeddings({ model: 'nomic', prompt: 'hi', keep_alive: 0 })).toEqual({
      ...OLLAMA,
      running: { keepAlive: 0 },
    })
    expect(readOllamaEmbeddings({ model: 'nomic', prompt: '', input: 'x' })).toEqual({
      ...OLLAMA,
      inputs: [''],
      dropped: ['input'],
    })
  })
})

describe('refused is', () => {
  const refusal = (read: () => unknown): unknown => {
    try {
      return read()
    } catch (error) {
      return error
    }
  }

  test.each<[body: JsonObject, param: string]>([
    [{ model: '' }, 'model'],
    [{ model: 3 }, 'model'],
    [{ input: null }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: {} }, 'input'],
    [{ input: [1, 2] }, 'input'],
    [{ input: [[1, 2], [3]] }, 'input'],
    [{ input: ['a', null] }, 'input.1'],
    [{ dimensions: 0 }, 'dimensions'],
    [{ dimensions: '64' }, 'dimensions'],
    [{ truncate: 'yes' }, 'truncate'],
    [{ options: [] }, 'options'],
  ])('%j', (body, param) => {
    for (const read of [readOpenaiEmbeddings, readOllamaEmbed]) {
      const error = refusal(() => read({ ...ASK, ...body }))
      expect(error).toBeInstanceOf(PunkuError)
      expect(error).toMatchObject({ code: 'invalid_request', param })
    }
  })

  test('an unknown encoding, tokens in words that help, and a prompt that is missing', () => {
    expect(refusal(() => readOpenaiEmbeddings({ ...ASK, encoding_format: 'int8' }))).toMatchObject({
      param: 'encoding_format',
    })
    expect(refusal(() => readOpenaiEmbeddings({ ...ASK, input: [[1]] }))).toMatchObject({
      message: expect.stringContaining('Send the text itself'),
    })
    expect(refusal(() => readOllamaEmbeddings({ model: 'nomic' }))).toMatchObject({ param: 'prompt' })
  })
})
