import { randomInt } from 'node:crypto'

/**
 * 24 characters that are told apart in any typeface and read out over the telephone: no `0` and `O`, no `1`, `I` and `L`,
 * no `2` beside `Z`, `5` beside `S`, `8` beside `B` or `C` beside `G`. Of the vowels only `U`, so that no code is a word.
 */
export const USER_CODE_ALPHABET = '23456789DFHJKMNPQRTUVWXY'
const HALF_LENGTH = 3
const LENGTH = 2 * HALF_LENGTH

/** A new user code, as people see it: `9KV-DU6`. One of 24⁶ = 191,102,976, each as likely as any other. */
export function newUserCode(): string {
  return render(Array.from({ length: LENGTH }, () => USER_CODE_ALPHABET[randomInt(USER_CODE_ALPHABET.length)]).join(''))
}

/**
 * A typed user code as people see it: letter case, spaces and dashes do not count. `undefined` for what can be none.
 */
export function parseUserCode(text: string): string | undefined {
  // Longer is no code, however many of its characters do not count.
  if (text.length > 4 * LENGTH) return undefined
  const code = text.replace(/[\s\p{Pd}]/gu, '').toUpperCase()
  const isCode = code.length === LENGTH && Array.from(code).every((symbol) => USER_CODE_ALPHABET.includes(symbol))
  return isCode ? render(code) : undefined
}

function render(code: string): string {
  return `${code.slice(0, HALF_LENGTH)}-${code.slice(HALF_LENGTH)}`
}
