import { expect, test } from 'vitest'
import { ConfigError } from '../config/config-error.ts'
import { ControlError } from '../contract/control-error.ts'
import { CommandFailure } from '../core/command-failure.ts'
import { PunkuError } from '../core/error.ts'
import { Declined, explain, UsageError } from './exit.ts'

const refused = (code: string, status: number) => new ControlError({ code, status, detail: 'Refused.' })

test.each<[thrown: unknown, exitCode: number, message: string]>([
  [new UsageError('Say it otherwise.'), 2, 'Say it otherwise.'],
  [new Declined('Not done.'), 1, 'Not done.'],
  [new ConfigError(['One.', 'Two.']), 78, 'One.\nTwo.'],
  [refused('invalid_request', 400), 2, 'Refused.'],
  [refused('key_not_found', 404), 1, 'Refused.'],
  [refused('network_not_allowed', 403), 77, 'Refused.'],
  [refused('tunnel_limit_reached', 402), 77, 'Refused.'],
  [refused('gateway_not_running', 503), 69, 'Refused.'],
  [refused('internal', 500), 1, 'Refused.'],
  [new CommandFailure('ended', 'Revoked.'), 1, 'Revoked.'],
  [new CommandFailure('denied', 'No.'), 77, 'No.'],
  [new CommandFailure('away', 'Gone.'), 69, 'Gone.'],
  [new PunkuError('gateway_not_running', 'Gone.'), 69, 'Gone.'],
])('%s ends with its code and its words', (thrown, exitCode, message) => {
  expect(explain(thrown)).toEqual({ exitCode, message })
})

test('what nobody foresaw shows where it came from', () => {
  expect(explain(new TypeError('a bug'))).toMatchObject({ exitCode: 1, message: expect.stringMatching(/a bug\n +at /) })
  expect(explain('text')).toMatchObject({ exitCode: 1, message: expect.stringContaining('text') })
})
