import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { isLoopbackHost } from '../../core/loopback.ts'
import { isMetadataHost } from '../../http-client/metadata-addresses.ts'
import { askIssuer } from './ask-issuer.ts'
import type { IssuerSettings } from './sign-in-settings.ts'

/** How long what an issuer says of itself is taken for true, in milliseconds. */
const KEPT_MS = 3_600_000
/** And for how much longer where it cannot be asked by then: nobody waits for it each time. */
const KEPT_WHILE_AWAY_MS = 60_000
/** Signatures that only the issuer can make. `none`, and those with a secret that we have too, are none of them. */
const ALGORITHMS: ReadonlySet<string> = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
])

// Fields that are not known are left aside, as OpenID Connect Discovery 1.0 §3 asks.
const metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  userinfo_endpoint: z.url().optional(),
  jwks_uri: z.url(),
  id_token_signing_alg_values_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()).default(['client_secret_basic']),
  authorization_response_iss_parameter_supported: z.boolean().default(false),
})

/** What an issuer says of itself, checked. */
export interface IssuerMetadata {
  readonly authorizationUrl: string
  readonly tokenUrl: string
  /** `undefined`: all is in the ID token. */
  readonly userInfoUrl: string | undefined
  readonly keysUrl: string
  /** Of its signatures, those that count. At least one. */
  readonly algorithms: readonly string[]
  /** How it wants the client's secret. */
  readonly authentication: 'basic' | 'post'
  /** Whether it names itself wherever it sends a browser back (RFC 9207 §3). */
  readonly namesItself: boolean
}

/**
 * Asks an issuer what it says of itself when that is needed, once for all who come meanwhile, and keeps it for an hour. One
 * that is away can come back.
 */
export class IssuerDiscovery {
  readonly #settings: IssuerSettings
  readonly #clock: Clock
  #found: { readonly metadata: IssuerMetadata; readonly untilMs: number } | undefined
  #asking: Promise<IssuerMetadata> | undefined

  constructor(settings: IssuerSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** @throws PunkuError `issuer_unreachable` when it does not answer, or with something else than was configured. */
  async find(): Promise<IssuerMetadata> {
    const known = this.#found
    if (known !== undefined && this.#clock.elapsed() < known.untilMs) return known.metadata
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return await this.#asking
  }

  async #ask(): Promise<IssuerMetadata> {
    const { issuer, label } = this.#settings
    const keep = (metadata: IssuerMetadata, forMs: number) => {
      this.#found = { metadata, untilMs: this.#clock.elapsed() + forMs }
      return metadata
    }
    try {
      const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
      return keep(check(await askIssuer({ url }, this.#clock), issuer), KEPT_MS)
    } catch (cause) {
      // What was true an hour ago may still be; the issuer's own answers will tell.
      if (this.#found !== undefined) return keep(this.#found.metadata, KEPT_WHILE_AWAY_MS)
      throw new PunkuError(
        'issuer_unreachable',
        `${label} cannot be asked who you are right now. Try again, or sign in another way.`,
        { cause },
      )
    }
  }
}

function check(answer: unknown, issuer: string): IssuerMetadata {
  const found = metadata.parse(answer)
  // Whoever may answer for another issuer may be it (Discovery 1.0 §4.3).
  if (found.issuer !== issuer) throw new Error('the issuer names itself otherwise')
  const urls = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint ?? issuer]
  if (!urls.every((url) => isSafeUrl(url, issuer)))
    throw new Error('the issuer names a URL without TLS, or one of this machine')
  const algorithms = found.id_token_signing_alg_values_supported.filter((name) => ALGORITHMS.has(name))
  if (algorithms.length === 0) throw new Error('the issuer signs in no way that counts')
  const methods = found.token_endpoint_auth_methods_supported
  return {
    authorizationUrl: found.authorization_endpoint,
    tokenUrl: found.token_endpoint,
    userInfoUrl: found.userinfo_endpoint,
    keysUrl: found.jwks_uri,
    algorithms,
    authentication: methods.includes('client_secret_basic') ? 'basic' : 'post',
    namesItself: found.authorization_response_iss_parameter_supported,
  }
}

/** On this machine only where the issuer itself is; else HTTPS, and no address at which a cloud gives credentials. */
function isSafeUrl(text: string, issuer: string): boolean {
  const { protocol, hostname } = new URL(text)
  if (isLoopbackHost(hostname)) return /^https?:$/.test(protocol) && isLoopbackHost(new URL(issuer).hostname)
  return protocol === 'https:' && !isMetadataHost(text)
}
