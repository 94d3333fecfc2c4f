import { isIPv4, isIPv6 } from 'node:net'
import { PunkuError } from '../core/error.ts'

/**
 * Whether a `Host` header names this gateway and not a stranger's domain that was pointed at it (DNS rebinding): an IP
 * address, `localhost`, a name under it, or one of `allowed`, with any port. `allowed` has names in lower case;
 * `*.example.com` stands for every name under `example.com`, not for itself.
 */
export function isHostAllowed(hostHeader: string | undefined, allowed: readonly string[]): boolean {
  const host = parseHost(hostHeader ?? '')
  if (host === undefined) return false
  if (host.isAddress || host.name === 'localhost' || host.name.endsWith('.localhost')) return true
  return allowed.some((pattern) =>
    pattern.startsWith('*.') ? host.name.endsWith(pattern.slice(1)) : host.name === pattern,
  )
}

/**
 * Whether a web page may call the gateway. No `Origin`: the caller is no web page, or one that reads its own origin.
 * Else it must be one of `allowed`, letter for letter, or the gateway's own: its authority is the `Host`, which
 * `isHostAllowed` has passed.
 */
export function isOriginAllowed(
  originHeader: string | undefined,
  hostHeader: string | undefined,
  allowed: readonly string[],
): boolean {
  if (originHeader === undefined || allowed.includes(originHeader)) return true
  if (hostHeader === undefined || hostHeader === '') return false
  const host = hostHeader.toLowerCase()
  return originHeader === `http://${host}` || originHeader === `https://${host}`
}

/** @throws PunkuError `host_not_allowed` where `isHostAllowed` says no. */
export function refuseForeignHost(hostHeader: string | undefined, allowed: readonly string[]): void {
  if (isHostAllowed(hostHeader, allowed)) return
  throw new PunkuError(
    'host_not_allowed',
    "The Host header names a host this gateway does not answer for. Its owner adds names to 'gateway.hosts'.",
  )
}

/** @throws PunkuError `origin_not_allowed` where `isOriginAllowed` says no. */
export function refuseForeignOrigin(
  originHeader: string | undefined,
  hostHeader: string | undefined,
  allowed: readonly string[],
): void {
  if (isOriginAllowed(originHeader, hostHeader, allowed)) return
  throw new PunkuError(
    'origin_not_allowed',
    "Web pages of this origin may not call the gateway. Its owner adds origins to 'gateway.origins'.",
  )
}

interface Host {
  /** In lower case, without a closing dot. */
  readonly name: string
  readonly isAddress: boolean
}

/** The name in a `Host` header (RFC 9110, section 7.2); `undefined` when it is malformed. */
function parseHost(header: string): Host | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::(\d{1,5}))?$/i.exec(header)
  if (match === null || Number(match[3] ?? 0) > 65_535) return undefined
  const bracketed = match[1]
  if (bracketed !== undefined) return isIPv6(bracketed) ? { name: bracketed, isAddress: true } : undefined
  const name = (match[2] as string).toLowerCase()
  return { name, isAddress: isIPv4(name) }
}
