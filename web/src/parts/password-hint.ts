/** As the gateway holds it. */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const
const STRONG_LENGTH = 16
/** Fewer different characters than this, and length says little. */
const MIN_VARIETY = 7

/** What a new password is worth, in words. */
export interface PasswordHint {
  readonly worth: 'short' | 'weak' | 'fair' | 'strong'
  readonly text: string
}

/** Judges a new password. @param about what others know of its owner, as the name and the e-mail address */
export function passwordHint(password: string, about: readonly string[]): PasswordHint {
  const missing = PASSWORD_LENGTH.min - password.length
  if (missing > 0) {
    return { worth: 'short', text: password === '' ? 'At least 12 characters.' : `${missing} more to go.` }
  }
  const lower = password.toLowerCase()
  const known = about.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u)).filter((word) => word.length > 3)
  if (known.some((word) => lower.includes(word))) {
    return { worth: 'weak', text: 'Weak: your name or address is in it.' }
  }
  if (new Set(lower).size < MIN_VARIETY) return { worth: 'weak', text: 'Weak: the same few characters.' }
  if (password.length < STRONG_LENGTH) return { worth: 'fair', text: 'Fair. Longer is better: four random words, say.' }
  return { worth: 'strong', text: 'Strong.' }
}
