import { expect, test } from 'vitest'
import { type FailureCode, UpstreamFailure } from '../core/upstream-failure.ts'
import { upstreamError } from './failure.ts'

test.each<[FailureCode, string]>([
  ['refused', 'upstream_refused'],
  ['unreachable', 'upstream_unreachable'],
  ['exhausted', 'overloaded'],
  ['reset', 'upstream_reset'],
  ['interrupted', 'upstream_interrupted'],
  ['invalid', 'upstream_invalid'],
  ['aborted', 'client_closed'],
])('%s is told as %s, without the address', (code, expected) => {
  const failure = new UpstreamFailure(code, 'no way to 10.1.2.3:11434')
  const error = upstreamError(failure)
  expect(error).toMatchObject({ code: expected, cause: failure })
  expect(error.message).not.toContain('10.1.2.3')
  expect(error.detail['failure']).toContain('10.1.2.3')
})

test('an answer that had not begun is no incomplete one', () => {
  const error = upstreamError(new UpstreamFailure('interrupted', 'the link went'), false)
  expect(error.code).toBe('upstream_interrupted')
  expect(error.message).not.toContain('incomplete')
})
