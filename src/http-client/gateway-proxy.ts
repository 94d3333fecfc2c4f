import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
// @ts-expect-error The package brings no types.
import { getProxyForUrl } from 'proxy-from-env'
import { codeOf, connectionError, GatewayError } from './gateway-error.ts'
import { type GatewayWay, PROXY_VARIABLES } from './gateway-way.ts'

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
  return proxy === undefined ? undefined : proxiedWay(proxy, options)
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

function proxiedWay({ url, headers }: Proxy, options: WayOptions): GatewayWay {
  const agent = new GatewayProxyAgent(url, { ...options, headers })
  let status: number | undefined
  agent.on('proxyConnect', (answer: { readonly statusCode: number }) => {
    status = answer.statusCode
  })
  return {
    agent,
    explain: (thrown) => (status === undefined ? proxyAway(thrown) : connectionError(thrown)),
    refusal: () => (status === undefined || status === 200 ? undefined : proxyRefused(status)),
  }
}

interface Proxy {
  /** Without its credentials, as `headers` is a function, so that nothing that prints an agent prints them. */
  readonly url: URL
  readonly headers: () => Record<string, string>
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
  if (username === '' && password === '') return { url, headers: () => ({}) }
  const credentials = Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString('base64')
  return { url, headers: () => ({ 'Proxy-Authorization': `Basic ${credentials}` }) }
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

function proxyAway(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const code = codeOf(thrown)
  return new GatewayError(
    'proxy',
    `The proxy of this network (HTTPS_PROXY) cannot be reached${code === '' ? '' : ` (${code})`}.`,
  )
}

const proxyRefused = (status: number) =>
  new GatewayError(
    'proxy',
    status === 407
      ? 'The proxy of this network (HTTPS_PROXY) asks for a user and a password, or does not take those it got.'
      : `The proxy of this network (HTTPS_PROXY) refused the way to the gateway with status ${status}.`,
    { status },
  )
