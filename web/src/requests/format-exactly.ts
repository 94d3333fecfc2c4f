const SECOND_MS = 1_000

/** How long something took, to the tenth of a millisecond below a second and to the millisecond above: `1.234 s`. */
export function formatMsExactly(ms: number): string {
  if (ms < SECOND_MS) return `${ms.toLocaleString(undefined, { maximumFractionDigits: 1 })} ms`
  return `${(ms / SECOND_MS).toLocaleString(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3 })} s`
}

/** As `12,345 bytes`. */
export function formatBytesExactly(bytes: number): string {
  return `${bytes.toLocaleString()} ${bytes === 1 ? 'byte' : 'bytes'}`
}
