/** A text as UTF-8 of at most `maxBytes`, cut at a whole character. */
export function cutText(text: string, maxBytes: number): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return bytes
  let end = maxBytes
  while (((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** The other side's text for people. What is no UTF-8 becomes replacement characters; control characters, spaces: it ends in terminals. */
export function readText(bytes: Buffer): string {
  return bytes.toString().replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
}
