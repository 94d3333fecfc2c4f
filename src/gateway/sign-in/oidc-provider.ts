import { tryGetCurrentAuthEndpointContext } from '@better-auth/core/context'
import {
  authorizationCodeRequest,
  createAuthorizationURL,
  type OAuth2Tokens,
  type OAuthProvider,
  verifyProviderIdToken,
} from '@better-auth/core/oauth2'
import { getOAuthState } from 'better-auth/api'
import { createRemoteJWKSet, customFetch, decodeJwt } from 'jose'
import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { askIssuer, ISSUER_TIMEOUT_MS } from './ask-issuer.ts'
import type { IssuerDiscovery, IssuerMetadata } from './oidc-discovery.ts'
import type { IssuerSettings } from './sign-in-settings.ts'

const MAX_NAME_LENGTH = 100
/** Where the state of a sign-in keeps which issuer it is at. */
export const ISSUER_OF_STATE = 'issuer'

/** What a sign-in needs of the claims about somebody (OpenID Connect Core 1.0 §5.1). */
const claims = z.object({
  sub: z.string().min(1).max(255),
  name: z.string().optional(),
  email: z.email().max(254).optional(),
  // Some issuers send the words.
  email_verified: z.union([z.boolean(), z.literal('true'), z.literal('false')]).optional(),
})
type Claims = z.output<typeof claims>

/** Of what an issuer gives for a code (Core 1.0 §3.1.3.3), all that is used. */
const tokenAnswer = z.object({ id_token: z.string().optional(), access_token: z.string().optional() })

export interface OidcProviderOptions {
  /** Whether nobody has come back with the state of that sign-in yet, which this PKCE verifier stands for. */
  readonly isFirst: (codeVerifier: string) => Promise<boolean>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * An issuer as the library for sign-in wants it. Nobody is taken at the word of an ID token that is missing, that the
 * issuer did not sign, or that is for another client, another sign-in or another time.
 */
export function oidcProvider(
  settings: IssuerSettings,
  discovery: IssuerDiscovery,
  { isFirst, clock, log }: OidcProviderOptions,
): OAuthProvider<Claims> {
  const { id, label, issuer, clientId, clientSecret } = settings
  const client = { clientId, ...(clientSecret === undefined ? {} : { clientSecret: clientSecret.reveal() }) }
  let keys: { readonly url: string; readonly find: ReturnType<typeof createRemoteJWKSet> } | undefined
  const keysOf = ({ keysUrl: url }: IssuerMetadata) => {
    if (keys?.url !== url) keys = { url, find: keysAt(url, clock) }
    return keys.find
  }

  return {
    id,
    name: label,
    issuer,
    requiresIdTokenNonce: true,
    accountSubject: ({ profile }) => profile.sub,
    async createAuthorizationURL({ state, codeVerifier, redirectURI, idTokenNonce }) {
      return await createAuthorizationURL({
        id,
        options: client,
        authorizationEndpoint: (await discovery.find()).authorizationUrl,
        state,
        codeVerifier,
        redirectURI,
        nonce: idTokenNonce,
        scopes: ['openid', ...settings.scopes.filter((scope) => scope !== 'openid')],
      })
    },
    async validateAuthorizationCode({ code, codeVerifier, redirectURI }) {
      // A code of one issuer must not be brought to another (RFC 9700 §4.4.2.2).
      const started = (await getOAuthState())?.serverContext?.[ISSUER_OF_STATE]
      if (started !== id || codeVerifier === undefined) return null
      const { tokenUrl, authentication, namesItself } = await discovery.find()
      // RFC 9207 §2.4: one that says that it names itself has, or it was another that sent the browser back.
      if (namesItself && tryGetCurrentAuthEndpointContext()?.query?.['iss'] !== issuer) return null
      // The library looks for the state, and deletes it then: of several who come at once each would find it.
      if (!(await isFirst(codeVerifier))) return null
      const { body, headers } = await authorizationCodeRequest({
        code,
        codeVerifier,
        redirectURI,
        options: client,
        tokenEndpoint: tokenUrl,
        ...(clientSecret === undefined ? { tokenEndpointAuth: { method: 'none' as const } } : { authentication }),
      })
      const answer = await askIssuer({ url: tokenUrl, method: 'POST', headers, body: body.toString() }, clock)
      const { id_token: idToken, access_token: accessToken } = tokenAnswer.parse(answer)
      return { idToken, accessToken }
    },
    async getUserInfo({ expectedIdTokenNonce, ...tokens }) {
      if (tokens.idToken === undefined || expectedIdTokenNonce === undefined) return null
      try {
        const metadata = await discovery.find()
        const idToken = {
          jwks: keysOf(metadata),
          issuer,
          audience: clientId,
          algorithms: [...metadata.algorithms],
          verifyClaims: (claimed: Readonly<Record<string, unknown>>) => isForClient(claimed, clientId),
        }
        if (!(await verifyProviderIdToken({ idToken }, tokens.idToken, expectedIdTokenNonce))) return null
        const data = await claimsOf(tokens, tokens.idToken, { metadata, clock })
        const isVerified = data.email_verified === true || data.email_verified === 'true'
        return { user: { name: nameOf(data), email: data.email?.toLowerCase(), emailVerified: isVerified }, data }
      } catch (error) {
        log.warn({ err: error, issuer: id }, 'sign-in.issuer-failed')
        return null
      }
    },
  }
}

/** What Core 1.0 §3.1.3.7 asks besides signature, issuer and audience: it ends, and where it is for several, it was given to us. */
function isForClient({ exp, aud, azp }: Readonly<Record<string, unknown>>, clientId: string): boolean {
  if (typeof exp !== 'number') return false
  const isForSeveral = Array.isArray(aud) && aud.length > 1
  return azp === undefined ? !isForSeveral : azp === clientId
}

/** The keys of an issuer, kept for a while; asked for anew, seldom, where one is not among them. */
function keysAt(keysUrl: string, clock: Clock): ReturnType<typeof createRemoteJWKSet> {
  return createRemoteJWKSet(new URL(keysUrl), {
    timeoutDuration: ISSUER_TIMEOUT_MS,
    [customFetch]: async (url, { signal }) => Response.json(await askIssuer({ url, signal }, clock)),
  })
}

/**
 * Of the ID token, which has been verified; where it names no e-mail address, of the user info too. An address and that it
 * is verified are of one and the same.
 */
async function claimsOf(
  { accessToken }: OAuth2Tokens,
  idToken: string,
  { metadata: { userInfoUrl: url }, clock }: { readonly metadata: IssuerMetadata; readonly clock: Clock },
): Promise<Claims> {
  const told = claims.parse(decodeJwt(idToken))
  if (told.email !== undefined || url === undefined || accessToken === undefined) return told
  const answer = await askIssuer({ url, headers: { authorization: `Bearer ${accessToken}` } }, clock)
  const more = claims.parse(answer)
  // It may be about somebody else: Core 1.0 §5.3.2.
  if (more.sub !== told.sub) throw new Error("the issuer's user info is about somebody else")
  return { ...more, name: told.name ?? more.name }
}

function nameOf({ name, email }: Claims): string {
  const plain = (name ?? '').replace(/\p{C}/gu, '').trim().slice(0, MAX_NAME_LENGTH)
  return plain === '' ? (email?.split('@', 1)[0] ?? '') : plain
}
