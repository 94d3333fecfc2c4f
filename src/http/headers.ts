import type { IncomingHttpHeaders } from 'node:http'
import { PunkuError } from '../core/error.ts'
import { answerType } from './answer-type.ts'

/**
 * A request's headers under lower-case names, built in one pass over `rawHeaders`. It holds no joined or dropped
 * duplicates as `IncomingMessage.headers` does, which also costs more to build than a request's few look-ups.
 */
export class HeaderView {
  /** Names in lower case; `values` has their values at the same places. */
  readonly names: readonly string[]
  readonly values: readonly string[]

  /** `rawHeaders`: name, value, name, value … as Node gives them. */
  constructor(rawHeaders: readonly string[]) {
    const names: string[] = []
    const values: string[] = []
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      names.push((rawHeaders[i] as string).toLowerCase())
      values.push(rawHeaders[i + 1] as string)
    }
    this.names = names
    this.values = values
  }

  /** The first value; `undefined` when there is none. `name` is lower case here and below. */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name)
    return index === -1 ? undefined : this.values[index]
  }

  count(name: string): number {
    let count = 0
    for (const other of this.names) if (other === name) count++
    return count
  }

  /** Every value, in the order they came. */
  all(name: string): string[] {
    return this.values.filter((_, index) => this.names[index] === name)
  }
}

/** Headers that decide how a request is read: a second one may be the one that another reader takes. */
const SINGLE_HEADERS = ['host', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding'] as const

/** Headers by which it is decided what a request is, who sends it and from where. */
const DECIDING_HEADERS: ReadonlySet<string> = new Set([
  ...SINGLE_HEADERS,
  ...['connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'http2-settings', 'expect'],
  ...['authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie'],
  ...['forwarded', 'via', 'x-real-ip', 'origin', 'access-control-request-method', 'access-control-request-headers'],
])
const DECIDING_PREFIXES = ['x-forwarded-', 'sec-fetch-', 'x-punku-'] as const

/**
 * Refuses headers that two readers could take in two ways: a name with an underscore that CGI-like servers read as one
 * that decides something (`content_length`), and a second `host` or second header that says how to read the body, unless
 * it is the same `content-type` again. Any other name with an underscore is nobody's, and stays here.
 *
 * @throws PunkuError `invalid_request` that says which rule was broken.
 */
export function refuseUnsafeHeaders(headers: HeaderView): void {
  for (const name of headers.names) {
    if (name.includes('_') && isDeciding(name.replaceAll('_', '-'))) {
      throw new PunkuError(
        'invalid_request',
        `The header '${name}' has an underscore, which some servers read as a dash, and then it decides how this request is taken. Use a dash.`,
      )
    }
  }
  for (const name of SINGLE_HEADERS) {
    if (headers.count(name) < 2) continue
    if (name === 'content-type' && new Set(headers.all(name)).size === 1) continue
    throw new PunkuError('invalid_request', `The header '${name}' was sent more than once. Send it once.`)
  }
}

function isDeciding(name: string): boolean {
  return DECIDING_HEADERS.has(name) || DECIDING_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/** Request headers passed to the upstream. All others stay here, so a new header of some client leaks nothing. */
export const FORWARDED_REQUEST_HEADERS: ReadonlySet<string> = new Set([
  // How the body is to be read and the answer written. Its length and encoding are the gateway's own: it was decoded.
  'accept',
  'content-type',
  // Who asks, for the upstream's own log.
  'user-agent',
  'x-app',
  // Which form and which features of the API the client speaks.
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
  // The client's own conversation, by which a server may find its prompt cache again.
  'x-claude-code-session-id',
  'x-claude-code-agent-id',
  'x-claude-code-parent-agent-id',
  'x-session-id',
  'x-session-affinity',
])

/** What the official SDKs say of themselves and their retries: a family of names, all harmless. */
const SDK_PREFIX = 'x-stainless-'

/**
 * The headers of the upstream request as undici takes them: name, value, name, value …, names in lower case. The
 * caller of this adds the upstream's credential; `host` and `content-length` come from undici.
 *
 * Never here: `host`, `origin`, `referer` (the upstream's own checks would fail or be fooled), `cookie`,
 * `authorization`, `x-api-key` (credentials of this gateway), `forwarded` and `x-forwarded-*` (facts about the client),
 * and hop-by-hop headers with whatever `connection` names.
 */
export function requestHeadersFor(headers: HeaderView): string[] {
  // The observer reads the answer as it passes, so it must not be compressed.
  const outgoing = ['accept-encoding', 'identity']
  const { names, values } = headers
  const hopByHop = connectionOptions(headers)
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (!FORWARDED_REQUEST_HEADERS.has(name) && !name.startsWith(SDK_PREFIX)) continue
    // Whoever reads an underscore as a dash would have it twice.
    if (name.includes('_')) continue
    if (name === 'content-type' && outgoing.includes(name)) continue
    if (hopByHop.includes(name)) continue
    const value = values[i] as string
    if (isPlainValue(value)) outgoing.push(name, value)
  }
  return outgoing
}

/** The names in `connection`, in lower case: what they name is meant for this connection alone (RFC 9110, 7.6.1). */
function connectionOptions(headers: HeaderView): readonly string[] {
  const value = headers.count('connection') > 1 ? headers.all('connection').join() : headers.get('connection')
  return value === undefined ? [] : value.toLowerCase().split(/[\t ]*,[\t ]*/)
}

/** Upstream response headers passed to the client. */
export const FORWARDED_RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  // What the body is. It is never encoded: what an upstream compresses against our wish was decoded.
  'content-type',
  'content-disposition',
  'cache-control',
  // When and whether to ask again; both official SDKs obey these.
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  // Facts about the answer. Not `openai-organization`: it names the owner's account.
  'openai-model',
  'openai-processing-ms',
  'openai-version',
])

/** The upstream's own limits, which clients slow down by. */
const LIMIT_PREFIXES = ['anthropic-ratelimit-', 'x-ratelimit-'] as const

/**
 * The headers of an upstream's response that go to the client: name, value, name, value …, names in lower case.
 *
 * Never here: `set-cookie`, `location`, `access-control-*`, `www-authenticate` (they would act in the name of this
 * gateway's host), `server`, `date`, `x-request-id` (the gateway's own stand there), `content-length` and hop-by-hop
 * headers (the gateway frames its response itself), `*-organization*` (the owner's account). The `content-type` is one
 * that no browser makes a page of, and always there.
 */
export function responseHeadersFor(status: number, headers: IncomingHttpHeaders): string[] {
  const outgoing = ['content-type', answerType(status, headers['content-type'])]
  for (const name of Object.keys(headers)) {
    if (name === 'content-type') continue
    if (!FORWARDED_RESPONSE_HEADERS.has(name) && !LIMIT_PREFIXES.some((prefix) => name.startsWith(prefix))) continue
    const value = headers[name]
    for (const line of typeof value === 'string' ? [value] : (value ?? [])) {
      if (isPlainValue(line)) outgoing.push(name, line)
    }
  }
  return outgoing
}

/** Whether a value may stand in a header as it is: Node and undici throw on some of the others, peers differ on all. */
function isPlainValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value)
}
