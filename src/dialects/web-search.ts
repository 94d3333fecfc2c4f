/**
 * Ollama trims white space before it compares, escaped or not. One class takes its letters in any order: a group would
 * need a stack as deep as the text is long.
 */
const WEB_SEARCH_TYPE = /"type"\s*:\s*"[\s\\bfnrt]*web_search/iu
const ESCAPE = /\\u([0-9a-f]{4})/gi

/**
 * Whether the request's `tools`, given as the raw bytes of that array, hold a tool that Ollama runs by itself: for a
 * `web_search…` in `/v1/messages` and `/v1/responses` it searches the web on the account its host is signed in with. A
 * client's own function of that name is none.
 *
 * The text is searched, not parsed, so that no key given twice, in another letter case or with escapes hides the type.
 * It errs towards yes.
 */
export function asksForWebSearch(tools: Buffer): boolean {
  const text = tools.toString()
  return WEB_SEARCH_TYPE.test(text.includes('\\u') ? withoutEscapes(text) : text)
}

function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (_escape, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
