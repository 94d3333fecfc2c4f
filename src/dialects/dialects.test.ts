import { Stream as AnthropicStream } from '@anthropic-ai/sdk/core/streaming'
import { APIError as OpenAIError } from 'openai'
import { Stream as OpenAIStream } from 'openai/core/streaming'
import { describe, expect, it } from 'vitest'
import { ERRORS, type ErrorCode, PunkuError } from '../core/error.ts'
import { DIALECT_NAMES, type Route } from './dialect.ts'
import { DIALECTS } from './dialects.ts'
import { observeStream } from './stream-formats.ts'

const { ollama, openai, anthropic } = DIALECTS
const CODES = Object.keys(ERRORS) as ErrorCode[]
const NO_KEY = new PunkuError('key_missing', 'No key was sent.')
const CUT_OFF = new PunkuError('upstream_interrupted', 'The model server ended its answer early.')

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of stream);
}

describe('renderError', () => {
  it('has the same three forms of one error', () => {
    expect(JSON.parse(ollama.renderError(NO_KEY, 'req_1'))).toEqual({ error: 'No key was sent.' })
    expect(JSON.parse(openai.renderError(NO_KEY, 'req_1'))).toEqual({
      error: { message: 'No key was sent.', type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
    })
    expect(JSON.parse(anthropic.renderError(NO_KEY, 'req_1'))).toEqual({
      type: 'error',
      error: { type: 'authentication_error', message: 'No key was sent.' },
      request_id: 'req_1',
    })
  })

  it('names the field at fault where there is a place for it', () => {
    const error = new PunkuError('model_not_found', "model 'x' not found", { param: 'model' })
    expect(JSON.parse(openai.renderError(error, 'req_1')).error).toMatchObject({
      param: 'model',
      code: 'model_not_found',
    })
    expect(JSON.parse(ollama.renderError(error, 'req_1'))).toEqual({ error: "model 'x' not found" })
  })

  it.each(CODES)('shows the message of %s and nothing of its cause', (code) => {
    const error = new PunkuError(code, 'What happened.', { cause: new Error('secret'), detail: { address: 'secret' } })
    for (const name of DIALECT_NAMES) {
      const body = DIALECTS[name].renderError(error, 'req_1')
      expect(body).toContain('What happened.')
      expect(body).not.toContain('secret')
    }
  })

  it.each(CODES)("has a type for %s that fits its status in Anthropic's and OpenAI's words", (code) => {
    const error = new PunkuError(code, 'What happened.')
    const anthropicTypes: Readonly<Record<number, string>> = {
      400: 'invalid_request_error',
      401: 'authentication_error',
      402: 'billing_error',
      403: 'permission_error',
      404: 'not_found_error',
      405: 'invalid_request_error',
      408: 'timeout_error',
      409: 'invalid_request_error',
      410: 'not_found_error',
      413: 'request_too_large',
      415: 'invalid_request_error',
      429: 'rate_limit_error',
      431: 'invalid_request_error',
      503: 'overloaded_error',
      504: 'timeout_error',
    }
    expect(JSON.parse(anthropic.renderError(error, '')).error.type).toBe(anthropicTypes[error.status] ?? 'api_error')
    const isCallersFault = error.status < 499
    let type = isCallersFault ? 'invalid_request_error' : 'server_error'
    if (error.status === 403) type = 'permission_error'
    if (error.status === 429) type = 'rate_limit_error'
    if (error.status === 408 || error.status === 504) type = 'timeout'
    expect(JSON.parse(openai.renderError(error, '')).error.type).toBe(type)
  })
})

describe('renderStreamError', () => {
  it('is a line or an event of the format', () => {
    expect(ollama.renderStreamError(CUT_OFF, 'req_1', 'ollama-done', true)).toBe(
      '{"error":"The model server ended its answer early."}\n',
    )
    expect(openai.renderStreamError(CUT_OFF, 'req_1', 'openai-done', true)).toBe(
      'data: {"error":{"message":"The model server ended its answer early.","type":"server_error","param":null,"code":"upstream_interrupted"}}\n\n',
    )
    expect(openai.renderStreamError(CUT_OFF, 'req_1', 'openai-responses', true)).toBe(
      'event: error\ndata: {"type":"error","code":"upstream_interrupted","message":"The model server ended its answer early.","param":null}\n\n',
    )
    expect(anthropic.renderStreamError(CUT_OFF, 'req_1', 'anthropic', true)).toBe(
      'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"The model server ended its answer early."},"request_id":"req_1"}\n\n',
    )
  })

  it.each([
    ['ollama', 'ollama-done', '{"model":"m","message":{"content":"true'],
    ['ollama', 'ollama-status', '{"status":"succ'],
    ['openai', 'openai-done', 'data: {"choices":[{"delta":{"content":"[DONE'],
    ['openai', 'openai-done', 'data: {"choices":[]}\r'],
    ['openai', 'openai-responses', 'event: response.compl'],
    ['openai', 'llama-stop', 'data: {"content":"x","stop":true'],
    ['anthropic', 'anthropic', 'event: message_stop\ndata: {"type":"mess'],
  ] as const)('ends what broke off, so that %s %s reads as failed', (name, format, broken) => {
    const observer = observeStream(format)
    observer.push(Buffer.from(broken))
    expect([observer.outcome, observer.isBetweenFrames]).toEqual(['open', false])
    observer.push(Buffer.from(DIALECTS[name].renderStreamError(CUT_OFF, 'req_1', format, observer.isBetweenFrames)))
    expect([observer.outcome, observer.isBetweenFrames]).toEqual(['failed', true])
  })

  it.each(['openai-done', 'openai-responses'] as const)("is thrown by OpenAI's own client in %s", async (format) => {
    const text = `${openai.keepAlive(format)}${openai.renderStreamError(CUT_OFF, 'req_1', format, true)}`
    const stream = OpenAIStream.fromSSEResponse(new Response(text), new AbortController())
    await expect(drain(stream)).rejects.toBeInstanceOf(OpenAIError)
  })

  it("is thrown by Anthropic's own client, which takes a ping for nothing", async () => {
    const text = `${anthropic.keepAlive('anthropic')}${anthropic.renderStreamError(CUT_OFF, 'req_1', 'anthropic', true)}`
    const stream = AnthropicStream.fromSSEResponse(new Response(text), new AbortController())
    await expect(drain(stream)).rejects.toThrow('The model server ended its answer early.')
  })
})

describe('keepAlive', () => {
  it('is what the format allows', () => {
    expect(ollama.keepAlive('ollama-done')).toBeUndefined()
    expect(ollama.keepAlive('ollama-status')).toBeUndefined()
    expect(openai.keepAlive('openai-done')).toBe(': keep-alive\n\n')
    expect(openai.keepAlive('openai-responses')).toBe(': keep-alive\n\n')
    expect(openai.keepAlive('llama-stop')).toBe(': keep-alive\n\n')
    expect(anthropic.keepAlive('anthropic')).toBe('event: ping\ndata: {"type": "ping"}\n\n')
  })
})

describe('readAnswer', () => {
  const route = (path: string, format?: 'llama-stop'): Route => ({
    method: 'POST',
    path,
    dialect: 'openai',
    class: 'inference',
    model: { in: 'none' },
    servers: [],
    ...(format && { stream: { format, isDefault: false } }),
  })

  it.each([
    ['ollama', '/api/chat', { model: 'm', done: true, prompt_eval_count: 9, eval_count: 2 }, [9, 2, undefined]],
    ['ollama', '/api/embed', { model: 'm', embeddings: [[0.1]], prompt_eval_count: 4 }, [4, undefined, undefined]],
    [
      'openai',
      '/v1/chat/completions',
      { model: 'm', usage: { prompt_tokens: 22, completion_tokens: 8, prompt_tokens_details: { cached_tokens: 21 } } },
      [22, 8, 21],
    ],
    [
      'openai',
      '/v1/chat/completions',
      { model: 'm', timings: { prompt_n: 1, cache_n: 21, predicted_n: 8 } },
      [22, 8, 21],
    ],
    [
      'openai',
      '/v1/embeddings',
      { model: 'm', usage: { prompt_tokens: 3, total_tokens: 3 } },
      [3, undefined, undefined],
    ],
    [
      'openai',
      '/v1/responses',
      { model: 'm', usage: { input_tokens: 81, output_tokens: 11, input_tokens_details: { cached_tokens: 64 } } },
      [81, 11, 64],
    ],
    [
      'anthropic',
      '/v1/messages',
      {
        model: 'm',
        usage: { input_tokens: 9, cache_read_input_tokens: 20, cache_creation_input_tokens: 5, output_tokens: 3 },
      },
      [34, 3, 20],
    ],
    ['anthropic', '/v1/messages/count_tokens', { model: 'm', input_tokens: 22 }, [undefined, undefined, undefined]],
  ] as const)('of %s %s', (name, path, answer, [promptTokens, completionTokens, cachedTokens]) => {
    expect(DIALECTS[name].readAnswer(route(path), Buffer.from(JSON.stringify(answer)))).toEqual({
      model: 'm',
      usage: { promptTokens, completionTokens, cachedTokens },
    })
  })

  it('reads how long Ollama took to load the model, and nothing that is no time', () => {
    const loadMs = (given: unknown) => {
      const answer = { model: 'm', done: true, eval_count: 2, load_duration: given }
      return DIALECTS.ollama.readAnswer(route('/api/chat'), Buffer.from(JSON.stringify(answer))).usage.loadMs
    }
    expect([1_500_000_000, 0, undefined, -1, '5', 1e300].map(loadMs)).toEqual([
      1_500,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it("reads llama-server's own answer by its route", () => {
    const answer = { model: 'm', tokens_evaluated: 3, tokens_predicted: 8, timings: { cache_n: 2, prompt_n: 1 } }
    expect(openai.readAnswer(route('/completion', 'llama-stop'), Buffer.from(JSON.stringify(answer))).usage).toEqual({
      promptTokens: 3,
      completionTokens: 8,
      cachedTokens: 2,
    })
  })

  it.each(DIALECT_NAMES)('finds nothing in what is no answer of %s', (name) => {
    const none = {
      model: undefined,
      usage: { promptTokens: undefined, completionTokens: undefined, cachedTokens: undefined },
    }
    for (const text of ['', 'x', '[]', 'null', '7', '{"usage":7,"model":{}}', `${'['.repeat(100_000)}`]) {
      expect(DIALECTS[name].readAnswer(route('/'), Buffer.from(text))).toEqual(none)
    }
  })
})
