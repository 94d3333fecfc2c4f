import { expect, test } from 'vitest'
import { BlockReader } from './block-reader.ts'

/** Reads one block from pieces; `end` is where it ended in the last of them, -1: it did not. */
function read(pieces: readonly string[], maxBytes = 1_000): { text: string; end: number } {
  const reader = new BlockReader((why, kind) => new Error(`${kind}: ${why}`))
  let end = -1
  // What the buffer holds behind a piece is none of its bytes.
  for (const piece of pieces) end = reader.read(Buffer.from(`${piece}\n\r\n\r\n`, 'latin1'), 0, piece.length, maxBytes)
  return { text: reader.takeText(), end }
}

const BLOCK = 'A: b\r\nC: d\xff\r\n\r\n'

test('takes lines up to an empty one, however they are cut', () => {
  const text = BLOCK.slice(0, -2)
  expect(read([`${BLOCK}E: f`])).toEqual({ text, end: BLOCK.length })
  for (let at = 1; at < BLOCK.length; at++) {
    expect(read([BLOCK.slice(0, at), `${BLOCK.slice(at)}E: f`])).toEqual({ text, end: BLOCK.length - at })
  }
  expect(read(BLOCK.split(''))).toEqual({ text, end: 1 })
})

test('keeps what is not whole, and gives its text once', () => {
  const reader = new BlockReader((why) => new Error(why))
  expect(reader.read(Buffer.from('A: b'), 1, 3, 10)).toBe(-1)
  expect(reader.keptBytes).toBe(2)
  expect(reader.kept?.toString('latin1', 0, 2)).toBe(': ')
  expect(reader.read(Buffer.from('\r\n\r\n'), 0, 4, 10)).toBe(4)
  expect(reader).toMatchObject({ keptBytes: 0, kept: undefined })
  expect([reader.takeText(), reader.takeText()]).toEqual([': \r\n', ''])
})

test.each(['A: b\n', 'A: b\rC', 'A: b\r\r', '\n'])('refuses %j where it comes in pieces', (text) => {
  expect(() => read(text.split(''))).toThrow('syntax: ')
})

test('takes as many bytes as it may, and not one more', () => {
  for (const pieces of [[BLOCK], BLOCK.split('')]) {
    expect(read(pieces, BLOCK.length).end).toBeGreaterThan(0)
    expect(() => read(pieces, BLOCK.length - 1)).toThrow('head_too_large: ')
  }
})
