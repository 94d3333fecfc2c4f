import { WebSocket } from 'ws'
import type { Clock } from '../core/clock.ts'
import type { Secret } from '../core/secret.ts'
import { SOFTWARE } from '../core/version.ts'
import type { GatewayAddress } from '../http-client/gateway-address.ts'
import { GatewayError, MAY_SPEAK_TLS } from '../http-client/gateway-error.ts'
import { retryAfterMs } from '../http-client/retry-after.ts'
import { SUBPROTOCOL } from '../protocol/limits.ts'
import { SOCKET_OPTIONS } from '../tunnel/link-socket.ts'

/** Until the WebSocket is open: proxy, TLS and handshake together. */
const DIAL_TIMEOUT_MS = 15_000

/**
 * Opens a WebSocket to the gateway with an access token. `signal` gives up on one that is not open yet; it must not be
 * aborted later. Rejects with `GatewayError`; `unauthorized` when the gateway does not take the token.
 */
export type Dial = (token: Secret, signal: AbortSignal) => Promise<WebSocket>

export interface DialerOptions {
  readonly address: GatewayAddress
  readonly clock: Clock
  /** Until the WebSocket is open. Default 15 s. */
  readonly timeoutMs?: number
}

/** Dials `/tunnel` of that gateway. The token goes in a header, and nowhere else; redirects are not followed. */
export function dialer({ address, clock, timeoutMs = DIAL_TIMEOUT_MS }: DialerOptions): Dial {
  return async (token, signal) => {
    const giveUp = new AbortController()
    const way = await address.way(giveUp.signal)
    return await new Promise((resolve, reject) => {
      const url = address.endpoint('/tunnel')
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      const socket = new WebSocket(url, [SUBPROTOCOL], {
        agent: way.agent,
        headers: { authorization: `Bearer ${token.reveal()}`, 'user-agent': SOFTWARE },
        ...SOCKET_OPTIONS,
        followRedirects: false,
      })
      // Of our own: the handshake timeout of `ws` only begins once a proxy has answered.
      const timer = clock.after(timeoutMs, () => fail(way.late('The gateway did not open the link in time.')))
      const onAbort = (): void => fail(new GatewayError('unreachable', 'The attempt was given up.'))
      const settle = (): void => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', onAbort)
      }
      const fail = (error: GatewayError): void => {
        settle()
        reject(error)
        giveUp.abort()
        socket.terminate()
      }
      // It stays: what is said after the end of a failed attempt is nobody's any more.
      socket.on('error', (error) => {
        fail(way.refusal() ?? (way.isOpen() ? handshakeError(error) : undefined) ?? way.explain(error))
      })
      socket.once('unexpected-response', (_request, response) => {
        response.destroy()
        const isTls = url.protocol === 'wss:'
        fail(way.refusal() ?? unexpected(response.statusCode ?? 0, response.headers['retry-after'], isTls))
      })
      socket.once('open', () => {
        settle()
        resolve(socket)
      })
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) onAbort()
    })
  }
}

/** What `ws` itself says when the answer is no handshake: such errors have no code of the system's. */
function handshakeError(error: Error & { readonly code?: unknown }): GatewayError | undefined {
  if (error.code !== undefined) return undefined
  return new GatewayError(
    'invalid',
    'What answers there speaks no version of the tunnel that this agent knows. Check the address, and the versions of both.',
  )
}

function unexpected(status: number, retryAfter: string | undefined, isTls: boolean): GatewayError {
  if (status === 401) {
    return new GatewayError('unauthorized', 'The gateway does not take the access token.', { status })
  }
  const isAway = status >= 500 || status === 429
  return new GatewayError(
    'rejected',
    isAway
      ? `The gateway, or what stands before it, is not ready for links (status ${status}).`
      : `The gateway refused the link with status ${status}. Check the address, and the versions of both.${status === 400 && !isTls ? MAY_SPEAK_TLS : ''}`,
    { status, retryAfterMs: retryAfterMs(retryAfter) },
  )
}
