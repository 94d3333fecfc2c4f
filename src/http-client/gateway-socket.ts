import { connect, isIP, type Socket } from 'node:net'
import type { ConnectionOptions, SecureContext } from 'node:tls'

/** Whom to trust, where TLS is spoken, and what gives up. */
export interface GatewaySocketOptions {
  readonly signal: AbortSignal
  readonly secureContext?: SecureContext
}

/** Connects straight to the host of a URL, with TLS where that is https. Rejects with what the socket or TLS said. */
export async function openGatewaySocket(url: URL, { signal, secureContext }: GatewaySocketOptions): Promise<Socket> {
  const { host, port, isTls } = authorityOf(url)
  if (!isTls) return await untilOpen(connect({ host, port, noDelay: true }), 'connect', signal)
  const socket = process.getBuiltinModule('node:tls').connect({
    host,
    port,
    ...tlsOptions(host),
    ...(secureContext && { secureContext }),
  })
  return await untilOpen(socket.setNoDelay(true), 'secureConnect', signal)
}

/** Where a URL leads: a host without brackets, and a port. */
export function authorityOf(url: URL): { readonly host: string; readonly port: number; readonly isTls: boolean } {
  const isTls = url.protocol === 'https:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    isTls,
  }
}

/** How TLS to a host begins, where HTTP/1.1 is spoken behind it. */
export function tlsOptions(host: string): Pick<ConnectionOptions, 'ALPNProtocols' | 'servername'> {
  // RFC 6066 §3: an address is no server name.
  return { ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 ? { servername: host } : {}) }
}

/** Resolves once a socket says that it is open; one that fails before, or is given up, is destroyed. */
export function untilOpen(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off(event, onOpen).off('error', onError).off('close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
    const onOpen = (): void => {
      settle()
      resolve(socket)
    }
    const onError = (error: Error): void => {
      settle()
      // One more may follow, and must not end the process.
      socket.on('error', () => {}).destroy()
      reject(error)
    }
    const onClose = (): void => onError(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
    const onAbort = (): void => onError(new Error('the attempt was given up'))
    socket.on(event, onOpen).on('error', onError).on('close', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
}
