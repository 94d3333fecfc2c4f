/**
 * `text` with letter case taken away as Go's `encoding/json` and `strings.EqualFold` do it, for comparison with an
 * ASCII name: A–Z, and the two letters outside ASCII that fold into it, U+212A (Kelvin sign) and U+017F (long s).
 */
export function foldName(text: string): string {
  // The Kelvin sign is a 'k' to toLowerCase; the long s is in lower case already.
  return text.toLowerCase().replaceAll('\u017f', 's')
}
