/**
 * Ollama trims white space before it compares: Go's, which is JavaScript's and U+0085, escaped or not. One class takes the
 * letters of all escapes in any order: a group would need a stack as deep as the text is long.
 */
const WEB_SEARCH_TYPE = new RegExp(
  `"${spelled('type')}"\\s*:\\s*"[\\s\\u0085\\\\bfnrtu0-9a-e]*${spelled('web_search')}`,
  'iu',
)

/**
 * Whether the request's `tools`, given as the raw bytes of that array, hold a tool that Ollama runs by itself: for a
 * `web_search…` in `/v1/messages` and `/v1/responses` it searches the web on the account its host is signed in with. A
 * client's own function of that name is none.
 *
 * The text is searched, neither parsed nor unescaped, so that no key given twice, in another letter case or with escapes
 * hides the type, and millions of escapes cost no more than other text. It errs towards yes.
 */
export function asksForWebSearch(tools: Buffer): boolean {
  return WEB_SEARCH_TYPE.test(tools.toString())
}

/** Whether a tool of that type, already unescaped, is one of those. */
export function isWebSearch(type: string): boolean {
  return /^[\s\u0085]*web_search/i.test(type)
}

/** A word of ASCII as JSON may write it: each letter as itself or escaped, in either case. */
function spelled(word: string): string {
  const escaped = (letter: string) => `\\\\u00${letter.charCodeAt(0).toString(16)}`
  return word.replace(/./g, (letter) => `(?:${letter}|${escaped(letter)}|${escaped(letter.toUpperCase())})`)
}
