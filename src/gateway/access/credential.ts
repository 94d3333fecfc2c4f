import { PunkuError } from '../../core/error.ts'
import { keyMalformed } from './key-refusals.ts'

/** Printable ASCII without the comma, which would make one header line a list. */
const TOKEN = /^[!-+\--~]+$/
/** What stands for a key of this gateway, also where it is broken, written in capitals or one of a list. */
const KEY_LIKE = /(?:^|[\s,;:"'])pk_/i
/** `scheme SP token`, and the scheme once more, as clients write it that add one to what has one. */
const BEARER = /^(?:bearer(?: +|$))+/i
/** RFC 7617: `user:password` in base64. */
const BASIC = /^basic +([A-Za-z0-9+/_-]+={0,2})$/i

/** The headers that a key is read from, in lower case. */
export const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  ...['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'],
])

/** Parameters of a query in which clients of other services put a key. */
const QUERY_NAMES: ReadonlySet<string> = new Set([...['key', 'api_key', 'api-key', 'apikey', 'access_token', 'token']])

// No text here names `x-api-key`: Claude Code shows "Not logged in" in place of any error with these letters.
const KEY_ADVICE = 'Send one key as `Authorization: Bearer <key>`.'

/** Where a credential may stand beside the headers. */
export interface CredentialPlaces {
  /** Of `/k/<key>/…`. */
  readonly pathKey?: string | undefined
  /** Without `?`. No key is taken from it. */
  readonly query?: string | undefined
}

/**
 * The credential that a request presents, unverified: from `Authorization` (as `Bearer`, or as the user or password of
 * `Basic`), `x-api-key`, `api-key`, `x-goog-api-key`, or the path. The same one in several places is one. An empty value
 * is none; what is plainly no key of this gateway counts only where there is no other.
 *
 * Throws `key_missing`, `key_malformed` (not ASCII, another scheme, a list, a header given twice, in the query) or
 * `conflicting_credentials`; no message holds any of it.
 *
 * `rawHeaders` are names and values in turn, as `node:http` has them: only there a header given twice is still two.
 */
export function readCredential(rawHeaders: readonly string[], { pathKey, query = '' }: CredentialPlaces = {}): string {
  const presented = new Presented()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = credentialHeader(rawHeaders[at] as string)
    if (name !== undefined) presented.addHeader(name, rawHeaders[at + 1] as string)
  }
  if (pathKey !== undefined) presented.addKey(pathKey, 'The key in the path')
  if (query !== '') refuseKeyInQuery(query, presented.key !== undefined)
  return presented.only()
}

/** What was found so far. */
class Presented {
  key: string | undefined
  /** Why what is no key of this gateway cannot be used. */
  #stranger: PunkuError | undefined
  #names: string[] = []

  addHeader(name: string, value: string): void {
    const text = value.replace(BEARER, '').trim()
    if (text === '') return
    if (this.#names.includes(name)) throw givenTwice()
    this.#names.push(name)
    const place = 'A header for the key'
    const pair = name === 'authorization' ? BASIC.exec(text)?.[1] : undefined
    if (pair !== undefined) this.#addPair(Buffer.from(pair, 'base64').toString('latin1'))
    else if (KEY_LIKE.test(text)) this.addKey(text, place)
    else this.#stranger ??= name === 'authorization' && text === value ? noScheme(text) : keyMalformed()
  }

  /** `text` is meant as a key of this gateway, whatever it is. */
  addKey(text: string, place: string): void {
    if (!TOKEN.test(text)) throw brokenKey(text, place)
    if (this.key !== undefined && this.key !== text) throw conflict()
    this.key = text
  }

  only(): string {
    if (this.key !== undefined) return this.key
    throw this.#stranger ?? new PunkuError('key_missing', `This gateway needs a key. ${KEY_ADVICE}`)
  }

  #addPair(pair: string): void {
    const colon = pair.indexOf(':')
    const keys = colon === -1 ? [] : [pair.slice(0, colon), pair.slice(colon + 1)].filter((text) => KEY_LIKE.test(text))
    for (const text of keys) this.addKey(text, 'The user or password')
    if (keys.length === 0) this.#stranger ??= noKeyInPair()
  }
}

function credentialHeader(name: string): string | undefined {
  // Most names are told apart by their length alone.
  const { length } = name
  if (length !== 13 && length !== 9 && length !== 7 && length !== 14) return undefined
  const lower = name.toLowerCase()
  return CREDENTIAL_HEADERS.has(lower) ? lower : undefined
}

/** A key in a URL stands in histories and logs. One of this gateway is told so; another's only where there is no key. */
function refuseKeyInQuery(query: string, hasKey: boolean): void {
  for (const parameter of query.split(/[&;]/)) {
    const equals = parameter.indexOf('=')
    const name = decoded(parameter.slice(0, Math.max(equals, 0))).toLowerCase()
    if (!QUERY_NAMES.has(name)) continue
    const value = decoded(parameter.slice(equals + 1))
    if (value === '' || (hasKey && !KEY_LIKE.test(value))) continue
    throw new PunkuError(
      'key_malformed',
      `The key stands in the URL, as \`?${name}=\`. It is not read there, because URLs end up in logs. ${KEY_ADVICE}`,
    )
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function brokenKey(text: string, place: string): PunkuError {
  const fault = text === '' ? 'is empty' : 'holds a space, a comma or a character that is not ASCII'
  return new PunkuError('key_malformed', `${place} ${fault}. ${KEY_ADVICE}`)
}

function noScheme(value: string): PunkuError {
  if (!value.includes(' ')) {
    // Ollama's client signs requests with a key pair of its own and sends `<public key>:<signature>`.
    return new PunkuError(
      'key_malformed',
      'The `Authorization` header has no scheme. Put `Bearer ` before the key. ' +
        "(A signature by Ollama's own client is not taken here: give that client the key as a header.)",
    )
  }
  return new PunkuError(
    'key_malformed',
    `The \`Authorization\` header uses neither the scheme Bearer nor Basic. ${KEY_ADVICE}`,
  )
}

const noKeyInPair = () =>
  new PunkuError(
    'key_malformed',
    'The user and password hold no key of this gateway. Put the key (`pk_…`) in the place of the password.',
  )

const conflict = () =>
  new PunkuError(
    'conflicting_credentials',
    'The request carries two different keys of this gateway, in its headers or its path. Send one, or the same in each.',
  )

const givenTwice = () =>
  new PunkuError('key_malformed', `The request has the same header for the key more than once. ${KEY_ADVICE}`)
