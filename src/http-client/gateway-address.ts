import { X509Certificate } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import type { SecureContext } from 'node:tls'
import { PunkuError } from '../core/error.ts'
import { isLoopbackHost } from '../core/loopback.ts'
import { connectionError, GatewayError } from './gateway-error.ts'
import { openGatewaySocket } from './gateway-socket.ts'
import { type GatewayWay, PROXY_VARIABLES } from './gateway-way.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export interface GatewayAddressOptions {
  /** `http` or `https`, authority and base path, without user, query, fragment and a trailing slash. */
  readonly url: string
  /** Authorities to trust besides those of Node and of the system, PEM. */
  readonly extraCa?: string
}

/**
 * Where the gateway is and how this machine gets there: through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` or
 * `ALL_PROXY` name, unless `NO_PROXY` has the gateway, and never when it is on this machine.
 */
export class GatewayAddress {
  readonly url: string
  readonly #extraCa: readonly string[]
  #secureContext: SecureContext | undefined

  /** @throws PunkuError `invalid_request` for extra authorities that are no certificates. */
  constructor({ url, extraCa }: GatewayAddressOptions) {
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
  async way(signal: AbortSignal): Promise<GatewayWay> {
    const url = new URL(this.url)
    const tls = url.protocol === 'https:' ? { secureContext: await this.#trust() } : {}
    if (!isLoopbackHost(url.hostname) && PROXY_VARIABLES.some((name) => (process.env[name] ?? '') !== '')) {
      // Loaded where there is one: it takes a dozen megabytes, for as long as an agent runs.
      const { wayByProxy } = await import('./gateway-proxy.ts')
      const way = wayByProxy(url, { ...tls, signal })
      if (way !== undefined) return way
    }
    const agent = url.protocol === 'https:' ? new (process.getBuiltinModule('node:https').Agent)(tls) : new HttpAgent()
    const explain = (thrown: unknown) => connectionError(thrown, url.protocol === 'https:')
    return {
      agent,
      connect: () =>
        openGatewaySocket(url, { ...tls, signal }).catch((thrown: unknown) => {
          throw explain(thrown)
        }),
      explain,
      isOpen: () => true,
      late: (what) => new GatewayError('unreachable', what),
      refusal: () => undefined,
    }
  }

  /** Made once: reading the system's authorities takes a tenth of a second. */
  async #trust(): Promise<SecureContext> {
    const { createSecureContext, getCACertificates } = process.getBuiltinModule('node:tls')
    this.#secureContext ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...this.#extraCa])],
    })
    return this.#secureContext
  }
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
