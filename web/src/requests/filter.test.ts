import { expect, it } from 'vitest'
import { filterOf, requestFilter } from './filter.ts'

const NOW = Date.parse('2026-03-10T14:25:00Z')

it('reads what it knows from an address, and nothing else', () => {
  expect(filterOf({ key: 'abc', model: '', outcome: 'error', org: 'other', before: '4', session: 7 })).toEqual({
    key: 'abc',
    outcome: 'error',
  })
})

it('counts back from now, whatever else the address says of the beginning', () => {
  expect(requestFilter({ within: '1h', since: '2020-01-01T00:00:00Z', model: 'llama3' }, NOW)).toEqual({
    model: 'llama3',
    since: '2026-03-10T13:25:00.000Z',
  })
})

it('takes times of any zone to those of the gateway', () => {
  expect(requestFilter({ since: '2026-03-10T10:00:00+02:00', until: '2026-03-10T12:00:00Z' }, NOW)).toEqual({
    since: '2026-03-10T08:00:00.000Z',
    until: '2026-03-10T12:00:00.000Z',
  })
})

it('leaves out what the gateway would refuse', () => {
  expect(requestFilter({ outcome: 'maybe', since: 'yesterday', within: '9y' }, NOW)).toEqual({})
})
