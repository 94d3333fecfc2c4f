import { describe, expect, it } from 'vitest'
import {
  formatAgo,
  formatBytes,
  formatContext,
  formatCost,
  formatExact,
  formatMs,
  formatNumber,
  formatShort,
} from './format.ts'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')

describe('formatMs', () => {
  it.each([
    [null, '–'],
    [0, '0 ms'],
    [0.44, '0.4 ms'],
    [35.4, '35 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1_234, '1.2 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [3_599_900, '60 min'],
    [7_800_000, '2 h 10 min'],
    [345_600_000, '4 d'],
  ])('writes %j as %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text)
  })
})

describe('formatBytes', () => {
  it.each([
    [null, '–'],
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1 KB'],
    [999_600, '1 MB'],
    [4_683_087_332, '4.7 GB'],
    [274_302_450, '274 MB'],
    [5_000_000_000_000_000, '5,000 TB'],
  ])('writes %j as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

describe('formatContext', () => {
  it.each([
    [null, '–'],
    [131_072, '128K'],
    [2_048, '2K'],
    [512, '512'],
    [200_000, '200K'],
    [1_048_576, '1,024K'],
  ])('writes %j as %s', (tokens, text) => {
    expect(formatContext(tokens)).toBe(text)
  })
})

describe('formatAgo', () => {
  it.each([
    [null, 'never'],
    ['2026-03-01T11:59:40.000Z', 'just now'],
    ['2026-03-01T12:00:30.000Z', 'in under a minute'],
    ['2026-03-01T11:57:01.000Z', '2 minutes ago'],
    ['2026-03-01T09:00:00.000Z', '3 hours ago'],
    ['2026-02-28T11:00:00.000Z', 'yesterday'],
    ['2026-03-08T12:00:00.000Z', 'in 7 days'],
    ['2025-11-30T12:00:00.000Z', '3 months ago'],
  ])('writes %j as %s', (iso, text) => {
    expect(formatAgo(iso, NOW)).toBe(text)
  })
})

describe('the other formats', () => {
  it('write numbers, short and whole', () => {
    expect([formatNumber(12_345), formatNumber(null), formatShort(12_345), formatShort(null)]).toEqual([
      '12,345',
      '–',
      '12.3K',
      '–',
    ])
  })

  it('give small sums more digits', () => {
    expect([formatCost(0, 'EUR'), formatCost(0.0123, 'EUR'), formatCost(12.345, 'EUR')]).toEqual([
      '€0.00',
      '€0.0123',
      '€12.35',
    ])
  })

  it('say never where there is no time', () => {
    expect(formatExact(null)).toBe('never')
    expect(formatExact('2026-03-01T12:00:00.000Z')).toContain('2026')
  })
})
