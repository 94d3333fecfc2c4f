const BYTES_A_FLOAT = 4
/** What 64 digits stand for, and what fills the last four of them up. */
const DIGITS = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = 0x3d

const ascii = new TextDecoder()

/**
 * The numbers as base64 of little-endian float32, to which each is rounded. Digit by digit: `btoa` wants a text of the bytes
 * first, which takes several times as long for the millions of numbers that one answer may have.
 */
export function base64OfFloats(numbers: readonly number[]): string {
  const bytes = new Uint8Array(numbers.length * BYTES_A_FLOAT)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < numbers.length; at++) view.setFloat32(at * BYTES_A_FLOAT, numbers[at] as number, true)
  const digits = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  let end = 0
  for (let at = 0; at < bytes.length; at += 3) {
    // Behind the last byte there are zeros.
    const three = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    digits[end++] = DIGITS[three >> 18] as number
    digits[end++] = DIGITS[(three >> 12) & 63] as number
    digits[end++] = DIGITS[(three >> 6) & 63] as number
    digits[end++] = DIGITS[three & 63] as number
  }
  const rest = bytes.length % 3
  if (rest !== 0) digits.fill(PADDING, digits.length - 3 + rest)
  return ascii.decode(digits)
}

/** The numbers of base64 of little-endian float32; `undefined`: it is none. */
export function floatsOfBase64(base64: string): readonly number[] | undefined {
  const characters = charactersOf(base64)
  if (characters === undefined || characters.length % BYTES_A_FLOAT !== 0) return undefined
  const bytes = new Uint8Array(characters.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at)
  const view = new DataView(bytes.buffer)
  const numbers: number[] = []
  for (let at = 0; at < bytes.length; at += BYTES_A_FLOAT) numbers.push(view.getFloat32(at, true))
  return numbers
}

/** One character a byte. */
function charactersOf(base64: string): string | undefined {
  try {
    return atob(base64)
  } catch {
    return undefined
  }
}
