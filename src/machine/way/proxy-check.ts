import type { Check, HopFinding } from '../../diagnosis/walk.ts'
import { GatewayError } from '../../http-client/gateway-error.ts'
import { proxyNamedFor } from '../../http-client/gateway-proxy.ts'
import { PROXY_VARIABLES } from '../../http-client/gateway-way.ts'
import type { WayScene } from './way-scene.ts'

/** Where a variable stands in two spellings, programs differ in which they read. */
const SPELLINGS = [
  ['http_proxy', 'HTTP_PROXY'],
  ['https_proxy', 'HTTPS_PROXY'],
  ['no_proxy', 'NO_PROXY'],
] as const

/** What the environment says of proxies: whether one stands on the way, lets the gateway through, and no tool is led astray. */
export function proxyCheck(scene: WayScene): Check {
  return {
    hop: 'proxy',
    title: 'No proxy stands in the way',
    look: async (signal) => {
      const { env } = scene.options
      const set = PROXY_VARIABLES.filter((name) => (env[name] ?? '') !== '')
      if (set.length === 0) return { state: 'ok', said: 'The environment names none.' }
      const named = namedFor(scene.url)
      if (scene.isHere) return ofThisMachine(scene, named)
      if (named instanceof GatewayError) return broken(named)
      const contact = named === undefined ? undefined : await scene.contact(signal)
      if (contact instanceof GatewayError && contact.code === 'proxy') return broken(contact)
      const uneven = SPELLINGS.find(([low, high]) => env[low] && env[high] && env[low] !== env[high])
      if (uneven !== undefined) {
        return {
          state: 'warning',
          said: `${uneven[0]} and ${uneven[1]} are set to different values, and programs differ in which they read.`,
          advice: `Set both to the same, or one alone: unset ${uneven[0]}`,
        }
      }
      if (named === undefined) return { state: 'ok', said: `${set[0]} is set, and holds not for this gateway.` }
      return { state: 'ok', said: `The way to the gateway leads through the proxy ${named}.` }
    },
  }
}

/** Whether a proxy stands on the way to the gateway: it finds the address and opens the connection then. */
export function isByProxy({ url, isHere }: WayScene): boolean {
  return !isHere && namedFor(url) !== undefined
}

function namedFor(url: URL): string | GatewayError | undefined {
  try {
    return proxyNamedFor(url)
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

/** We ask this machine by no proxy; many tools do. */
function ofThisMachine({ url }: WayScene, named: string | GatewayError | undefined): HopFinding {
  if (named === undefined) return { state: 'ok', said: 'They hold not for this machine, on which the gateway is.' }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return {
    state: 'warning',
    said: `The gateway is on this machine, and the proxy variables hold for it too: tools that obey them will ask the proxy for ${host}. ${PUNKU_DOES_NOT}`,
    advice: `Except it: ${exceptCommand([...new Set([host, 'localhost'])].join(','))}`,
  }
}

/** Adds to what is excepted already. */
function exceptCommand(hosts: string): string {
  return `export NO_PROXY="\${NO_PROXY:+$NO_PROXY,}${hosts}"; export no_proxy="$NO_PROXY"`
}

const PUNKU_DOES_NOT = 'Punku itself does not.'

function broken({ message }: GatewayError): HopFinding {
  const [, said = message, advice = PROXY_ADVICE] = /^(.*?\.) (.+)$/s.exec(message) ?? []
  return { state: 'broken', said, advice }
}

const PROXY_ADVICE =
  'See what is set: env | grep -i _proxy. Correct it, or let the gateway be asked without it: export NO_PROXY=HOST'
