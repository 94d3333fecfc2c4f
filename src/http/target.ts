import { PunkuError } from '../core/error.ts'
import { foldName } from './fold.ts'

/** No route is near this long; a longer target is an attempt at something else, or a whole prompt in a URL. */
export const MAX_TARGET_LENGTH = 2_048

/** What a request asked for, in the one spelling the route table is written in. */
export interface Target {
  /** Starts with `/` and ends with none beside that; no empty, `.` or `..` segment, no escapes and no `;`. */
  readonly path: string
  /** As it came, without the `?`; empty when there is none. */
  readonly query: string
}

/** Where in a path a model's name begins, which may hold escapes; -1: nowhere. */
export type NameAt = (path: string) => number

const PLAIN = 0
const SLASH = 1
const DOT = 2
const PERCENT = 3
const QUESTION = 4
const SEMICOLON = 5
const REFUSED = 6

/** Parameters that no query may carry: some servers would take the model from there. */
export const REFUSED_PARAMETERS: readonly string[] = ['model', 'name']

/** What the walk through a target does at each ASCII character. */
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code <= 0x20 || code === 0x7f || code === 0x5c || code === 0x23) return REFUSED
  return { 47: SLASH, 46: DOT, 37: PERCENT, 63: QUESTION, 59: SEMICOLON }[code] ?? PLAIN
})

/** What a model's name in a path may decode to: what stands in a path as itself, and no dot segment. */
const DECODED_NAME = /^(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,=:@-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,=:@-]+)*$/

/**
 * Reads a request's target into its one canonical form, before any route is looked for: `/` that
 * stand in a row are one, and one at the end is none, as clients join a base URL and a path in every way. Of escapes
 * `%3A` is taken anywhere, as some clients write the colon of `llama3:8b` so. A model's name at the end of a path is
 * decoded once, as the SDKs escape its `/`; what it then holds must stand in a path as itself. All else that is not in
 * canonical form is refused, because the server behind may read it another way.
 *
 * @param nameAt default: no path holds a name
 * @throws PunkuError `invalid_request` that says which rule was broken.
 */
export function parseTarget(url: string, nameAt: NameAt = () => -1): Target {
  if (url.length > MAX_TARGET_LENGTH) throw refused(`it is longer than ${MAX_TARGET_LENGTH} characters`)
  if (url.charCodeAt(0) !== 0x2f) throw refused("it must be a path that starts with '/'")
  let pathEnd = -1
  let hasEmptySegment = false
  let hasColons = false
  let hasEscapes = false
  for (let i = 1; i < url.length; i++) {
    const kind = CLASSES[url.charCodeAt(i)] ?? REFUSED
    if (kind === PLAIN) continue
    if (kind === REFUSED) throw refusedCharacter(url.charCodeAt(i))
    if (pathEnd !== -1) continue
    if (kind === QUESTION) {
      pathEnd = i
    } else if (kind === SLASH) {
      if (url.charCodeAt(i - 1) === 0x2f) hasEmptySegment = true
    } else if (kind === DOT) {
      if (url.charCodeAt(i - 1) === 0x2f && isDotSegment(url, i)) throw refused("its path has a '.' or '..' segment")
    } else if (kind === SEMICOLON) {
      // Java's servers cut a segment there before they route.
      throw refused("its path has a ';'")
    } else if (isEscapedColon(url, i)) hasColons = true
    else hasEscapes = true
  }
  let path = pathEnd === -1 ? url : url.slice(0, pathEnd)
  if (hasEmptySegment) path = path.replaceAll(/\/{2,}/g, '/')
  if (path.length > 1 && path.endsWith('/')) path = path.slice(0, -1)
  if (hasColons) path = path.replaceAll(/%3a/gi, ':')
  if (hasEscapes) path = decodeNameIn(path, nameAt(path))
  return { path, query: pathEnd === -1 ? '' : url.slice(pathEnd + 1) }
}

/** The path with the name that begins at `at` decoded, once. */
function decodeNameIn(path: string, at: number): string {
  if (at === -1 || path.indexOf('%') < at) throw refused("its path has a percent escape other than '%3A'")
  const name = decodeName(path.slice(at).replaceAll('+', '%2B'))
  if (name === undefined || !DECODED_NAME.test(name)) {
    throw refused('its path has a percent escape that stands for no character of a model name')
  }
  return path.slice(0, at) + name
}

/**
 * The query to pass on: the parameters named in `allowed`, in their order and with their values as they came. All
 * others are dropped without a word: clients add their own (`?beta=true`), and none of them means anything here.
 *
 * @throws PunkuError `ambiguous_request` for a name that is one of `refused` in any letter case: there a model's name
 * would bypass the check of the body's.
 */
export function filterQuery(query: string, allowed: readonly string[], refused: readonly string[]): string {
  if (query === '') return ''
  const kept: string[] = []
  // Some parsers part at ';' too; taking both apart leaves nothing for them to find inside a value.
  for (const parameter of query.split(/[&;]/)) {
    const equals = parameter.indexOf('=')
    const name = decodeName(equals === -1 ? parameter : parameter.slice(0, equals))
    if (name === undefined) continue
    if (allowed.includes(name)) {
      kept.push(equals === -1 ? name : name + parameter.slice(equals))
    } else if (refused.includes(foldName(name))) {
      const param = foldName(name)
      throw new PunkuError(
        'ambiguous_request',
        `The query has a parameter '${param}'. The gateway reads it from the body only; leave it out of the URL.`,
        { param },
      )
    }
  }
  return kept.join('&')
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** Whether the segment that begins with the dot at `at` is `.` or `..`. */
function isDotSegment(url: string, at: number): boolean {
  const next = url.charCodeAt(at + 1) === 0x2e ? at + 2 : at + 1
  return next >= url.length || url.charCodeAt(next) === 0x2f || url.charCodeAt(next) === 0x3f
}

function isEscapedColon(url: string, at: number): boolean {
  const last = url.charCodeAt(at + 2) | 0x20
  return url.charCodeAt(at + 1) === 0x33 && last === 0x61
}

function refusedCharacter(code: number): PunkuError {
  if (code === 0x5c) return refused('it has a backslash')
  if (code === 0x23) return refused("it has a '#'; fragments are not sent to a gateway")
  if (code > 0x7f) return refused('it has a character outside ASCII')
  return refused('it has a space or a control character')
}

function refused(rule: string): PunkuError {
  return new PunkuError('invalid_request', `The request target is refused: ${rule}. Use the plain path of the API.`)
}
