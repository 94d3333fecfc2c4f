import { describe, expect, it } from 'vitest'
import { CallBook } from './call-book.ts'

describe('the calls of an answer', () => {
  it('have a place and an id of their own, the given one where it can be', () => {
    const book = new CallBook('x1')
    const given = ['a', '', 'a', 'call_x1_5', 'b', '']
    expect(given.map((id, at) => book.enter(at * 2, id))).toMatchObject([
      { at: 0, id: 'a' },
      { at: 1, id: 'call_x1_1' },
      { at: 2, id: 'call_x1_2' },
      { at: 3, id: 'call_x1_3' },
      { at: 4, id: 'b' },
      { at: 5, id: 'call_x1_5' },
    ])
    expect(book.get(6)).toMatchObject({ at: 3 })
    expect(book.get(5)).toBeUndefined()
  })

  it('are told once, and apart under one index', () => {
    const book = new CallBook('x1')
    expect(book.hasCalls).toBe(false)
    expect(book.enter(0, 'a')).toMatchObject({ at: 0 })
    expect(book.enter(0, 'a')).toBeUndefined()
    expect(book.enter(0, '')).toBeUndefined()
    expect(book.enter(0, 'b')).toMatchObject({ at: 1 })
    expect(book.get(0)).toMatchObject({ at: 1, id: 'b' })
    expect(book.hasCalls).toBe(true)
  })

  it('hold so much that somebody can put a limit to them', () => {
    const book = new CallBook('x1')
    book.enter(0, 'x'.repeat(1_000))
    book.enter(1, '')
    book.enter(1, '')
    expect(book.heldLength).toBe(1_000 + 2 * 256)
  })
})
