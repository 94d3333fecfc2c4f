import { describe, expect, it } from 'vitest'
import type { UsageGroupBody } from '../../../src/contract/requests.ts'
import { overTime, tokenSeries } from './over-time.ts'
import { errorRateOf, sumOf, tokensOf } from './sums.ts'
import { DAY_MS, daysBetween, HOUR_MS, spanUntil } from './time-range.ts'
import { restRow } from './usage-rows.tsx'

const NOW = Date.parse('2026-03-10T14:25:00Z')

function group(fields: Partial<UsageGroupBody>): UsageGroupBody {
  return {
    group: null,
    name: null,
    requests: 1,
    errors: 0,
    promptTokens: 10,
    completionTokens: 5,
    cachedTokens: 0,
    estimated: 0,
    meanTtfbMs: null,
    busyMs: 100,
    cost: 0.5,
    ...fields,
  }
}

describe('spanUntil', () => {
  it('ends 24 hours with the hour that is going on', () => {
    const range = spanUntil(NOW, '24h')
    expect(new Date(range.until).toISOString()).toBe('2026-03-10T15:00:00.000Z')
    expect(range.until - range.since).toBe(24 * HOUR_MS)
    expect(range.unit).toBe('hour')
  })

  it('ends days with today', () => {
    const range = spanUntil(NOW, '7d')
    expect(new Date(range.since).toISOString()).toBe('2026-03-04T00:00:00.000Z')
    expect(range.until - range.since).toBe(7 * DAY_MS)
  })

  it('stays the same while the step goes on, so that what was read can be kept', () => {
    expect(spanUntil(NOW + 60_000, '24h')).toEqual(spanUntil(NOW, '24h'))
  })
})

describe('daysBetween', () => {
  it('holds both days', () => {
    expect(daysBetween('2026-03-01', '2026-03-09')).toEqual({
      since: Date.parse('2026-03-01T00:00:00Z'),
      until: Date.parse('2026-03-10T00:00:00Z'),
      unit: 'day',
    })
  })

  it('goes by hours where they are few', () => {
    expect(daysBetween('2026-03-09', '2026-03-09')?.unit).toBe('hour')
  })

  it.each([
    ['2026-03-09', '2026-03-01'],
    ['', '2026-03-01'],
    ['2026-03-01', 'tomorrow'],
    ['2026-02-31x', '2026-03-01'],
  ])('takes no %s to %s', (from, to) => {
    expect(daysBetween(from, to)).toBeUndefined()
  })
})

it('what the groups beyond those that are shown come to is a row of its own, and in the sum of all', () => {
  const { name: _name, group: _group, ...sums } = group({ requests: 7 })
  const row = restRow({ ...sums, groups: 1_234 })
  expect(row).toMatchObject({ requests: 7, title: { props: { children: '1,234 more' } } })
  expect(sumOf([group({ requests: 3 }), row]).requests).toBe(10)
})

describe('sumOf', () => {
  it('adds up, and weighs the time to the first byte by requests', () => {
    const sums = sumOf([group({ requests: 3, meanTtfbMs: 100 }), group({ requests: 1, meanTtfbMs: 500 }), group({})])
    expect(sums).toMatchObject({ requests: 5, promptTokens: 30, cost: 1.5, meanTtfbMs: 200 })
    expect(tokensOf(sums)).toBe(45)
  })

  it('has no mean and no rate of nothing', () => {
    expect(sumOf([]).meanTtfbMs).toBeNull()
    expect(errorRateOf(sumOf([]))).toBeNull()
    expect(errorRateOf(sumOf([group({ requests: 4, errors: 1 })]))).toBe(0.25)
  })
})

describe('overTime', () => {
  it('has every day, also those on which nothing happened', () => {
    const steps = overTime([group({ group: '2026-03-09', requests: 4 })], spanUntil(NOW, '7d'))
    expect(steps.map(({ requests }) => requests)).toEqual([0, 0, 0, 0, 0, 4, 0])
  })

  it.each(['2026-03-10T14', '2026-03-10T14:00Z', '2026-03-10T14:00:00.000Z'])('knows the hour %s', (hour) => {
    const steps = overTime([group({ group: hour, requests: 7 })], spanUntil(NOW, '24h'))
    expect(steps.at(-1)?.requests).toBe(7)
    expect(steps).toHaveLength(24)
  })

  it('leaves out what lies outside, and what is no time', () => {
    const steps = overTime([group({ group: '2020-01-01' }), group({ group: null })], spanUntil(NOW, '7d'))
    expect(sumOf(steps).requests).toBe(0)
  })

  it('draws each token once: cached ones are a part of the prompt', () => {
    const steps = overTime(
      [group({ group: '2026-03-10', promptTokens: 100, cachedTokens: 60, completionTokens: 7 })],
      spanUntil(NOW, '7d'),
    )
    expect(tokenSeries(steps).map(({ values }) => values.at(-1))).toEqual([40, 60, 7])
  })
})
