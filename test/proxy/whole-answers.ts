import { expect } from 'vitest'
import type { DialectName } from '../../src/core/dialect-name.ts'
import { ERRORS, type ErrorCode } from '../../src/core/error.ts'
import { STREAM_CASES, type StreamCase } from './stream-cases.ts'

/** One route of each dialect, asked for a whole answer of the scripted Ollama. */
export const WHOLE_CASES: readonly StreamCase[] = STREAM_CASES.filter(({ path }) =>
  ['/api/chat', '/v1/chat/completions', '/v1/messages'].includes(path),
).map((of) => ({ ...of, body: { ...of.body, stream: false } }))

/** The case of one dialect. */
export function wholeCaseOf(dialect: DialectName): StreamCase {
  const found = WHOLE_CASES.find((of) => of.dialect === dialect)
  if (found === undefined) throw new Error(`no case is of the ${dialect} dialect`)
  return found
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

/** Claude Code hides what any 404 says, so that in Anthropic's dialect only a missing model is one. */
function statusIn(dialect: DialectName, code: ErrorCode): number {
  const { status } = ERRORS[code]
  return dialect === 'anthropic' && status === 404 && code !== 'model_not_found' ? 400 : status
}

/**
 * Expects the gateway's own error in the dialect's shape, with all that clients read beside it; its message.
 * Ollama's and Anthropic's shapes have no place for the code: there only the status and the row can tell.
 */
export async function expectError(response: Response, dialect: DialectName, code: ErrorCode): Promise<string> {
  const { isRetryable } = ERRORS[code]
  const status = statusIn(dialect, code)
  const { headers } = response
  expect(response.status).toBe(status)
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(headers.get('x-should-retry')).toBe(String(isRetryable))
  const requestId = headers.get('x-request-id')
  expect(requestId).toMatch(/^req_[0-9a-z]{20}$/)
  expect(headers.get('request-id')).toBe(requestId)
  const body: unknown = await response.json()
  const message = expect.any(String)
  if (dialect === 'ollama') expect(body).toEqual({ error: message, ...(status === 401 && { status: message }) })
  else if (dialect === 'anthropic') {
    const type = ANTHROPIC_TYPES[status] ?? 'api_error'
    expect(body).toEqual({ type: 'error', error: { type, message }, request_id: requestId })
  } else {
    const sent = status === 401 ? 'invalid_api_key' : code
    const param = expect.toSatisfy((value: unknown) => value === null || typeof value === 'string')
    expect(body).toEqual({ error: { message, type: expect.any(String), param, code: sent } })
  }
  const { error } = body as { readonly error: string | { readonly message: string } }
  return typeof error === 'string' ? error : error.message
}
