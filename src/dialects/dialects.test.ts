import { describe, expect, it } from 'vitest'
import { DIALECT_NAMES } from '../core/dialect-name.ts'
import { ERRORS, type ErrorCode, PunkuError } from '../core/error.ts'
import { DIALECTS } from './dialects.ts'

const { ollama, openai, anthropic } = DIALECTS
const CODES = Object.keys(ERRORS) as ErrorCode[]
const NO_KEY = new PunkuError('key_missing', 'No key was sent.')

describe('renderError', () => {
  it('has the same three forms of one error', () => {
    // Ollama's command line reads a 401's text there.
    const told = { error: 'No key was sent.', status: 'No key was sent.' }
    expect(JSON.parse(ollama.renderError(NO_KEY, 'req_1'))).toEqual(told)
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

  it('has no letters, in Anthropic’s form, that make Claude Code hide the text', () => {
    const error = new PunkuError('invalid_request', 'The header X-API-Key (x-api-key) is wrong.')
    expect(anthropic.renderError(error, '')).toContain('The header API key (API key) is wrong.')
    expect(openai.renderError(error, '')).toContain('X-API-Key (x-api-key)')
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
      424: 'api_error',
      426: 'invalid_request_error',
      429: 'rate_limit_error',
      431: 'invalid_request_error',
      503: 'overloaded_error',
      504: 'timeout_error',
    }
    const status = anthropic.statusOf?.(error) ?? error.status
    expect(JSON.parse(anthropic.renderError(error, '')).error.type).toBe(anthropicTypes[status] ?? 'api_error')
    // A server's fault that no other try mends has a status of those that are not asked again.
    const isCallersFault = error.status < 499 && error.status !== 424
    let type = isCallersFault ? 'invalid_request_error' : 'server_error'
    if (error.status === 403) type = 'permission_error'
    if (error.status === 429) type = 'rate_limit_error'
    if (error.status === 408 || error.status === 504) type = 'timeout'
    expect(JSON.parse(openai.renderError(error, '')).error.type).toBe(type)
  })
})
