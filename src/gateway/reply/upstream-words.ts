import { asObject, type JsonObject, parseObject } from '../../formats/json-facts.ts'

/** The most of a model server's words that is passed on, characters. */
const MAX_CHARACTERS = 512
/** No more of a body is looked at: what is said stands at its start. */
const MAX_READ_BYTES = 65_536

const UNSEEN = /[\p{C}\p{Z}\s]+/gu
const TITLE = /<title[^<>]*>([^<]*)<\/title/i
const MARKUP = /^\s*</

/** What an error may repeat that is nobody's business: where things are, and what opens them. */
const PRIVATE: readonly RegExp[] = [
  /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>)\]}]+/gi,
  /\bbearer\s+[^\s"',]+/gi,
  /\b(?:pk|sk|hf|gsk|ghp|key|token)[_-][\w-]{6,}/gi,
  /\[[0-9a-f:.]*:[0-9a-f:.]*\](?::\d+)?/gi,
  /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\b(?:localhost|(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*):\d{1,5}\b/gi,
  // Files, but not paths of an API.
  /(?<![\w.])(?:~|[a-z]:)?(?!\/(?:v\d|api)\/)[\\/](?:[\w.@-]+[\\/])+[\w.@-]*/gi,
  /\b(?=\w*\d)(?=\w*[a-z])[\w+=]{32,}/gi,
]

/**
 * What a model server says in the body of an error: the text of its JSON, whichever of the usual shapes that has, the
 * title of a page, or a plain text. It is one line of 512 characters at most, without addresses, paths and keys.
 * `undefined`: it says nothing.
 */
export function upstreamWords(body: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(body.subarray(0, MAX_READ_BYTES))
  const said = MARKUP.test(text) ? TITLE.exec(text)?.[1] : wordsOfJson(text)
  return said === undefined ? undefined : cleanWords(said)
}

/** A text of a model server as it may be passed on; `undefined`: nothing is left of it. */
export function cleanWords(text: string): string | undefined {
  let words = text
    .slice(0, 8 * MAX_CHARACTERS)
    .replaceAll(UNSEEN, ' ')
    .trim()
  for (const pattern of PRIVATE) words = words.replaceAll(pattern, '…')
  if (words.length > MAX_CHARACTERS) words = `${words.slice(0, MAX_CHARACTERS - 1).trimEnd()}…`
  return words === '' ? undefined : words.toWellFormed()
}

/** Text that is no JSON is said as it stands; of JSON without a text that is known nothing is. */
function wordsOfJson(text: string): string | undefined {
  const object = parseObject(text) ?? parseObject(text.slice(0, Math.max(0, text.indexOf('\n'))))
  if (object !== undefined) return textIn(object) ?? textIn(asObject(object['error']) ?? {})
  return /^\s*[{[]/.test(text) ? undefined : text
}

function textIn(object: JsonObject): string | undefined {
  return [object['error'], object['message'], object['detail']].find(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
