/**
 * A text as both databases store it and give it back: PostgreSQL refuses one with NUL, and neither keeps half a
 * character. Each of them becomes U+FFFD.
 */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed()
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\ufffd') : wellFormed
}
