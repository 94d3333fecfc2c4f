import type { IncomingHttpHeaders } from 'node:http'
import type { HeaderView } from '../../http/headers.ts'
import { parseContentLength, tokenList } from '../../http/message-syntax.ts'

/** About one connection, its framing, or who else the client is: each side has its own. */
const OF_ONE_CONNECTION = [
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'http2-settings', 'content-length', 'date', 'set-cookie'],
] as const

/** What stays here of a request: also every credential, in place of which the key is sent, and where the client is. */
const KEPT_OF_REQUESTS: ReadonlySet<string> = new Set([
  ...OF_ONE_CONNECTION,
  ...['host', 'expect', 'authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'origin', 'referer'],
  ...['forwarded', 'via', 'x-real-ip'],
])
const KEPT_PREFIXES = ['x-forwarded-', 'sec-fetch-', 'access-control-'] as const

const KEPT_OF_ANSWERS: ReadonlySet<string> = new Set(OF_ONE_CONNECTION)

/**
 * The fields that go to the gateway: those of the client but for what stays here, and `added`, before which the client's
 * of the same name give way. Names and values in turn.
 */
export function forwardedRequestFields(headers: HeaderView, added: ReadonlyMap<string, string>): string[] {
  const options = connectionOptions(headers.all('connection').join())
  const fields = [...added].flat()
  for (const [at, name] of headers.names.entries()) {
    if (KEPT_OF_REQUESTS.has(name) || KEPT_PREFIXES.some((prefix) => name.startsWith(prefix))) continue
    if (added.has(name) || options.includes(name)) continue
    fields.push(name, headers.values[at] as string)
  }
  return fields
}

/** The fields of an answer that go to the client, names and values in turn. None lets a web page read it. */
export function forwardedAnswerFields(headers: IncomingHttpHeaders): string[] {
  const options = connectionOptions(String(headers.connection ?? ''))
  const fields: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (KEPT_OF_ANSWERS.has(name) || name.startsWith('access-control-') || options.includes(name)) continue
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) fields.push(name, one)
  }
  return fields
}

/** How long the body of an answer is, in bytes; `undefined`: only its end tells. */
export function answerBytes({ 'content-length': text }: IncomingHttpHeaders): number | undefined {
  const bytes = parseContentLength(text ?? '')
  return Number.isNaN(bytes) ? undefined : bytes
}

function connectionOptions(value: string): readonly string[] {
  return value === '' ? [] : tokenList(value)
}
