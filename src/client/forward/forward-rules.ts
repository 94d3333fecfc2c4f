import { timingSafeEqual } from 'node:crypto'
import { PunkuError } from '../../core/error.ts'
import { isLoopbackHost } from '../../core/loopback.ts'
import { type HeaderView, refuseUnsafeHeaders } from '../../http/headers.ts'
import { parseTarget } from '../../http/target.ts'
import type { ServerRequest } from '../../http-server/server-request.ts'

/** How a program on this machine names a loopback port. */
const OWN_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?$/i
const HTTP_PORT = 80

/** What a browser says of a request that no page of another site made (Fetch Metadata). */
const OWN_SITES: ReadonlySet<string> = new Set(['none', 'same-origin'])

/** The APIs of models, and nothing else of a gateway: with the key of a person more could be asked there. */
const MODEL_PATH = /^\/(?:api|v1)\/./

/** Where on a path a model's name begins. */
const NAMED_MODEL = '/v1/models/'

/**
 * Refuses what is not for a forwarder on this machine: requests that a web page can make a browser send, whatever name
 * led it here (DNS rebinding), and paths that are no API of models. `port` is the one it listens on.
 * @throws PunkuError
 */
export function refuseUnforwarded({ headers, head, target, method }: ServerRequest, port: number): void {
  refuseForeignHost(headers, port)
  refuseWebPages(headers, port)
  if (head.framing === 'unclear') {
    throw new PunkuError(
      'invalid_request',
      'The request frames its body by a transfer coding that is not read here. Send Content-Length, or HTTP/1.1 with chunked alone.',
    )
  }
  refuseUnsafeHeaders(headers)
  const { path } = parseTarget(target, (given) => (given.startsWith(NAMED_MODEL) ? NAMED_MODEL.length : -1))
  const isRoot = path === '/' && (method === 'GET' || method === 'HEAD')
  if (isRoot || MODEL_PATH.test(path)) return
  throw new PunkuError(
    'route_not_found',
    'Only the APIs of models are forwarded: /api/… and /v1/…. Ask the gateway itself for anything else.',
  )
}

/**
 * Refuses a request that does not show the pass: `Bearer`, the password of `Basic`, or a key in a header of its own.
 * @throws PunkuError
 */
export function refuseWithoutPass(headers: HeaderView, pass: string | undefined): void {
  if (pass === undefined || credentialsIn(headers).some((shown) => isSame(shown, pass))) return
  throw new PunkuError(
    'key_unknown',
    'This port serves one run of a tool alone, by a pass that the tool was given as its key. Something made it send another one: a setting of its own, or of this project.',
  )
}

function credentialsIn(headers: HeaderView): readonly string[] {
  const given = headers.all('authorization').map((value) => {
    const [, scheme = '', text = ''] = /^(\S+) +(\S+)$/.exec(value) ?? []
    return scheme.toLowerCase() === 'basic'
      ? Buffer.from(text, 'base64')
          .toString()
          .replace(/^[^:]*:/, '')
      : text
  })
  return [...given, ...['x-api-key', 'api-key', 'x-goog-api-key'].flatMap((name) => headers.all(name))]
}

/** In a time that does not tell how much of it is right. */
function isSame(shown: string, pass: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(pass)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function refuseForeignHost(headers: HeaderView, port: number): void {
  const hosts = headers.all('host')
  const match = hosts.length === 1 ? OWN_HOST.exec(hosts[0] as string) : null
  if (match !== null && Number(match[1] ?? HTTP_PORT) === port) return
  throw new PunkuError(
    'host_not_allowed',
    `This port forwards for programs on this machine alone, by the name 127.0.0.1:${port} or localhost:${port}. The Host header names something else.`,
  )
}

function refuseWebPages(headers: HeaderView, port: number): void {
  const { names } = headers
  const isPages =
    names.includes('origin') ||
    names.includes('access-control-request-method') ||
    headers.all('sec-fetch-site').some((site) => !OWN_SITES.has(site.toLowerCase())) ||
    headers.all('sec-fetch-mode').some((mode) => /navigate|websocket/i.test(mode)) ||
    headers.all('referer').some((page) => !isOwnPage(page, port))
  if (!isPages) return
  throw new PunkuError(
    'origin_not_allowed',
    'A web page, or a browser, sent this request. This port forwards with the key of the person who started it, for programs alone: no page may use it. A page can ask the gateway itself, with a key of its own.',
  )
}

function isOwnPage(text: string, port: number): boolean {
  const page = URL.parse(text)
  return page?.protocol === 'http:' && isLoopbackHost(page.hostname) && Number(page.port || HTTP_PORT) === port
}
