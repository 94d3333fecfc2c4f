import { expect, it } from 'vitest'
import { TextPile } from './text-pile.ts'

it('gives what was added in its order, once', () => {
  const pile = new TextPile()
  const pieces = Array.from({ length: 5000 }, (_, at) => `${at},`)
  for (const piece of pieces) pile.add(piece)
  expect(pile.take()).toBe(pieces.join(''))
  expect(pile.take()).toBe('')
  pile.add('x')
  expect(pile.take()).toBe('x')
})
