import { ConfigError } from '../../config/config-error.ts'
import { isLoopbackAddress, isLoopbackHost } from '../../core/loopback.ts'
import { renderAddress } from '../../system/listen-address.ts'
import { portOwner } from '../../system/port-owner.ts'
import { explainOwnGateway, explainTakenPort } from './taken-port.ts'

/** Where a forwarder listens. */
export interface ForwardListen {
  /** `127.0.0.1` or `::1`. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

/** Where programs look for Ollama. */
export const OLLAMA_LISTEN: ForwardListen = { host: '127.0.0.1', port: 11_434 }

/**
 * Reads `127.0.0.1:PORT`, `localhost:PORT`, `[::1]:PORT` or a port alone.
 * @throws ConfigError for anything else, addresses that other machines reach among it
 */
export function parseForwardListen(text: string): ForwardListen {
  const match = /^(?:(127\.0\.0\.1|localhost|\[::1\]):)?(\d{1,5})$/i.exec(text.trim())
  const port = Number(match?.[2] ?? Number.NaN)
  if (match === null || port > 65_535) throw new ConfigError([notLoopback(text)])
  return { host: match[1] === '[::1]' ? '::1' : '127.0.0.1', port }
}

/**
 * Has `listen` open the address, unless somebody holds it, and gives the port.
 * @param gatewayUrl where requests go; default: it is not told when that is who holds the address
 * @throws ConfigError that says who holds it and what to do, or why it cannot be had
 */
export async function listenForward(
  { host, port }: ForwardListen,
  listen: (host: string, port: number) => Promise<number>,
  gatewayUrl?: string,
): Promise<number> {
  if (!isLoopbackAddress(host)) throw new ConfigError([notLoopback(renderAddress({ host, port }))])
  if (gatewayUrl !== undefined && isAt(gatewayUrl, port)) {
    throw new ConfigError([explainOwnGateway({ host, port }, gatewayUrl)])
  }
  // Asked before: on some systems one address of a port can be had that somebody else holds all addresses of.
  const holder = port === 0 ? undefined : await portOwner(port, host)
  if (holder !== undefined) throw new ConfigError([await explainTakenPort({ host, port }, holder)])
  try {
    return await listen(host, port)
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new ConfigError([await explainTakenPort({ host, port }, undefined)])
    const address = renderAddress({ host, port })
    throw new ConfigError([
      `Nothing can listen on ${address} (${code ?? message}). Choose another address with --listen.`,
    ])
  }
}

function isAt(gatewayUrl: string, port: number): boolean {
  const url = URL.parse(gatewayUrl)
  return url !== null && isLoopbackHost(url.hostname) && url.port === String(port)
}

function notLoopback(text: string): string {
  return `--listen ${text}: it must be 127.0.0.1:PORT or [::1]:PORT. Whoever reaches this port uses your key, so that no other machine may.`
}
