/** Longer than the ids are that clients and servers make. */
const MAX_ID_LENGTH = 256

/** Two sums, each of its own odd factor, so that a text that fools one does not fool the other. */
const SUMS = [
  { start: 0x811c9dc5, factor: 0x01000193 },
  { start: 0x9e3779b9, factor: 0x85ebca6b },
] as const

/**
 * The id of a call as a server is told it: one of more than 256 characters, which calls and results repeat, is replaced by
 * a short one of letters, digits and `_`, always by the same one.
 */
export function boundedId(id: string): string {
  if (id.length <= MAX_ID_LENGTH) return id
  return `call_${SUMS.map(({ start, factor }) => hexSum(id, start, factor)).join('')}`
}

function hexSum(text: string, start: number, factor: number): string {
  let sum = start
  for (let at = 0; at < text.length; at++) {
    sum = Math.imul(sum ^ text.charCodeAt(at), factor)
    sum ^= sum >>> 15
  }
  return (sum >>> 0).toString(16).padStart(8, '0')
}
