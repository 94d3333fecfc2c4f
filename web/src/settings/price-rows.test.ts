import { describe, expect, it } from 'vitest'
import { movedUp, pricesOf, rowsOf, withRow } from './price-rows.ts'

const prices = [
  { models: 'qwen*', promptPerMillion: 0.1, completionPerMillion: 0.4 },
  { models: '*', promptPerMillion: 0, completionPerMillion: 0, cachedPerMillion: 0.01 },
]

describe('price rows', () => {
  it('come back as they were', () => {
    expect(pricesOf(rowsOf(prices))).toEqual(prices)
  })

  it('begin for all models, and grow before the one for all', () => {
    expect(withRow([]).map(({ models }) => models)).toEqual(['*'])
    const grown = withRow(rowsOf(prices))
    expect(grown.map(({ models }) => models)).toEqual(['qwen*', '', '*'])
    expect(new Set(grown.map(({ id }) => id)).size).toBe(3)
    expect(withRow(rowsOf(prices.slice(0, 1))).map(({ models }) => models)).toEqual(['qwen*', ''])
  })

  it('count what is not typed as nothing', () => {
    expect(pricesOf(withRow([]))).toEqual([{ models: '*', promptPerMillion: 0, completionPerMillion: 0 }])
  })

  it('move up, and the first stays first', () => {
    expect(movedUp(rowsOf(prices), 1).map(({ models }) => models)).toEqual(['*', 'qwen*'])
    expect(movedUp(rowsOf(prices), 0).map(({ models }) => models)).toEqual(['qwen*', '*'])
  })
})
