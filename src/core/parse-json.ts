/** What a text says as JSON; `undefined`: it is none. The fault is not told: it would repeat the text, which may be secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
