import { expect, test } from 'vitest'
import { BlockReader } from './block-reader.ts'
import { ChunkReader } from './chunk-reader.ts'
import type { FaultMaker } from './message-syntax.ts'

const fault: FaultMaker = (why, kind) => new Error(`${kind}: ${why}`)

/** Reads one body from pieces; `end` is where it ended in the last of them, -1: it did not. */
function read(pieces: readonly string[]): { body: string; trailers: string; end: number } {
  let body = ''
  const blocks = new BlockReader(fault)
  const onBody = (bytes: Buffer, start: number, end: number): void => {
    body += bytes.toString('latin1', start, end)
  }
  const chunks = new ChunkReader({ onBody }, blocks, fault)
  chunks.begin()
  let end = -1
  for (const piece of pieces) end = chunks.read(Buffer.from(`${piece}\r\n\r\n`, 'latin1'), 0, piece.length)
  return { body, trailers: blocks.takeText(), end }
}

const BODY = '5;a;b=c;d="e\\"f"\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n'

test('gives the data and the trailers, however the bytes are cut', () => {
  const whole = { body: 'hello world', trailers: 'X: y\r\n' }
  expect(read([`${BODY}GET /`])).toEqual({ ...whole, end: BODY.length })
  for (let at = 1; at < BODY.length; at++) {
    expect(read([BODY.slice(0, at), BODY.slice(at)])).toEqual({ ...whole, end: BODY.length - at })
  }
  expect(read(BODY.split(''))).toEqual({ ...whole, end: 1 })
})

test('reads no further than the end of the body', () => {
  expect(read(['0\r\n\r\n0\r\n\r\n'])).toEqual({ body: '', trailers: '', end: 5 })
  expect(read(['0\r\n'])).toMatchObject({ end: -1 })
})

test.each([
  '5;\r',
  '5; ',
  '5;a ',
  '5;a=\r',
  '5;a=b=',
  '5;a=b"',
  '5;a="b\r',
  '5;a="b\\\r',
  '5;a="b"c',
  '5;a="b"\n',
  '5;a\n',
  '5;"',
])('refuses the extension %j at its last byte', (text) => {
  expect(() => read(text.split(''))).toThrow('syntax: ')
  expect(read(text.slice(0, -1).split('')).end).toBe(-1)
})

test('has limits on extensions, sizes and trailers', () => {
  expect(() => read([`5;${'a'.repeat(1_025)}`])).toThrow('chunk_extensions: ')
  expect(() => read(['123456789'])).toThrow('syntax: ')
  expect(() => read([`0\r\nA: ${'b'.repeat(16_384)}`])).toThrow('head_too_large: ')
})
