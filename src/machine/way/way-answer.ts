import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { Clock } from '../../core/clock.ts'
import { SOFTWARE } from '../../core/version.ts'
import type { GatewayAddress } from '../../http-client/gateway-address.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'

/** One question of the walk, by the way that a tool on this machine would take. */
export interface WayQuestion {
  /** Begins with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent by POST. Default: GET without one. */
  readonly body?: string
  /** Any certificate will do: only for what carries no key. Default: false. */
  readonly trustsAnyone?: boolean
  /** Until the answer's head is there. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** What the other side showed to prove who it is. */
export interface PeerCertificate {
  /** Why this machine does not trust it, in the word of Node or OpenSSL; `undefined`: it does. */
  readonly fault: string | undefined
  /** The common name of whoever signed it, or all that is said of them. */
  readonly issuer: string
  /** The names that it holds for. */
  readonly names: string
  readonly validFromAt: number
  readonly validToAt: number
  /** The server sent no certificate but its own, and somebody else signed that. */
  readonly isAlone: boolean
}

/** An answer whose head is there. Whoever does not read the body to its end disposes it. */
export interface WayAnswer extends Disposable {
  readonly status: number
  /** Names in lower case; of several of a name all, joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** `undefined`: it came over plain HTTP. */
  readonly certificate: PeerCertificate | undefined
  /** The body as it comes. Throws GatewayError where it breaks off. */
  readonly body: AsyncIterable<Uint8Array>
  /** The body as text, of which no more is read than `maxBytes`, and for no longer than its head may take. Throws as `body` does. */
  text(maxBytes?: number): Promise<string>
}

const MAX_TEXT_BYTES = 1_048_576

/**
 * Asks one question on a connection of its own, and follows no redirect.
 * @throws GatewayError when no answer begins.
 */
export async function askByWay(
  address: GatewayAddress,
  { path, headers = {}, body, trustsAnyone = false, timeoutMs, signal }: WayQuestion,
  clock: Clock,
): Promise<WayAnswer> {
  const giveUp = new AbortController()
  const way = await address.way(giveUp.signal)
  const url = address.endpoint(path)
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  let isLate = false
  const request = send(url, {
    method: body === undefined ? 'GET' : 'POST',
    agent: way.agent,
    headers: { ...headers, 'user-agent': SOFTWARE, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(trustsAnyone && { rejectUnauthorized: false }),
  })
  const leave = () => void request.destroy()
  using _timer = clock.after(timeoutMs, () => {
    isLate = true
    leave()
    giveUp.abort()
  })
  signal.addEventListener('abort', leave, { once: true })
  const explained = (thrown: unknown): GatewayError =>
    isLate ? way.late('The gateway did not answer in time.') : (way.refusal() ?? way.explain(thrown))
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.on('error', reject)
      // To another protocol, which nobody asked for: no answer comes then.
      request.once('upgrade', (_response, socket) => {
        socket.destroy()
        reject(new GatewayError('invalid', 'What answers switches to another protocol, which nobody asked for.'))
      })
      request.once('close', () => reject(new Error('the connection was closed before an answer')))
      request.end(body)
    })
    response.once('close', () => signal.removeEventListener('abort', leave))
    const refusal = way.refusal()
    const late = () => way.late('The gateway began to answer, and did not end in time.')
    if (refusal === undefined) return answerOf(response, explained, { clock, timeoutMs, late })
    response.destroy()
    throw refusal
  } catch (thrown) {
    signal.removeEventListener('abort', leave)
    giveUp.abort()
    throw thrown instanceof GatewayError ? thrown : explained(thrown)
  }
}

interface Patience {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly late: () => GatewayError
}

function answerOf(
  response: IncomingMessage,
  explained: (thrown: unknown) => GatewayError,
  { clock, timeoutMs, late }: Patience,
): WayAnswer {
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of response as AsyncIterable<Uint8Array>) yield chunk
    } catch (thrown) {
      throw explained(thrown)
    }
  }
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(response.headersDistinct).map(([name, values]) => [name, values?.join(', ') ?? '']),
    ),
    certificate: certificateOf(response),
    body: body(),
    async text(maxBytes = MAX_TEXT_BYTES) {
      const chunks: Uint8Array[] = []
      let bytes = 0
      let isLate = false
      using _timer = clock.after(timeoutMs, () => {
        isLate = true
        response.destroy()
      })
      try {
        for await (const chunk of body()) {
          chunks.push(chunk)
          bytes += chunk.length
          if (bytes >= maxBytes) break
        }
      } catch (thrown) {
        throw isLate ? late() : thrown
      }
      if (isLate) throw late()
      return Buffer.concat(chunks).toString('utf8', 0, maxBytes)
    },
    [Symbol.dispose]: () => void response.destroy(),
  }
}

function certificateOf({ socket }: IncomingMessage): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const { authorized, authorizationError } = socket
  return {
    fault: authorized ? undefined : String(authorizationError ?? 'UNKNOWN'),
    issuer: /^CN=(.+)$/m.exec(certificate.issuer)?.[1] ?? certificate.issuer.replaceAll('\n', ', '),
    names: certificate.subjectAltName ?? certificate.subject,
    validFromAt: certificate.validFromDate.getTime(),
    validToAt: certificate.validToDate.getTime(),
    isAlone: certificate.issuerCertificate === undefined && certificate.issuer !== certificate.subject,
  }
}
