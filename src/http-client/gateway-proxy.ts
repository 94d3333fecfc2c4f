import { EventEmitter } from 'node:events'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
// @ts-expect-error The package brings no types.
import { getProxyForUrl } from 'proxy-from-env'
import { GatewayError } from './gateway-error.ts'
import { authorityOf, tlsOptions, untilOpen } from './gateway-socket.ts'
import { type GatewayWay, PROXY_VARIABLES } from './gateway-way.ts'
import { failedBehind, type ProxyAnswer, proxyFailed, proxyLate, proxyRefused } from './proxy-faults.ts'

/** Whom to trust, and what ends a way that does not stand yet. */
interface WayOptions {
  readonly signal: AbortSignal
  readonly secureContext?: SecureContext
}

interface ProxyAgentOptions extends WayOptions {
  readonly headers: Proxy['headers']
}

/**
 * The way by the proxy that the environment names for this gateway; `undefined` when it names none.
 * @throws GatewayError `proxy` for a setting that names no usable one.
 */
export function wayByProxy(gateway: URL, options: WayOptions): GatewayWay | undefined {
  const proxy = proxyFor(gateway)
  return proxy === undefined ? undefined : proxiedWay(gateway, proxy, options)
}

/**
 * Host and port of the proxy that the environment names for this gateway, as in `proxy.example:3128`, without its credentials;
 * `undefined`: it names none.
 * @throws GatewayError `proxy` for a setting that names no usable one.
 */
export function proxyNamedFor(gateway: URL): string | undefined {
  return proxyFor(gateway)?.url.host
}

/** The library's agent uses its options on the way to the proxy only; whom to trust holds for the gateway behind it too. */
class GatewayProxyAgent extends HttpsProxyAgent<string> {
  readonly #trust: Pick<ProxyAgentOptions, 'secureContext'>

  constructor(proxy: URL, options: ProxyAgentOptions) {
    super(proxy, options)
    const { secureContext } = options
    this.#trust = secureContext === undefined ? {} : { secureContext }
  }

  override connect(...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Socket> {
    return super.connect(request, { ...options, ...this.#trust })
  }
}

function proxiedWay(gateway: URL, proxy: Proxy, options: WayOptions): GatewayWay {
  const { url, headers, isForTls } = proxy
  const agent = new GatewayProxyAgent(url, { ...options, headers })
  let answer: ProxyAnswer | undefined
  agent.on('proxyConnect', (given: ProxyAnswer) => {
    answer = given
  })
  const explain = (thrown: unknown) =>
    answer === undefined ? proxyFailed(thrown, url.protocol === 'https:') : failedBehind(answer, thrown, isForTls)
  const refusal = () => (answer === undefined || answer.statusCode === 200 ? undefined : proxyRefused(answer, proxy))
  return {
    agent,
    async connect() {
      try {
        const socket = await openBehind(agent, gateway)
        const refused = refusal()
        if (refused !== undefined) {
          socket.destroy()
          throw refused
        }
        return isForTls ? await untilOpen(socket, 'secureConnect', options.signal) : socket
      } catch (thrown) {
        throw thrown instanceof GatewayError ? thrown : explain(thrown)
      }
    },
    explain,
    isOpen: () => answer !== undefined,
    late: (what) => (answer === undefined ? proxyLate() : new GatewayError('unreachable', what)),
    refusal,
  }
}

/** The library opens a connection for a request of Node's, of which it takes no more than that it can be told things. */
function openBehind(agent: GatewayProxyAgent, gateway: URL): Promise<Socket> {
  const { host, port, isTls } = authorityOf(gateway)
  const options = {
    host,
    port,
    ...(isTls ? { secureEndpoint: true as const, ...tlsOptions(host) } : { secureEndpoint: false as const }),
  }
  return agent.connect(new EventEmitter() as ClientRequest, options as Parameters<GatewayProxyAgent['connect']>[1])
}

interface Proxy {
  /** Without its credentials, as `headers` is a function, so that nothing that prints an agent prints them. */
  readonly url: URL
  readonly headers: () => Record<string, string>
  readonly hasCredentials: boolean
  /** The gateway behind it speaks TLS. */
  readonly isForTls: boolean
}

function proxyFor(gateway: URL): Proxy | undefined {
  const setting: string = getProxyForUrl(gateway.href)
  if (setting === '') return undefined
  const bare = setting.replace(/^https?:\/\//, '')
  // The library gives a setting without a scheme that of the gateway; everybody else takes it for http.
  const isBare = PROXY_VARIABLES.some((name) => process.env[name] === bare)
  const url = URL.parse(isBare ? `http://${bare}` : setting)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw unusableProxy()
  const { username, password } = url
  url.username = ''
  url.password = ''
  const isForTls = gateway.protocol === 'https:'
  if (username === '' && password === '') return { url, headers: () => ({}), hasCredentials: false, isForTls }
  const credentials = Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString('base64')
  return {
    url,
    headers: () => ({ 'Proxy-Authorization': `Basic ${credentials}` }),
    hasCredentials: true,
    isForTls,
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unusableProxy()
  }
}

const unusableProxy = () =>
  new GatewayError(
    'proxy',
    'The proxy in HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) cannot be used: it must be a URL that begins with http:// or https://.',
  )
