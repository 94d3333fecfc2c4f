import { expect, test } from 'vitest'
import { connectFailure } from './connect-failure.ts'

test.each([
  ['ECONNREFUSED', 'refused'],
  ['EMFILE', 'exhausted'],
  ['ENFILE', 'exhausted'],
  ['ENOTFOUND', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'unreachable'],
  ['ECONNRESET', 'unreachable'],
  ['ERR_IP_BLOCKED', 'unreachable'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable'],
])('%s before a connection stands is %s', (code, expected) => {
  const failure = connectFailure(Object.assign(new Error('no'), { code }), '10.1.2.3:1')
  expect(failure).toMatchObject({ code: expected, message: expect.stringContaining('10.1.2.3:1') })
})

test.each(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'])('%s is no TLS, and says so', (code) => {
  const failure = connectFailure(Object.assign(new Error('no'), { code }), 'models.test:1')
  expect(failure).toMatchObject({ code: 'unreachable', speaks: 'http', message: expect.stringContaining('http://') })
})
