import { X509Certificate } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { BlockList, isIP, type Socket } from 'node:net'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
// @ts-expect-error The package brings no types.
import { getProxyForUrl } from 'proxy-from-env'
import { PunkuError } from '../core/error.ts'
import { codeOf, connectionError, GatewayError } from './gateway-error.ts'

/** Names of the variables a proxy may be given in. */
const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'] as const

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export interface GatewayPlaceOptions {
  /** `http` or `https`, authority and base path, without user, query, fragment and a trailing slash. */
  readonly url: string
  /** Authorities to trust besides those of Node and of the system, PEM. */
  readonly extraCa?: string
}

/** One way to the gateway, made for one connection. */
export interface GatewayWay {
  readonly agent: HttpAgent
  /** What a failure on the way means. Neither an address nor the proxy's credentials are in it. */
  explain(thrown: unknown): GatewayError
  /** The proxy's refusal, which else looks like an answer of the gateway; `undefined` when it let us through. */
  refusal(): GatewayError | undefined
}

/**
 * Where the gateway is and how this machine gets there: through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or
 * `ALL_PROXY` name, unless `NO_PROXY` has the gateway, and never when it is on this machine.
 */
export class GatewayPlace {
  readonly url: string
  readonly #extraCa: readonly string[]
  #secureContext: SecureContext | undefined

  /** @throws PunkuError `invalid_request` for extra authorities that are no certificates. */
  constructor({ url, extraCa }: GatewayPlaceOptions) {
    this.url = url
    this.#extraCa = extraCa === undefined ? [] : readCertificates(extraCa)
  }

  /** The URL of one of the gateway's paths, which starts with `/`. */
  endpoint(path: string): URL {
    return new URL(this.url + path)
  }

  /**
   * A way for one connection. Until it stands, `signal` ends whatever is under way, a proxy that does not answer
   * included; it must not be aborted later.
   * @throws GatewayError `proxy` for a setting that names no usable proxy.
   */
  way(signal: AbortSignal): GatewayWay {
    const url = new URL(this.url)
    const tls = url.protocol === 'https:' ? { secureContext: this.#trust() } : {}
    const proxy = isThisMachine(url.hostname) ? undefined : proxyFor(url)
    if (proxy !== undefined) return proxiedWay(proxy, { ...tls, signal })
    const agent = url.protocol === 'https:' ? new HttpsAgent(tls) : new HttpAgent()
    return { agent, explain: connectionError, refusal: () => undefined }
  }

  /** Made once: reading the system's authorities takes a tenth of a second. */
  #trust(): SecureContext {
    this.#secureContext ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...this.#extraCa])],
    })
    return this.#secureContext
  }
}

interface ProxyAgentOptions {
  readonly headers: Proxy['headers']
  readonly signal: AbortSignal
  readonly secureContext?: SecureContext
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

function proxiedWay({ url, headers }: Proxy, options: Omit<ProxyAgentOptions, 'headers'>): GatewayWay {
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

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  if (family !== 0) return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6')
  return host === 'localhost' || host.endsWith('.localhost')
}

function readCertificates(pem: string): readonly string[] {
  const certificates = pem.match(CERTIFICATE) ?? []
  try {
    for (const certificate of certificates) new X509Certificate(certificate)
  } catch {
    throw noCertificates()
  }
  if (certificates.length === 0) throw noCertificates()
  return certificates
}

const noCertificates = () =>
  new PunkuError(
    'invalid_request',
    'The file with authorities to trust holds no certificates in PEM form (-----BEGIN CERTIFICATE-----).',
    { param: 'ca' },
  )

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
