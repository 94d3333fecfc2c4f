import { describe, expect, test } from 'vitest'
import { DIALECT_NAMES } from '../../core/dialect-name.ts'
import { ERRORS, type ErrorCode, PunkuError } from '../../core/error.ts'
import { errorAnswer } from './answer.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

describe.each(DIALECT_NAMES)('an error as an answer of the %s dialect', (dialect) => {
  const answerOf = (code: ErrorCode, retryAfterMs?: number) =>
    errorAnswer(dialect, new PunkuError(code, 'What happened.', { ...(retryAfterMs && { retryAfterMs }) }), 'req_1')

  test("has the status of its code, but for a 404 in Anthropic's that is no missing model", () => {
    for (const code of CODES) {
      const { status } = ERRORS[code]
      const isHidden = dialect === 'anthropic' && status === 404 && code !== 'model_not_found'
      expect(answerOf(code).status, code).toBe(isHidden ? 400 : status)
    }
    expect(answerOf('model_not_found').status).toBe(404)
  })

  test('has a type that fits its status', () => {
    for (const code of ['route_not_found', 'route_not_served'] as const) {
      const { error } = JSON.parse(String(answerOf(code).body))
      expect(typeof error === 'string' ? 'invalid_request_error' : error.type).toBe('invalid_request_error')
    }
  })

  test.each([
    [1, '1'],
    [2_000, '2'],
    [29_001, '30'],
    [3_600_000, '30'],
  ])('that can be solved in %i ms makes nobody wait longer than half a minute', (retryAfterMs, seconds) => {
    const { headers } = answerOf('overloaded', retryAfterMs)
    expect(headers[headers.indexOf('retry-after') + 1]).toBe(seconds)
  })
})

describe('what tools would repeat for minutes', () => {
  /** Each tells of one request that went wrong half-way, which another like it need not. */
  const OF_ONE_REQUEST: readonly ErrorCode[] = [
    ...(['upstream_reset', 'upstream_failed', 'upstream_interrupted', 'upstream_timeout'] as const),
    ...(['gateway_killed', 'internal'] as const),
  ]
  test.each(CODES)('%s is no 5xx nor 429 unless it can go by itself', (code) => {
    const { status, isRetryable } = ERRORS[code]
    if (status >= 500 || status === 429) expect(isRetryable || OF_ONE_REQUEST.includes(code)).toBe(true)
  })
})
