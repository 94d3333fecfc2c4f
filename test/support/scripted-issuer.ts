import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import { CLIENT_ID } from './oidc-issuer.ts'

export const KEY_ID = 'scripted key'

/** Where an issuer is asked. */
export type IssuerPath = '/.well-known/openid-configuration' | '/token' | '/jwks' | '/userinfo'

export interface IssuerRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What is answered in place of what should be. */
export type IssuerAnswer = (response: ServerResponse, request: IssuerRequest) => unknown

/** What a browser that comes back from an issuer carries besides its code. */
export interface Asked {
  readonly state: string
  readonly nonce: string
  readonly url: URL
}

/** Made once: to make a pair takes longer than a test. */
let made: ReturnType<typeof makeKeys> | undefined
const makeKeys = async () => await generateKeyPair('RS256', { extractable: true })

/**
 * An issuer on 127.0.0.1 that says whatever a test has it say, and asks nobody anything: each code is good, for the claims
 * that were set. Closed after the test.
 */
export async function startScriptedIssuer() {
  made ??= makeKeys()
  const { privateKey, publicKey } = await made
  const publicJwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }
  const requests: IssuerRequest[] = []
  const answers = new Map<string, IssuerAnswer>()
  let idToken: () => Promise<string | undefined> = async () => undefined
  let more: Readonly<Record<string, unknown>> = {}
  const json = (response: ServerResponse, body: unknown) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const usual: Readonly<Record<IssuerPath, IssuerAnswer>> = {
    '/.well-known/openid-configuration': (response) => json(response, { ...document, ...more }),
    '/token': async (response) => json(response, { access_token: 'access', id_token: await idToken() }),
    '/jwks': (response) => json(response, { keys: [publicJwk] }),
    '/userinfo': (response) => json(response, {}),
  }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = String(request.url)
    const seen = { path, headers: request.headers, body: Buffer.concat(chunks).toString() }
    requests.push(seen)
    const answer = answers.get(path) ?? usual[path as IssuerPath]
    if (answer === undefined) response.writeHead(404).end()
    else await answer(response, seen)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const document = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    id_token_signing_alg_values_supported: ['RS256'],
  }
  const claimsFor = ({ nonce }: Pick<Asked, 'nonce'>, claims: JWTPayload = {}): JWTPayload => {
    const nowS = Math.floor(Date.now() / 1_000)
    return { iss: issuer, aud: CLIENT_ID, sub: 'ada-1', iat: nowS, exp: nowS + 600, nonce, ...claims }
  }
  return {
    issuer,
    /** All that it was asked, in the order it came. */
    requests,
    privateKey,
    publicKey,
    publicJwk,
    asked: (path: IssuerPath) => requests.filter((request) => request.path === path),
    /** From now on it says this of itself besides what it should. */
    says: (fields: Readonly<Record<string, unknown>>) => {
      more = fields
    },
    /** From now on that is answered there. */
    answers: (path: string, answer: IssuerAnswer) => void answers.set(path, answer),
    /** From now on it answers there as it should. */
    behaves: (path: string) => void answers.delete(path),
    json,
    claimsFor,
    sign: async (claims: JWTPayload, header: Partial<JWTHeaderParameters> = {}) =>
      await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: KEY_ID, ...header }).sign(privateKey),
    /** From now on each code gives this ID token. */
    gives: (make: () => Promise<string | undefined>) => {
      idToken = make
    },
  }
}

export type ScriptedIssuer = Awaited<ReturnType<typeof startScriptedIssuer>>
