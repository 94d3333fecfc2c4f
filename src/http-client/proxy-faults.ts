import { codeOf, connectionError, GatewayError } from './gateway-error.ts'
import { speaksNoTls } from './tls-mismatch.ts'

/** What a proxy answered to CONNECT. */
export interface ProxyAnswer {
  /** `NaN` where its first line has none. */
  readonly statusCode: number
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

const PROXY = 'The proxy of this network (HTTPS_PROXY)'
/** What a proxy may ask for that is not spoken here. */
const SCHEMES = ['Negotiate', 'NTLM', 'Kerberos', 'Digest', 'Bearer']

const fault = (what: string, status?: number): GatewayError =>
  new GatewayError('proxy', `${PROXY} ${what}`, status === undefined ? {} : { status })

/** The proxy has not answered CONNECT: what the socket, TLS or the library said. */
export function proxyFailed(thrown: unknown, isTls: boolean): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const code = codeOf(thrown)
  if (isTls && speaksNoTls(thrown)) {
    return fault('speaks no TLS, and its setting begins with https://. Write it with http://.')
  }
  if (code === 'ECONNRESET') return hungUp()
  if (code !== '') return fault(`cannot be reached (${code}).`)
  // The library's own words, which have no code.
  const message = thrown instanceof Error ? thrown.message : ''
  if (message.startsWith('Proxy connection ended')) return hungUp()
  return /header/i.test(message) ? noHttp() : fault('cannot be reached.')
}

/** The proxy said that the way is open, and then it was not. */
export function failedBehind({ headers }: ProxyAnswer, thrown: unknown, isTls: boolean): GatewayError {
  const error = connectionError(thrown, isTls)
  if (error.code === 'untrusted') return error
  // An open way has no content (RFC 9110, section 9.3.6).
  const hasContent = headers['content-type'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (hasContent) {
    return fault(
      'answered with a page of its own in place of opening the way to the gateway. It may want a sign-in: open a page in a browser, or ask who runs the network.',
      200,
    )
  }
  if (speaksNoTls(thrown)) {
    return fault(
      "opened the way, and what answers there speaks no TLS. Check the port of the gateway's address; if that is right, the proxy answers in its place, and who runs the network can let it pass.",
      200,
    )
  }
  return error
}

/** Neither did the proxy answer in time. */
export const proxyLate = (): GatewayError =>
  fault('did not answer in time. Check its setting, and that the gateway may be reached by it.')

/** The proxy did not open the way. */
export function proxyRefused(
  { statusCode: status, headers }: ProxyAnswer,
  { hasCredentials }: { readonly hasCredentials: boolean },
): GatewayError {
  if (!Number.isInteger(status) || status < 100 || status > 599) return noHttp()
  if (status === 407) return unauthorized([headers['proxy-authenticate'] ?? []].flat(), hasCredentials)
  if (status === 403) {
    return fault(
      'does not let connections to the gateway pass (status 403). Who runs the network can allow it.',
      status,
    )
  }
  if (status === 502 || status === 503 || status === 504) {
    return fault(
      `found no way to the gateway (status ${status}). Check the gateway's address and that it runs, or name it in NO_PROXY if it is in this network.`,
      status,
    )
  }
  return fault(`refused the way to the gateway with status ${status}. Who runs the network knows why.`, status)
}

function unauthorized(offers: readonly string[], hasCredentials: boolean): GatewayError {
  const isOffered = (scheme: string) => offers.some((offer) => new RegExp(`(?:^|,)\\s*${scheme}\\b`, 'i').test(offer))
  const others = SCHEMES.filter(isOffered)
  if (others.length > 0 && !isOffered('Basic')) {
    return fault(
      `asks for a sign-in by ${others.join(' or ')}, which is not spoken here: only a user and a password (Basic). Have the gateway excepted, or put a program between that signs in (cntlm, px) and name that in HTTPS_PROXY.`,
      407,
    )
  }
  return hasCredentials
    ? fault('does not take the user and the password in its setting.', 407)
    : fault('asks for a user and a password: put them into its setting, as in http://user:password@proxy:3128.', 407)
}

const hungUp = () =>
  fault('closed the connection without an answer. Check that its setting names a proxy, and its port.')

const noHttp = () =>
  fault('answered with something that is no HTTP. Check that its setting names a proxy, and its port.')
