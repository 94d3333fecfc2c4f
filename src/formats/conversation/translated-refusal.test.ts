import { APIError as AnthropicApiError } from '@anthropic-ai/sdk'
import { APIError as OpenaiApiError } from 'openai'
import { describe, expect, test } from 'vitest'
import type { FormatName } from '../format.ts'
import { translatedRefusal } from './translated-refusal.ts'

const said = (message: string) => ({ error: { message } })

describe('a refusal', () => {
  test.each<[to: FormatName, status: number, body: object]>([
    ['anthropic-messages', 400, { type: 'error', error: { type: 'invalid_request_error', message: 'no' } }],
    ['anthropic-messages', 404, { type: 'error', error: { type: 'not_found_error', message: 'no' } }],
    ['anthropic-count', 529, { type: 'error', error: { type: 'overloaded_error', message: 'no' } }],
    ['anthropic-messages', 500, { type: 'error', error: { type: 'api_error', message: 'no' } }],
    ['openai-chat', 400, { error: { message: 'no', type: 'invalid_request_error', param: null, code: null } }],
    [
      'openai-responses',
      401,
      { error: { message: 'no', type: 'invalid_request_error', param: null, code: 'invalid_api_key' } },
    ],
    [
      'openai-completions',
      429,
      { error: { message: 'no', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' } },
    ],
    ['openai-embeddings', 503, { error: { message: 'no', type: 'server_error', param: null, code: null } }],
    ['openai-chat', 504, { error: { message: 'no', type: 'timeout', param: null, code: null } }],
    ['ollama-chat', 400, { error: 'no' }],
    ['ollama-embed', 500, { error: 'no' }],
  ])('for %s of %i', (to, status, body) => {
    for (const refusal of [
      said('no'),
      { error: 'no' },
      { message: 'no', object: 'error' },
      { type: 'error', ...said('no') },
    ]) {
      expect(translatedRefusal(to, status, refusal)).toEqual({ status, body })
    }
  })

  test('keeps the field at fault and a code, but no number', () => {
    const error = { message: 'no', type: 'BadRequestError', param: 'tools', code: 'bad_tool' }
    const named = translatedRefusal('openai-chat', 400, { error })
    expect(named?.body['error']).toEqual({
      message: 'no',
      type: 'invalid_request_error',
      param: 'tools',
      code: 'bad_tool',
    })
    const numbered = translatedRefusal('openai-chat', 400, { error: { ...error, code: 400 } })
    expect(numbered?.body['error']).toMatchObject({ code: null })
  })

  test('of a model that is not there is known by its code', () => {
    const code = (message: string) => translatedRefusal('openai-chat', 404, { error: message })?.body['error']
    expect(code("model 'tiny' not found")).toMatchObject({ code: 'model_not_found' })
    expect(code('no such path')).toMatchObject({ code: null })
  })

  test('of a model that is not there is looked for once', () => {
    const began = performance.now()
    const refused = translatedRefusal('openai-chat', 404, said('model '.repeat(50_000)))
    expect(refused?.body).toMatchObject({ error: { code: null } })
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  test('has no letters that hide it in Claude Code', () => {
    expect(translatedRefusal('anthropic-messages', 400, said('no x-api-key'))?.body).toMatchObject(said('no API key'))
  })

  test.each([{}, { error: '' }, { error: {} }, { error: { message: 3 } }])('without words (%j) is none', (refusal) => {
    expect(translatedRefusal('openai-chat', 400, refusal)).toBeUndefined()
  })

  test('for a format without a shape of its own is none', () => {
    expect(translatedRefusal('llama-completion', 400, said('no'))).toBeUndefined()
    expect(translatedRefusal('llama-completion', 400, said('prompt is too long'))).toBeUndefined()
  })
})

describe('a prompt that is too long', () => {
  const LLAMA = { error: { code: 400, message: 'm', type: 'exceed_context_size_error', n_prompt_tokens: 9, n_ctx: 4 } }

  test.each([400, 413, 422, 500])('is 400 by the words of each format, whatever %i the server answers', (status) => {
    const bodies = (['anthropic-messages', 'openai-chat', 'ollama-chat'] as const).map((to) =>
      translatedRefusal(to, status, LLAMA),
    )
    expect(bodies).toEqual([
      {
        status: 400,
        body: {
          type: 'error',
          error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 4 maximum' },
        },
      },
      {
        status: 400,
        body: {
          error: {
            message: expect.stringContaining('maximum context length is 4 tokens'),
            type: 'invalid_request_error',
            param: null,
            code: 'context_length_exceeded',
          },
        },
      },
      { status: 400, body: { error: expect.stringContaining('exceeds the context length') } },
    ])
  })

  test.each([401, 403, 404, 429, 503])('is nothing that %i tells of', (status) => {
    const refused = translatedRefusal('openai-chat', status, said('prompt is too long'))
    expect(refused).toMatchObject({ status, body: said('prompt is too long') })
  })

  test('is an error of the official clients that they do not ask again for', () => {
    const openai = translatedRefusal('openai-embeddings', 500, LLAMA)
    const thrown = OpenaiApiError.generate(openai?.status, openai?.body, undefined, new Headers())
    expect(thrown).toMatchObject({
      name: 'Error',
      status: 400,
      code: 'context_length_exceeded',
      type: 'invalid_request_error',
    })
    const anthropic = translatedRefusal('anthropic-messages', 500, LLAMA)
    const other = AnthropicApiError.generate(anthropic?.status, anthropic?.body, undefined, new Headers())
    expect(other.constructor.name).toBe('BadRequestError')
    expect(other.message).toContain('prompt is too long: 9 tokens > 4 maximum')
  })
})
