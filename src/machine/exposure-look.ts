import { isIPv4 } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { createLog } from '../core/log.ts'
import { isLoopbackHost } from '../core/loopback.ts'
import type { HopFinding } from '../diagnosis/walk.ts'
import { exposureFix } from '../servers/exposure-fix.ts'
import { ExposureCheck, otherAddresses } from '../system/exposure.ts'
import type { Interfaces } from '../system/interfaces.ts'
import { localSubnets } from './subnet.ts'

/** A model server that should be reached by its gateway or agent alone. */
export interface GuardedServer {
  /** For people. */
  readonly label: string
  /** Scheme, authority and base path. */
  readonly url: string
  /** Which program it is; `undefined`: not known. */
  readonly server: string | undefined
}

export interface ExposureLookOptions {
  readonly servers: readonly GuardedServer[]
  /** Where the gateway itself listens: an answer there is its own. */
  readonly ownListeners: readonly { readonly host: string; readonly port: number }[]
  readonly interfaces: Interfaces
  readonly clock: Clock
  readonly platform: NodeJS.Platform
}

/** Whether model servers on this machine answer on addresses that others reach. Bridges of containers are another check's. */
export async function lookAtExposure(options: ExposureLookOptions): Promise<HopFinding> {
  const { servers, interfaces, clock, platform, ownListeners } = options
  const addresses = otherAddresses(interfaces)
  const here = servers.filter(({ url }) => isOnThisMachine(url, interfaces))
  if (here.length === 0) return { state: 'skipped', said: 'No model server runs on this machine.' }
  const ofContainers = localSubnets(interfaces).filter(({ isOfContainers }) => isOfContainers)
  const looked = addresses.filter((address) => !ofContainers.some((bridge) => bridge.address === address))
  const check = new ExposureCheck({
    // One that is named by another address of the machine is looked at like one on loopback.
    upstreams: () => here.map(({ label, url, server }) => ({ id: label, origin: onLoopback(url), server })),
    addresses: () => looked,
    ownListeners: () => ownListeners,
    everyMs: undefined,
    clock,
    log: createLog({ level: 'silent', format: 'json' }),
    fixOf: () => '',
  })
  await check.check()
  check.close()
  const [first] = check.exposures
  if (first === undefined) {
    return { state: 'ok', said: `${labels(here)} ${here.length === 1 ? 'answers' : 'answer'} on loopback alone.` }
  }
  const exposed = here.find(({ label }) => label === first.upstreamId) ?? (here[0] as GuardedServer)
  const places = check.exposures.filter(({ upstreamId }) => upstreamId === first.upstreamId)
  const isPublic = places.some(({ address }) => isPublicAddress(hostOf(address)))
  const who = isPublic ? 'The whole Internet uses it there' : 'Others on the network use it there'
  return {
    state: 'warning',
    said: `The model server ${exposed.label} also answers on ${places.map(({ address }) => address).join(', ')}. ${who} without a key, unless a firewall is in the way.`,
    advice: exposureFix({ server: exposed.server, port: portOf(exposed.url) }, platform),
  }
}

function labels(servers: readonly GuardedServer[]): string {
  return servers.map(({ label }) => label).join(', ')
}

/** Whether a server's URL leads to this machine by an address of its own. */
export function isOnThisMachine(url: string, interfaces: Interfaces): boolean {
  const { hostname } = new URL(url)
  return isLoopbackHost(hostname) || otherAddresses(interfaces).includes(hostname.replace(/^\[|\]$/g, ''))
}

function onLoopback(url: string): string {
  const { protocol } = new URL(url)
  return `${protocol}//127.0.0.1:${portOf(url)}`
}

/** The port of a server's URL, the usual one where it names none. */
export function portOf(url: string): number {
  const { port, protocol } = new URL(url)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

/** Ranges that are nobody's on the Internet: RFC 1918, 3927, 6598, 4193, 4291, and those for examples. */
const NOT_PUBLIC =
  /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)/

/** Whether an address can be reached from the Internet, as far as its range tells. */
export function isPublicAddress(address: string): boolean {
  return isIPv4(address) ? !NOT_PUBLIC.test(address) : /^[23]/.test(address) && !/^2001:db8:/i.test(address)
}
