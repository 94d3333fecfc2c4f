import { expect, test } from 'vitest'
import { connectFailure, type FailureCode, UpstreamFailure, upstreamError } from './failure.ts'

test.each<[FailureCode, string]>([
  ['refused', 'upstream_refused'],
  ['unreachable', 'upstream_unreachable'],
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

test.each([
  ['ECONNREFUSED', 'refused'],
  ['ENOTFOUND', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'unreachable'],
  ['ECONNRESET', 'unreachable'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable'],
])('%s before a connection stands is %s', (code, expected) => {
  const failure = connectFailure(Object.assign(new Error('no'), { code }), '10.1.2.3:1')
  expect(failure).toMatchObject({ code: expected, message: expect.stringContaining('10.1.2.3:1') })
})
