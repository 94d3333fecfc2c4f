import fc from 'fast-check'
import { expect, test } from 'vitest'
import { machineColumns, shownText } from './machine.ts'

test.each([
  ['gpu box', 'gpu box'],
  ['  a\r\n\tb  ', 'a b'],
  ['a\0b\x1b[31mc', 'ab[31mc'],
  ['evil\u202egnp.exe', 'evilgnp.exe'],
  ['half \ud800 character', 'half character'],
  ['端末 🖥', '端末 🖥'],
])('%j is shown as %j', (text, shown) => expect(shownText(text)).toBe(shown))

test('a long text is cut between characters, and what is invisible in it does not count', () => {
  expect(shownText('🖥'.repeat(200))).toBe('🖥'.repeat(100))
  expect(shownText(`${'\u200b'.repeat(300)}name`)).toBe('name')
  expect(shownText('a'.repeat(1_000_000))).toHaveLength(100)
})

test('whatever a peer says is one printable line of 100 characters at most, and stays as it is from then on', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { maxLength: 300 }), (units) => {
      const text = String.fromCharCode(...units)
      const shown = shownText(text)
      expect(shown).not.toMatch(/\p{C}|\p{Zl}|\p{Zp}/u)
      expect(Array.from(shown).length).toBeLessThanOrEqual(100)
      expect(shown.isWellFormed()).toBe(true)
      expect(shownText(shown)).toBe(shown)
    }),
  )
})

test('an unknown machine is stored as nothing', () => {
  expect(new Set(Object.values(machineColumns(undefined)))).toEqual(new Set([null]))
})
