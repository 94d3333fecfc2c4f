import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newUserCode, parseUserCode, USER_CODE_ALPHABET } from './user-code.ts'

test('a new code is six characters of the alphabet, shown in two halves', () => {
  for (let time = 0; time < 100; time++) {
    const code = newUserCode()
    expect(code).toMatch(new RegExp(`^[${USER_CODE_ALPHABET}]{3}-[${USER_CODE_ALPHABET}]{3}$`))
    expect(parseUserCode(code)).toBe(code)
  }
})

test('the alphabet has 24 characters or more, and none that is taken for another', () => {
  expect(new Set(USER_CODE_ALPHABET).size).toBe(USER_CODE_ALPHABET.length)
  expect(USER_CODE_ALPHABET.length).toBeGreaterThanOrEqual(24)
  expect(USER_CODE_ALPHABET).not.toMatch(/[0O1ILAE]/)
  for (const pair of ['2Z', '5S', '8B', 'CG']) {
    expect(
      [...pair].every((symbol) => USER_CODE_ALPHABET.includes(symbol)),
      pair,
    ).toBe(false)
  }
})

test('each character is as likely as any other', () => {
  const symbols = Array.from({ length: 24_000 }, () => newUserCode().replace('-', '')).join('')
  const counts = Map.groupBy(symbols, (symbol) => symbol)
  expect(counts.size).toBe(24)
  // Chi-squared, 23 degrees of freedom: above 120 once in 10¹⁴ runs. A byte modulo 24 comes to about 280.
  const expected = symbols.length / 24
  const distance = [...counts.values()].reduce((sum, { length }) => sum + (length - expected) ** 2 / expected, 0)
  expect(distance).toBeLessThan(120)
})

test.each(['9KV-DU6', '9kvdu6', ' 9kv du6 ', '9-K-V-D-U-6', '9KV\u2013DU6', '9KV\u00a0DU6'])('%j is read', (text) => {
  expect(parseUserCode(text)).toBe('9KV-DU6')
})

test.each(['', '---', '9KVDU', '9KVDU66', '0KVDU6', '9KVDUI', '9KV_DU6', 'ß9KVDU', `9KVDU6${' '.repeat(50)}`])(
  '%j is no code',
  (text) => expect(parseUserCode(text)).toBeUndefined(),
)

test('whatever is typed, the answer is a code as people see it, or none', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (text) => {
      const code = parseUserCode(text)
      expect(code === undefined || parseUserCode(code) === code).toBe(true)
    }),
  )
})
