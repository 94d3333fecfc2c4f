import { describe, expect, it } from 'vitest'
import { DAY_MS } from './key-words.ts'
import { lifeChoices, lifeOf } from './life.ts'

const labels = (...args: Parameters<typeof lifeChoices>) => lifeChoices(...args).map(({ label }) => label)

describe('lifeChoices', () => {
  it('offers what is allowed, up to its very end', () => {
    expect(labels(null)).toEqual(['Never', 'In 1 day', 'In 7 days', 'In 30 days', 'In 90 days', 'In 365 days'])
    expect(labels(30 * DAY_MS)).toEqual(['In 1 day', 'In 7 days', 'In 30 days'])
    expect(labels(3_600_000)).toEqual(['In 1 hour'])
  })

  it('offers first to leave it as it is', () => {
    expect(labels(null, { expiresAt: null })[0]).toBe('As it is: never')
  })

  it('means what it says', () => {
    const values = lifeChoices(null, { expiresAt: null }).map(({ value }) => lifeOf(value))
    expect(values.slice(0, 3)).toEqual([undefined, null, DAY_MS])
  })
})
