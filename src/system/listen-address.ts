import { isIP } from 'node:net'
import { ConfigError } from '../config/config-error.ts'
import { isLoopbackAddress } from '../core/loopback.ts'
import {
  type Interfaces,
  isContainerBridge,
  isDockerBridge,
  isOverlay,
  isTailscale,
  listAddresses,
} from './interfaces.ts'

export const DEFAULT_PORT = 11_435

/** One address to listen on. */
export interface ListenAddress {
  /** An IP address without brackets. */
  readonly host: string
  /** 0: the system chooses a free one. */
  readonly port: number
  /** What the operator wrote for it: `tailscale`, `eth0`, `127.0.0.1`. */
  readonly label: string
  /** Only this machine reaches it. */
  readonly isLoopback: boolean
  /** Only an overlay network that encrypts (Tailscale, WireGuard, ZeroTier) reaches it. */
  readonly isOverlay: boolean
  /** It is a container engine's bridge: this machine's containers reach it. */
  readonly isBridge: boolean
}

/**
 * The addresses meant by one entry of `listen`: `host:port` with an IP address (IPv6 in brackets), or `loopback`,
 * `tailscale`, `docker` or an interface's name, each with an optional port. A name stands for the addresses it has now
 * and nothing wider.
 * @throws ConfigError when it cannot be read, or names nothing that is there; the message lists what is.
 */
export function resolveListen(text: string, interfaces: Interfaces): readonly ListenAddress[] {
  const { label, port } = splitPort(text)
  return findHosts(text, label, interfaces).map((host) => ({ host, port, label, ...reachOf(host, interfaces) }))
}

/**
 * Refuses plain HTTP where keys, prompts and answers could be read on the way.
 * @throws ConfigError that names every such address and the ways out.
 */
export function assertSafeListen(
  addresses: readonly ListenAddress[],
  options: { readonly hasTls: boolean; readonly allowPlainHttp: boolean },
): void {
  if (options.hasTls || options.allowPlainHttp) return
  const problems = addresses
    .filter(({ isLoopback, isOverlay, isBridge }) => !isLoopback && !isOverlay && !isBridge)
    .map(
      (address) =>
        `Listening on ${renderAddress(address)} without TLS would send keys, prompts and answers readable over the network. Set tls.certFile and tls.keyFile, or listen on loopback, tailscale or docker, or set allowPlainHttp if nobody else is on that network.`,
    )
  if (problems.length > 0) throw new ConfigError(problems)
}

/** `127.0.0.1:11435`, `[::1]:11435`. */
export function renderAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function splitPort(text: string): { label: string; port: number } {
  if (isIP(text) !== 0) return { label: text, port: DEFAULT_PORT }
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim())
  const label = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? DEFAULT_PORT)
  const isBracketedName = match?.[1] !== undefined && isIP(match[1]) !== 6
  if (label === undefined || /^\d+$/.test(label) || isBracketedName || port > 65_535) {
    throw new ConfigError([
      `listen: '${text}' is no address. Write host:port with an IP address ([::1]:${DEFAULT_PORT} for IPv6), or loopback, tailscale, docker or an interface's name.`,
    ])
  }
  return { label, port }
}

function findHosts(text: string, label: string, interfaces: Interfaces): readonly string[] {
  if (isIP(label) !== 0) return [label]
  const all = listAddresses(interfaces)
  switch (label) {
    case 'loopback':
    case 'localhost':
      return all.some(({ address }) => address === '::1') ? ['127.0.0.1', '::1'] : ['127.0.0.1']
    case 'tailscale':
      return required(text, all, ({ interfaceName, address }) => isTailscale(interfaceName, address))
    case 'docker':
      return required(text, all, ({ interfaceName }) => isDockerBridge(interfaceName))
    default:
      return required(text, all, ({ interfaceName }) => interfaceName === label)
  }
}

type Addresses = ReturnType<typeof listAddresses>

function required(text: string, all: Addresses, matches: (entry: Addresses[number]) => boolean): readonly string[] {
  const hosts = all.filter(matches).map(({ address }) => address)
  if (hosts.length > 0) return hosts
  const there = all.map(({ interfaceName, address }) => `${interfaceName} (${address})`)
  throw new ConfigError([
    `listen: '${text}' names nothing on this machine. There is ${['loopback', ...there].join(', ')}. If its network is not up yet, start it first.`,
  ])
}

function reachOf(host: string, interfaces: Interfaces): Pick<ListenAddress, 'isLoopback' | 'isOverlay' | 'isBridge'> {
  // An address on none of the interfaces is taken for the widest: that asks for TLS.
  const on = listAddresses(interfaces).filter(({ address }) => address === host)
  return {
    isLoopback: isLoopbackAddress(host),
    isOverlay: on.some(({ interfaceName }) => isOverlay(interfaceName, host)),
    isBridge: on.some(({ interfaceName }) => isContainerBridge(interfaceName)),
  }
}
