import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import { codeOf } from '../../http-client/gateway-error.ts'
import { isByProxy } from './proxy-check.ts'
import type { WayScene } from './way-scene.ts'

/** Addresses that are listened on and that nobody has: lists against advertising give them. */
const NOBODYS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** The gateway's name has an address that this machine can go to. */
export function dnsCheck(scene: WayScene): Check {
  return {
    hop: 'dns',
    title: "The gateway's name leads somewhere",
    look: async () => {
      const host = hostOf(scene.url)
      if (isByProxy(scene)) return { state: 'skipped', said: `The proxy finds out where ${host} is.` }
      if (isIP(host) !== 0) return ofAddress(host)
      try {
        const found = await addressesOf(host, scene)
        return found === undefined ? unknown(host, '') : ofAddresses(host, found)
      } catch (thrown) {
        return unknown(host, codeOf(thrown))
      }
    },
  }
}

/** The addresses of a name, as all programs here find them; `undefined`: nobody said in time. */
async function addressesOf(
  host: string,
  { options: { clock, answerMs } }: WayScene,
): Promise<readonly string[] | undefined> {
  const late = Promise.withResolvers<undefined>()
  using _timer = clock.after(answerMs, () => late.resolve(undefined))
  const found = await Promise.race([lookup(host, { all: true }), late.promise])
  return found?.map(({ address }) => address)
}

/** The host of a URL, an IPv6 address without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function ofAddress(host: string): HopFinding {
  if (!NOBODYS.has(host)) return { state: 'ok', said: `${host} is an address: no name has to be found.` }
  return {
    state: 'warning',
    said: `${host} is an address to listen on. Some systems take it for this machine, others do not.`,
    advice: `Write ${host === '::' ? '[::1]' : '127.0.0.1'} in its place where the gateway is on this machine, else the gateway's own address.`,
  }
}

function ofAddresses(host: string, addresses: readonly string[]): HopFinding {
  const real = addresses.filter((address) => !NOBODYS.has(address))
  if (real.length === 0) {
    return {
      state: 'broken',
      said: `${host} leads to ${addresses.join(' and ')}, which is nobody's address: a hosts file or a filter of this network blocks the name.`,
      advice: `See which it is: getent hosts ${host}. Take the name out of the hosts file, or have the filter let it pass.`,
    }
  }
  const only6 = real.every((address) => isIP(address) === 6 && address !== '::1')
  if (only6 && !hasIpv6()) {
    return {
      state: 'broken',
      said: `${host} has IPv6 addresses alone (${real.join(', ')}), and this machine has none to ask from.`,
      advice: 'Give the gateway an IPv4 address too (an A record), or switch on IPv6 here.',
    }
  }
  return { state: 'ok', said: `${host} is ${real.join(', ')}.` }
}

function unknown(host: string, code: string): HopFinding {
  if (code === 'ENOTFOUND') {
    return {
      state: 'broken',
      said: `Nobody knows the name ${host}: it has no address.`,
      advice: `Check how it is written, and that this machine is in the network that has it (a VPN?): getent hosts ${host}`,
    }
  }
  return {
    state: 'broken',
    said: `The address of ${host} cannot be asked for${code === '' ? '' : ` (${code})`}: the name server does not answer.`,
    advice:
      'Check that this machine is online, and the name servers in its network settings (on Linux /etc/resolv.conf).',
  }
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .some(({ family, internal, address }) => family === 'IPv6' && !internal && !address.startsWith('fe80:'))
}
