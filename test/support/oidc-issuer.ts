import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider'
import { onTestFinished } from 'vitest'

/** Who signs in at the issuer, without being asked for anything. */
export interface IssuerAccount {
  readonly sub: string
  readonly name?: string
  readonly email?: string
  readonly email_verified?: boolean
}

export interface IssuerOptions {
  readonly account: IssuerAccount
  /** Default: a free one. */
  readonly port?: number
  /** Puts all claims into the ID token; else the e-mail address is only in the user info. */
  readonly hasClaimsInIdToken?: boolean
}

/** Signs an ID token with the issuer's own key, or with another one of the same name. */
export type SignToken = (claims: JWTPayload, key?: 'own' | 'other') => Promise<string>

/** What becomes of an ID token before it leaves; `undefined`: there is none. */
export type Tamper = (claims: JWTPayload, sign: SignToken) => Promise<string | undefined>

export const CLIENT_ID = 'punku'
export const CLIENT_SECRET = 'a secret of the client'
const KEY_ID = 'test key'

/** Made once: to make two takes longer than a test. */
let made: ReturnType<typeof makeKeys> | undefined

async function makeKeys() {
  return { own: await generateKeyPair('RS256', { extractable: true }), other: await generateKeyPair('RS256') }
}

/** A real OpenID provider on 127.0.0.1. Closed after the test. */
export async function startIssuer({ account, port = 0, hasClaimsInIdToken = false }: IssuerOptions) {
  made ??= makeKeys()
  const keys = await made
  const own = { ...(await exportJWK(keys.own.privateKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }
  let answer: RequestListener = (_, response) => response.writeHead(503).end()
  let person = account
  let tamper: Tamper | undefined
  const server = await listen(port, (request, response) => answer(request, response))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sign: SignToken = async (claims, key = 'own') =>
    await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: KEY_ID }).sign(keys[key].privateKey)

  /** Begins to answer, for a client that is called back there. */
  function serve(redirectUri: string): void {
    const provider = new Provider(issuer, {
      clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
      jwks: { keys: [own] },
      adapter: memoryAdapter(),
      cookies: { keys: ['a key for cookies'] },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      conformIdTokenClaims: !hasClaimsInIdToken,
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ ...person, sub }) }),
      async loadExistingGrant(context) {
        const { client, session } = context.oidc
        const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' })
        grant.addOIDCScope('openid email profile')
        await grant.save()
        return grant
      },
    })
    provider.use(async (context, next) => {
      if (context.path.startsWith('/interaction/')) {
        context.respond = false
        await provider.interactionFinished(context.req, context.res, { login: { accountId: person.sub } })
        return
      }
      await next()
      if (context.path !== '/token' || tamper === undefined) return
      const body = context.body as { id_token?: string }
      const claims = JSON.parse(Buffer.from(body.id_token?.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload
      const { id_token: _, ...rest } = body
      const token = await tamper(claims, sign)
      context.body = token === undefined ? rest : { ...rest, id_token: token }
    })
    answer = provider.callback()
  }

  return {
    issuer,
    serve,
    /** From now on this person signs in. */
    signsIn: (next: IssuerAccount) => {
      person = next
    },
    /** From now on ID tokens leave otherwise than they were made. */
    tamper: (next: Tamper) => {
      tamper = next
    },
  }
}

/** What the provider keeps, for as long as the test runs. */
function memoryAdapter(): (name: string) => Adapter {
  const kept = new Map<string, AdapterPayload>()
  return (name) => {
    const keyOf = (id: string) => `${name}:${id}`
    const findBy = async (is: (payload: AdapterPayload) => boolean) => [...kept.values()].find(is)
    return {
      upsert: async (id, payload) => void kept.set(keyOf(id), payload),
      find: async (id) => kept.get(keyOf(id)),
      findByUid: async (uid) => await findBy((payload) => payload.uid === uid),
      findByUserCode: async (userCode) => await findBy((payload) => payload.userCode === userCode),
      consume: async (id) => void Object.assign(kept.get(keyOf(id)) ?? {}, { consumed: Date.now() }),
      destroy: async (id) => void kept.delete(keyOf(id)),
      revokeByGrantId: async (grantId) => {
        for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key)
      },
    }
  }
}

async function listen(port: number, answer: RequestListener): Promise<Server> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return server
}

/** Goes through the pages of an issuer as a browser, and gives where it sends the browser back to. */
export async function walkIssuer(start: string, back: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let url = new URL(start)
  for (let step = 0; step < 10; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`the issuer answered ${response.status}: ${await response.text()}`)
    url = new URL(location, url)
    if (url.href.startsWith(back)) return url
  }
  throw new Error('the issuer goes round in circles')
}
