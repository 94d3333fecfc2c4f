/** Of FNV-1a. */
const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** Deeper values than any answer has are not looked into. */
const MAX_DEPTH = 64

/**
 * Tells a text that comes in pieces apart from others without keeping it, wherever it was cut. Two texts of one length in
 * four thousand million are taken for one: enough to find a fault by, and no proof.
 */
export class TextSum {
  #hash = OFFSET
  #length = 0

  add(text: string): void {
    this.#hash = textHash(text, this.#hash)
    this.#length += text.length
  }

  /** Whether the pieces so far make up this text. */
  isOf(text: string): boolean {
    return text.length === this.#length && textHash(text) === this.#hash
  }
}

/** A number that two equal JSON values share, whatever the order of their fields. */
export function valueSum(value: unknown, depth = 0): number {
  if (depth > MAX_DEPTH) return 0
  if (typeof value !== 'object' || value === null) return textHash(`${typeof value} ${value}`)
  if (Array.isArray(value)) {
    return value.reduce((sum: number, one) => Math.imul(sum ^ valueSum(one, depth + 1), PRIME), OFFSET)
  }
  let sum = 1
  for (const [name, one] of Object.entries(value)) {
    sum = (sum + Math.imul(textHash(name) ^ Math.imul(valueSum(one, depth + 1), PRIME), PRIME)) | 0
  }
  return sum
}

/** @param before the hash of what stands before the text */
function textHash(text: string, before = OFFSET): number {
  let hash = before
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME)
  return hash
}
