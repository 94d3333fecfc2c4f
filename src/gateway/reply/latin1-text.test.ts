import { expect, test } from 'vitest'
import { latin1TextOf } from './latin1-text.ts'

test.each([
  ['a Buffer', Buffer.from('data: "é"')],
  ['any bytes', new TextEncoder().encode('data: "é"')],
])('%s becomes one character a byte', (_, bytes) => {
  expect(latin1TextOf(bytes, 6, bytes.length)).toBe('"Ã©"')
})
