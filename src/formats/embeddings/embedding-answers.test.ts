import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { parseObject } from '../json-facts.ts'
import type { EmbeddingAnswer } from './embedding.ts'
import {
  embeddingAnswerOfOllamaEmbed,
  embeddingAnswerOfOllamaEmbeddings,
  embeddingAnswerOfOpenai,
  writeOllamaEmbedAnswer,
  writeOllamaEmbeddingsAnswer,
  writeOpenaiEmbeddingAnswer,
} from './embedding-answers.ts'

const ANSWER: EmbeddingAnswer = {
  vectors: [
    [0.5, -1],
    [2, 0],
  ],
  promptTokens: 7,
}
const FLOATS = { model: 'nomic', wantsBase64: false }
const BASE64 = { model: 'nomic', wantsBase64: true }
const NONE = { model: 'nomic', embeddings: [] }

const parsed = (text: string) => parseObject(text) ?? {}

describe('an answer is written', () => {
  test('as OpenAI does', () => {
    expect(parsed(writeOpenaiEmbeddingAnswer(ANSWER, FLOATS))).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -1] },
        { object: 'embedding', index: 1, embedding: [2, 0] },
      ],
      model: 'nomic',
      usage: { prompt_tokens: 7, total_tokens: 7 },
    })
    expect(parsed(writeOpenaiEmbeddingAnswer({ vectors: [[1]] }, BASE64))).toMatchObject({
      data: [{ embedding: 'AACAPw==' }],
      usage: { prompt_tokens: 0, total_tokens: 0 },
    })
  })

  test('as Ollama does', () => {
    expect(parsed(writeOllamaEmbedAnswer(ANSWER, 'nomic'))).toEqual({
      model: 'nomic',
      embeddings: ANSWER.vectors,
      prompt_eval_count: 7,
    })
    expect(parsed(writeOllamaEmbedAnswer({ vectors: [] }, 'nomic'))).toEqual(NONE)
    expect(parsed(writeOllamaEmbeddingsAnswer(ANSWER))).toEqual({ embedding: [0.5, -1] })
  })
})

describe('an answer is read', () => {
  test('in any form as it was written', () => {
    const vector = fc.array(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
      { maxLength: 9 },
    )
    const answer = fc
      .tuple(fc.array(vector, { minLength: 1, maxLength: 5 }), fc.nat({ max: 1e9 }))
      .map(([vectors, promptTokens]) => ({ vectors, promptTokens }))
    fc.assert(
      fc.property(answer, (answer) => {
        const count = answer.vectors.length
        for (const request of [FLOATS, BASE64]) {
          expect(embeddingAnswerOfOpenai(parsed(writeOpenaiEmbeddingAnswer(answer, request)), count)).toEqual(answer)
        }
        expect(embeddingAnswerOfOllamaEmbed(parsed(writeOllamaEmbedAnswer(answer, 'nomic')), count)).toEqual(answer)
        expect(embeddingAnswerOfOllamaEmbeddings(parsed(writeOllamaEmbeddingsAnswer(answer)))).toEqual({
          vectors: answer.vectors.slice(0, 1),
        })
      }),
    )
  })

  test('in the order of its inputs, and by place where no index is told', () => {
    const data = [
      { index: 1, embedding: [2] },
      { index: 0, embedding: [1] },
    ]
    expect(embeddingAnswerOfOpenai({ data }, 2)).toEqual({ vectors: [[1], [2]] })
    expect(embeddingAnswerOfOpenai({ data: [{ embedding: [1] }, { embedding: 'AAAAQA==' }] }, 2)?.vectors).toEqual([
      [1],
      [2],
    ])
  })

  test.each([
    [{}],
    [{ data: 'x' }],
    [{ data: [{ embedding: [1] }] }],
    [{ data: [{ embedding: [1] }, {}] }],
    [{ data: [{ embedding: [1] }, null] }],
    [{ data: [{ embedding: [1] }, { embedding: ['1'] }] }],
    [{ data: [{ embedding: [1] }, { embedding: [[1]] }] }],
    [{ data: [{ embedding: [1] }, { embedding: [null] }] }],
    [{ data: [{ embedding: [1] }, { embedding: [1e39] }] }],
    [{ data: [{ embedding: [1] }, { embedding: [Number.POSITIVE_INFINITY] }] }],
    [{ data: [{ embedding: [1] }, { embedding: 'AACAfw==' }] }],
    [{ data: [{ embedding: [1] }, { embedding: 'AAA' }] }],
    [
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [2] },
        ],
      },
    ],
    [
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 2, embedding: [2] },
        ],
      },
    ],
    [
      {
        data: [
          { index: 0, embedding: [1] },
          { index: -1, embedding: [2] },
        ],
      },
    ],
    [{ data: [{ embedding: [1] }, { embedding: [1] }, { embedding: [1] }] }],
    [{ embeddings: [[1]] }],
    [{ embeddings: [[1], 2] }],
    [{ embeddings: [[1], [2], [3]] }],
    [{ embeddings: { 0: [1], 1: [2], length: 2 } }],
    [{ embedding: {} }],
    [{ embedding: [true] }],
  ])('not from %j', (answer) => {
    expect(embeddingAnswerOfOpenai(answer, 2)).toBeUndefined()
    expect(embeddingAnswerOfOllamaEmbed(answer, 2)).toBeUndefined()
    expect(embeddingAnswerOfOllamaEmbeddings(answer)).toBeUndefined()
  })
})

test('the official client reads the vectors, which it asks for in base64', async () => {
  let asked: unknown
  const fetch = (_url: unknown, init?: { readonly body?: unknown }) => {
    asked = JSON.parse(String(init?.body))
    const body = writeOpenaiEmbeddingAnswer(ANSWER, BASE64)
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'application/json' } }))
  }
  const client = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1', maxRetries: 0, fetch })
  const { data, usage } = await client.embeddings.create({ model: 'nomic', input: ['a', 'b'] })
  expect(asked).toMatchObject({ encoding_format: 'base64' })
  expect(data.map(({ embedding }) => [...embedding])).toEqual(ANSWER.vectors)
  expect(usage.prompt_tokens).toBe(7)
})

test('two thousand vectors of four thousand numbers are read and written at once', () => {
  const row = Array.from({ length: 4_096 }, (_, at) => Math.fround(Math.sin(at)))
  const vectors = Array.from({ length: 2_048 }, () => row)
  const began = performance.now()
  const text = writeOpenaiEmbeddingAnswer({ vectors }, BASE64)
  const read = embeddingAnswerOfOpenai(parsed(text), vectors.length)
  expect(performance.now() - began).toBeLessThan(20_000)
  expect([read?.vectors.length, read?.vectors.at(-1)]).toEqual([2_048, row])
})
