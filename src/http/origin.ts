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
 * Else one of `allowed` has to match it, or it is the gateway's own: its authority is the `Host`, which `isHostAllowed`
 * has passed.
 *
 * `allowed` is in lower case. `scheme://*` stands for every origin of a scheme, `scheme://*.example.com` for all under
 * a name and not for itself, and `:*` for any port or none. All else is meant letter for letter, `null` and `file://` too.
 */
export function isOriginAllowed(
  originHeader: string | undefined,
  hostHeader: string | undefined,
  allowed: readonly string[],
): boolean {
  if (originHeader === undefined) return true
  const origin = originHeader.toLowerCase()
  if (allowed.some((pattern) => matches(origin, pattern))) return true
  if (hostHeader === undefined || hostHeader === '') return false
  const host = hostHeader.toLowerCase()
  return origin === `http://${host}` || origin === `https://${host}`
}

/** @throws PunkuError `host_not_allowed` where `isHostAllowed` says no. */
export function refuseForeignHost(hostHeader: string | undefined, allowed: readonly string[]): void {
  if (isHostAllowed(hostHeader, allowed)) return
  throw new PunkuError(
    'host_not_allowed',
    // Without its port, as it is added.
    `The Host header names ${shown(parseHost(hostHeader ?? '')?.name ?? hostHeader)}, and this gateway does not answer for that. Its owner adds names to 'gateway.hosts'.`,
  )
}

/** For a page of an origin that may not call. */
export function originNotAllowed(originHeader: string | undefined): PunkuError {
  return new PunkuError(
    'origin_not_allowed',
    `Web pages of ${shown(originHeader)} may not call the gateway. Its owner adds origins to 'gateway.origins'.`,
  )
}

function matches(origin: string, pattern: string): boolean {
  if (!pattern.includes('*')) return origin === pattern
  const schemeEnd = pattern.indexOf('://') + 3
  if (!origin.startsWith(pattern.slice(0, schemeEnd))) return false
  const [, host, port] = /^([a-z0-9._~-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/.exec(origin.slice(schemeEnd)) ?? []
  if (host === undefined) return false
  const wanted = pattern.slice(schemeEnd)
  const name = wanted.endsWith(':*') ? wanted.slice(0, -2) : wanted
  const here = wanted.endsWith(':*') ? host : host + (port ?? '')
  if (name === '*') return true
  return name.startsWith('*.') ? here.endsWith(name.slice(1)) && here.length >= name.length : here === name
}

/** What a caller wrote, as far as it can stand in a message. */
function shown(text: string | undefined): string {
  return text !== undefined && /^[\w.:/[\]+-]{1,200}$/.test(text) ? `'${text}'` : 'something that is none'
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
