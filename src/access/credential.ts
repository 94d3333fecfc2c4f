import { PunkuError } from '../core/error.ts'

/** Printable ASCII without the comma, which would make one header line a list. */
const TOKEN = /^[!-+\--~]+$/
/** `scheme SP token`; a scheme alone has an empty credential. */
const BEARER = /^bearer(?: +|$)/i
const KEY_ADVICE = 'Send one key as `Authorization: Bearer <key>` or `x-api-key: <key>`.'

/**
 * The credential that a request presents, unverified: from `Authorization: Bearer`, `x-api-key`, or the path. The same
 * one in several places is one. Throws `key_missing`, `key_malformed` (empty, not ASCII, another scheme, a list, a
 * header given twice) or `conflicting_credentials`; no message holds any of it.
 *
 * `rawHeaders` are names and values in turn, as `node:http` has them: only there a header given twice is still two.
 */
export function readCredential(rawHeaders: readonly string[], pathKey?: string): string {
  let authorization: string | undefined
  let apiKey: string | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    // Most names are told apart by their length alone.
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      if (authorization !== undefined) throw givenTwice('Authorization')
      authorization = bearerToken(rawHeaders[at + 1] as string)
    } else if (name.length === 9 && name.toLowerCase() === 'x-api-key') {
      if (apiKey !== undefined) throw givenTwice('x-api-key')
      apiKey = rawHeaders[at + 1] as string
      requireToken(apiKey, 'The `x-api-key` header')
    }
  }
  if (pathKey !== undefined) requireToken(pathKey, 'The key in the path')

  const presented = authorization ?? apiKey ?? pathKey
  if (presented === undefined) throw new PunkuError('key_missing', `This gateway needs a key. ${KEY_ADVICE}`)
  if ((apiKey !== undefined && apiKey !== presented) || (pathKey !== undefined && pathKey !== presented)) {
    throw new PunkuError(
      'conflicting_credentials',
      'The request carries two different keys, in `Authorization`, `x-api-key` or the path. Send one, or the same in each.',
    )
  }
  return presented
}

function bearerToken(value: string): string {
  const scheme = BEARER.exec(value)
  if (scheme === null) throw notBearer(value)
  const token = value.slice(scheme[0].length)
  requireToken(token, 'The `Authorization` header')
  return token
}

function requireToken(token: string, place: string): void {
  if (TOKEN.test(token)) return
  const fault = token === '' ? 'has no key in it' : 'holds a space, a comma or a character that is not ASCII'
  throw new PunkuError('key_malformed', `${place} ${fault}. ${KEY_ADVICE}`)
}

function notBearer(value: string): PunkuError {
  if (value !== '' && !value.includes(' ')) {
    // Ollama's client signs requests with a key pair of its own and sends `<public key>:<signature>`.
    return new PunkuError(
      'key_malformed',
      'The `Authorization` header has no scheme. Put `Bearer ` before the key. ' +
        "(A signature by Ollama's own client is not taken here: give that client the key as a header.)",
    )
  }
  return new PunkuError('key_malformed', `The \`Authorization\` header does not use the scheme Bearer. ${KEY_ADVICE}`)
}

function givenTwice(header: string): PunkuError {
  return new PunkuError('key_malformed', `The request has more than one \`${header}\` header. ${KEY_ADVICE}`)
}
