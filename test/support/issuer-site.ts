import type { JWTPayload } from 'jose'
import { expect } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { IssuerSettings } from '../../src/gateway/sign-in/sign-in-settings.ts'
import { openDatabase } from '../../src/gateway/store/database.ts'
import { migrate } from '../../src/gateway/store/migrations.ts'
import { CLIENT_ID, CLIENT_SECRET } from './oidc-issuer.ts'
import { type Asked, type ScriptedIssuer, startScriptedIssuer } from './scripted-issuer.ts'
import { EMAIL, openSite, type Site, type TestBrowser } from './sign-in-site.ts'

const RULE = { domains: ['example.org'], org: 'default', role: 'member' } as const
/** Whom the issuer of a test vouches for. */
export const ADA = { name: 'Ada', email: EMAIL, email_verified: true }

/** An issuer as it is configured. */
export function settingsOf(issuer: string, more: Partial<IssuerSettings> = {}): IssuerSettings {
  const client = { clientId: CLIENT_ID, clientSecret: new Secret(CLIENT_SECRET) }
  const terms = { scopes: ['email'], linksAccounts: false, admits: RULE }
  return { id: 'work', label: 'Work', issuer, ...client, ...terms, ...more }
}

/** One with all tables, in memory. */
export async function memoryDatabase() {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  return database
}

/** A gateway, an issuer that it goes by, and a browser in which nobody is signed in. */
export async function openIssuerSite(more: Partial<IssuerSettings> = {}) {
  const issuer = await startScriptedIssuer()
  const site = await openSite(await memoryDatabase(), { settings: { issuers: [settingsOf(issuer.issuer, more)] } })
  return { issuer, site, browser: site.browser() }
}

/** Begins at the gateway, as a browser that is sent to the issuer. */
export async function begin(browser: TestBrowser, path = '/sign-in/social', provider = 'work'): Promise<Asked> {
  const answer = await browser.post(path, { provider, callbackURL: '/ui/keys' })
  expect(answer.status).toBe(200)
  const url = new URL(((await answer.json()) as { url: string }).url)
  return { state: url.searchParams.get('state') ?? '', nonce: url.searchParams.get('nonce') ?? '', url }
}

/** Comes back with a code. */
export async function callBack(browser: TestBrowser, { state }: Pick<Asked, 'state'>, more = {}, provider = 'work') {
  const query = new URLSearchParams({ code: 'a code', state, ...more })
  const headers = { 'sec-fetch-site': 'cross-site' }
  const answer = await browser.fetch(`/control/auth/callback/${provider}?${query}`, { headers })
  return answer.headers.get('location')
}

/** Signs in with these claims; where the browser is sent. */
export async function signIn(
  { issuer, browser }: { readonly issuer: ScriptedIssuer; readonly browser: TestBrowser },
  claims: JWTPayload = ADA,
) {
  const asked = await begin(browser)
  issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked, claims)))
  return await callBack(browser, asked)
}

/** The person who is signed in in a browser. */
export const whoIs = async (site: Site, browser: TestBrowser) =>
  (await site.signIn.sessionOf(browser.headers()))?.personId
/** Where a browser is sent whose ID token is refused. */
export const WRONG_TOKEN = '/ui/sign-in?error=unable_to_get_user_info'
/** Where one is sent whose code is. */
export const WRONG_CODE = '/ui/sign-in?error=invalid_code'
