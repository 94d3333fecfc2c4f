import { describe, expect, it } from 'vitest'
import { passwordHint } from './password-hint.ts'

const ABOUT = ['Ada Quispe', 'ada.q@quipu.example']

describe('passwordHint', () => {
  it.each([
    ['', 'short', 'At least 12 characters.'],
    ['eleven-char', 'short', '1 more to go.'],
    ['aaaaaaaaaaaaaaaaaaaa', 'weak', 'Weak: the same few characters.'],
    ['1212121212121212', 'weak', 'Weak: the same few characters.'],
    ['xK9!quispe-2031-zz', 'weak', 'Weak: your name or address is in it.'],
    ['QUIPU-mountain-77', 'weak', 'Weak: your name or address is in it.'],
    ['dozen-letters', 'fair', 'Fair. Longer is better: four random words, say.'],
    ['llama rope canyon seven', 'strong', 'Strong.'],
  ])('finds %j %s', (password, worth, text) => {
    expect(passwordHint(password, ABOUT)).toEqual({ worth, text })
  })

  it('takes no offence at short names inside words', () => {
    expect(passwordHint('canada-is-a-large-one', ['Ada', '']).worth).toBe('strong')
  })
})
