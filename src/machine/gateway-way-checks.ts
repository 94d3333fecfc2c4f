import type { Check, HopFinding } from '../diagnosis/walk.ts'
import type { GatewayHop, GatewayProbe } from '../http-client/probe-gateway.ts'

const TITLES: Readonly<Record<GatewayHop, string>> = {
  proxy: 'The proxy can be used',
  dns: "The gateway's name has an address",
  connection: 'A connection to the gateway opens',
  tls: "The gateway's certificate is trusted",
  gateway: 'What answers is a gateway',
}

/**
 * The hops from this machine to a gateway, of one look at all of them.
 * @param urlOf the gateway's, asked when a hop is looked at
 * @param probe asked at each hop; looks once
 */
export function gatewayWayChecks(
  urlOf: () => string,
  probe: (signal: AbortSignal) => Promise<GatewayProbe>,
): readonly Check[] {
  return (Object.keys(TITLES) as GatewayHop[]).map((hop) => ({
    hop,
    title: TITLES[hop],
    look: async (signal) => findingAt(hop, new URL(urlOf()), await probe(signal)),
  }))
}

function findingAt(hop: GatewayHop, { origin, hostname, protocol }: URL, probe: GatewayProbe): HopFinding {
  const { fault, isByProxy, addresses } = probe
  if (fault?.hop === hop) return { state: 'broken', said: fault.said, advice: fault.advice }
  switch (hop) {
    case 'proxy':
      return isByProxy
        ? { state: 'ok', said: 'The way goes by the proxy that the environment names.' }
        : { state: 'ok', said: 'The way goes by no proxy.' }
    case 'dns':
      if (isByProxy) return { state: 'skipped', said: 'The proxy looks names up.' }
      return { state: 'ok', said: `${hostname} is ${addresses.length === 0 ? 'an address' : addresses.join(', ')}.` }
    case 'connection':
      return { state: 'ok', said: `${isByProxy ? 'The proxy connects' : 'It connects'} to ${origin}.` }
    case 'tls':
      if (protocol === 'http:') return { state: 'skipped', said: 'The address begins with http://: there is no TLS.' }
      return { state: 'ok', said: 'Its certificate is trusted here.' }
    case 'gateway':
      return { state: 'ok', said: `A Punku gateway answers at ${origin}.` }
  }
}
