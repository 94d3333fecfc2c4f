import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import { PunkuError } from '../../core/error.ts'
import { isLoopbackAddress } from '../../core/loopback.ts'
import type { IssuerSettings } from './sign-in-settings.ts'

/** How long what an issuer says of itself is taken for true, in milliseconds. */
const KEPT_MS = 3_600_000
/** Until its answer is there, in milliseconds. */
const TIMEOUT_MS = 5_000
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
}

/** Asks an issuer what it says of itself when that is needed, and keeps it for an hour. One that is away can come back. */
export class IssuerDiscovery {
  readonly #settings: IssuerSettings
  readonly #clock: Clock
  #found: { readonly metadata: IssuerMetadata; readonly untilMs: number } | undefined

  constructor(settings: IssuerSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** @throws PunkuError `issuer_unreachable` when it does not answer, or with something else than was configured. */
  async find(): Promise<IssuerMetadata> {
    const known = this.#found
    if (known !== undefined && this.#clock.elapsed() < known.untilMs) return known.metadata
    try {
      const found = check(await fetchMetadata(this.#settings.issuer), this.#settings.issuer)
      this.#found = { metadata: found, untilMs: this.#clock.elapsed() + KEPT_MS }
      return found
    } catch (cause) {
      // What was true an hour ago may still be; the issuer's own answers will tell.
      if (known !== undefined) return known.metadata
      const { label } = this.#settings
      throw new PunkuError(
        'issuer_unreachable',
        `${label} cannot be asked who you are right now. Try again, or sign in another way.`,
        { cause },
      )
    }
  }
}

async function fetchMetadata(issuer: string): Promise<unknown> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`the issuer answered ${response.status}`)
  return await response.json()
}

function check(answer: unknown, issuer: string): IssuerMetadata {
  const found = metadata.parse(answer)
  // Whoever may answer for another issuer may be it (Discovery 1.0 §4.3).
  if (found.issuer !== issuer) throw new Error('the issuer names itself otherwise')
  const urls = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint ?? issuer]
  if (!urls.every((url) => isSafeUrl(url, issuer))) throw new Error('the issuer names a URL without TLS')
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
  }
}

/** HTTPS; plain HTTP only where the issuer itself is on this machine. */
function isSafeUrl(text: string, issuer: string): boolean {
  const url = new URL(text)
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && isOnThisMachine(url) && isOnThisMachine(new URL(issuer))
}

function isOnThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''))
}
