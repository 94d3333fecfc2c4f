/**
 * The bytes of `bytes` from `start` to before `end` as text. ASCII must come out as itself; what becomes of other bytes
 * is free, since only ASCII is looked for in it.
 */
export type TextOf = (bytes: Uint8Array, start: number, end: number) => string

/** As `Buffer.toString` reads: a byte order mark stays, so that no two readers differ by it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** UTF-8 as text, wherever it runs. Never throws: what is no UTF-8 becomes U+FFFD. */
export function utf8Text(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** `TextOf` for every platform. */
export const utf8TextOf: TextOf = (bytes, start, end) => decoder.decode(bytes.subarray(start, end))
