import { expect, test } from 'vitest'
import { hexDigit, parseContentLength, parseFieldLines, tokenList } from './message-syntax.ts'

const parse = (text: string, start = 0) => parseFieldLines(text, start, (why, fault) => new Error(`${fault}: ${why}`))

test('reads field lines as they came, from where it is told', () => {
  expect(parse('skipped\r\nX-A: \t b  c\t \r\nx-a:\r\nD:e\xff\r\n', 9)).toEqual([
    'X-A',
    'b  c',
    'x-a',
    '',
    'D',
    'e\xff',
  ])
  expect(parse('')).toEqual([])
})

test.each([
  'A: b',
  'A: b\r',
  'A: b\n',
  'A: b\rC: d\r\n',
  'A: b\r\r\n',
  ' A: b\r\n',
  'A : b\r\n',
  ': b\r\n',
  'A\r\n',
  '\r\n',
])('refuses the line %j', (text) => {
  expect(() => parse(text)).toThrow('syntax: ')
})

test('no control character stands in a value, and no other than those of a token in a name', () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code)
    const isText = code === 9 || (code >= 32 && code !== 127)
    if (isText) expect(parse(`A: b${character}c\r\n`)).toEqual(['A', `b${character}c`])
    else expect(() => parse(`A: b${character}c\r\n`)).toThrow('syntax: ')
    if (/[\w!#$%&'*+.^`|~-]/.test(character)) expect(parse(`A${character}: b\r\n`)).toEqual([`A${character}`, 'b'])
    else if (character !== ':') expect(() => parse(`A${character}: b\r\n`)).toThrow('syntax: ')
  }
})

test('reads a length of digits alone', () => {
  expect(['0', '05', '9007199254740991'].map(parseContentLength)).toEqual([0, 5, Number.MAX_SAFE_INTEGER])
  for (const value of ['', '+5', '-5', '5 ', '5,5', '0x5', '5e0', '٥', '9007199254740992', '0'.repeat(17)]) {
    expect(parseContentLength(value)).toBeNaN()
  }
})

test('reads the members of a list', () => {
  expect(tokenList('Close')).toEqual(['close'])
  expect(tokenList('a \t,\tB,,c d')).toEqual(['a', 'b', '', 'c d'])
})

test('reads hexadecimal digits', () => {
  const digits = Array.from({ length: 256 }, (_, code) => hexDigit(code))
  expect(digits.filter((digit) => digit >= 0)).toHaveLength(22)
  for (let value = 0; value < 16; value++) {
    expect(hexDigit(value.toString(16).charCodeAt(0))).toBe(value)
    expect(hexDigit(value.toString(16).toUpperCase().charCodeAt(0))).toBe(value)
  }
})
