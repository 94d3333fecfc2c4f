import { describe, expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { findFreePort } from '../../../test/support/free-port.ts'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  type IssuerAccount,
  startIssuer,
  type Tamper,
  walkIssuer,
} from '../../../test/support/oidc-issuer.ts'
import {
  EMAIL,
  openSite,
  PASSWORD,
  type Site,
  signedInBrowser,
  type TestBrowser,
} from '../../../test/support/sign-in-site.ts'
import { Secret } from '../../core/secret.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import type { IssuerSettings } from './sign-in-settings.ts'

const ADA: IssuerAccount = { sub: 'ada-1', name: 'Ada L.', email: EMAIL, email_verified: true }
const RULE = { domains: ['example.org'], org: 'default', role: 'member' } as const

interface IssuerSiteOptions {
  readonly account?: IssuerAccount
  readonly settings?: Partial<IssuerSettings>
  readonly invited?: readonly string[]
  readonly hasClaimsInIdToken?: boolean
}

async function openIssuerSite(database: OpenDatabase, options: IssuerSiteOptions = {}) {
  const { account = ADA, settings, invited = [], hasClaimsInIdToken = true } = options
  const issuer = await startIssuer({ account, hasClaimsInIdToken })
  const site = await openSite(database, {
    settings: { issuers: [issuerSettings(issuer.issuer, settings)] },
    invited,
  })
  const back = `${site.url}/control/auth/callback/work`
  issuer.serve(back)
  /** Starts at the gateway, walks through the issuer, and gives where the browser is sent back to. */
  const walk = async (browser: TestBrowser, path = '/sign-in/social') => {
    const answer = await browser.post(path, { provider: 'work', callbackURL: '/ui/keys' })
    expect(answer.status).toBe(200)
    const { url } = (await answer.json()) as { url: string }
    return await walkIssuer(url, back)
  }
  const callBack = async (browser: TestBrowser, at: URL) => {
    const answer = await browser.fetch(at.pathname + at.search, { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(answer.status).toBe(302)
    return answer.headers.get('location')
  }
  const signIn = async (browser: TestBrowser, path?: string) => await callBack(browser, await walk(browser, path))
  return { site, issuer, walk, callBack, signIn }
}

function issuerSettings(issuer: string, more: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    id: 'work',
    label: 'Work',
    issuer,
    clientId: CLIENT_ID,
    clientSecret: new Secret(CLIENT_SECRET),
    scopes: ['email', 'profile'],
    linksAccounts: false,
    admits: RULE,
    ...more,
  }
}

async function memoryDatabase() {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  return database
}

const whoIs = async (site: Site, browser: TestBrowser) => (await site.signIn.sessionOf(browser.headers()))?.personId

describeDatabases((open, isSqlite) => {
  test('whom the issuer may let in gets an account, where the rule says, and next time has it', async () => {
    const database = await open()
    const { site, signIn } = await openIssuerSite(database)
    const browser = site.browser()
    expect(await signIn(browser)).toBe('/ui/keys')
    const session = await site.signIn.sessionOf(browser.headers())
    expect(session).toMatchObject({ name: 'Ada L.', email: EMAIL })
    const vouched = { issuerId: 'work', email: EMAIL, name: 'Ada L.' }
    expect(site.welcomed).toEqual([{ personId: session?.personId, vouched, rule: RULE }])
    expect(site.notes).toMatchObject([{ action: 'session.start', after: { way: 'issuer', issuer: 'work' } }])
    const again = site.browser()
    await signIn(again)
    expect(await whoIs(site, again)).toBe(session?.personId)
    expect(site.welcomed).toHaveLength(1)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('what would let us act at the issuer is not kept', async () => {
    const database = await open()
    const { site, signIn } = await openIssuerSite(database)
    await signIn(site.browser())
    await signIn(site.browser())
    const accounts = await database.db
      .selectFrom('accounts' as 'people')
      .selectAll()
      .execute()
    expect(accounts).toMatchObject([{ providerId: 'work', accountId: 'ada-1' }])
    expect(accounts).toMatchObject([{ accessToken: null, refreshToken: null, idToken: null }])
  })

  test('an e-mail address that is only in the user info counts too', async () => {
    const { site, signIn } = await openIssuerSite(await open(), { hasClaimsInIdToken: false })
    const browser = site.browser()
    await signIn(browser)
    expect(await site.signIn.sessionOf(browser.headers())).toMatchObject({ email: EMAIL })
  })

  test('an issuer that is away at the start stops nothing, and works once it is back', async () => {
    const port = await findFreePort()
    const settings = issuerSettings(`http://127.0.0.1:${port}`)
    const site = await openSite(await open(), { settings: { issuers: [settings] } })
    await signedInBrowser(site, 'bob@example.org')
    const browser = site.browser()
    const away = await browser.post('/sign-in/social', { provider: 'work' })
    expect([away.status, await away.json()]).toEqual([503, expect.objectContaining({ code: 'issuer_unreachable' })])
    const issuer = await startIssuer({ account: ADA, port, hasClaimsInIdToken: true })
    const back = `${site.url}/control/auth/callback/work`
    issuer.serve(back)
    const answer = await browser.post('/sign-in/social', { provider: 'work' })
    const { url } = (await answer.json()) as { url: string }
    const at = await walkIssuer(url, back)
    await browser.fetch(at.pathname + at.search, { headers: {} })
    expect(await site.signIn.sessionOf(browser.headers())).toMatchObject({ email: EMAIL })
  })

  test('a person who is signed in links the issuer, and signs in with it', async () => {
    const account = { sub: 'ada-1', email: 'countess@elsewhere.example', email_verified: false }
    const { site, signIn } = await openIssuerSite(await open(), { account, settings: { admits: undefined } })
    const { browser, personId } = await signedInBrowser(site)
    expect(await signIn(browser, '/link-social')).toBe('/ui/keys')
    expect(site.actions()).toEqual(['session.start', 'issuer.link'])
    const linked = (await (await browser.get('/list-accounts')).json()) as { id: string; providerId: string }[]
    expect(linked.map(({ providerId }) => providerId).sort()).toEqual(['credential', 'work'])
    const other = site.browser()
    await signIn(other)
    expect(await whoIs(site, other)).toBe(personId)

    const accountId = linked.find(({ providerId }) => providerId === 'work')?.id
    const mallory = await signedInBrowser(site, 'mallory@example.org')
    expect((await mallory.browser.post('/unlink-account', { accountId })).status).toBe(400)
    expect(await signIn(mallory.browser, '/link-social')).toMatch(/^\/ui\/account\?error=account_already_linked/)
    expect((await browser.post('/unlink-account', { accountId })).status).toBe(200)
    expect(await signIn(site.browser())).toMatch(/error=email_not_verified/)
  })
})

describe('accounts of others', () => {
  test.each([
    ['the issuer may not link', { linksAccounts: false }, true, true, 'account_not_linked'],
    ['the issuer has not verified the address', { linksAccounts: true }, false, true, 'email_not_verified'],
    ['nobody has verified the address here', { linksAccounts: true }, true, false, 'account_not_linked'],
  ])('are not taken over: %s', async (_, settings, email_verified, isEmailVerified, error) => {
    const account = { ...ADA, email_verified }
    const { site, signIn } = await openIssuerSite(await memoryDatabase(), { account, settings })
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD }, { isEmailVerified })
    const browser = site.browser()
    expect(await signIn(browser)).toBe(`/ui/sign-in?error=${error}`)
    expect(await whoIs(site, browser)).toBeUndefined()
    expect(site.notes).toMatchObject([{ action: 'session.refuse', after: { reason: error } }])
  })

  test('an issuer that may link does, where the address is verified on both sides', async () => {
    const { site, signIn } = await openIssuerSite(await memoryDatabase(), { settings: { linksAccounts: true } })
    const newcomer = { name: 'Ada', email: EMAIL, password: PASSWORD }
    const { id } = await site.addAccount(newcomer, { isEmailVerified: true })
    const browser = site.browser()
    expect(await signIn(browser)).toBe('/ui/keys')
    expect(await whoIs(site, browser)).toBe(id)
  })

  test('another subject with the same address is another person', async () => {
    const { site, issuer, signIn } = await openIssuerSite(await memoryDatabase())
    await signIn(site.browser())
    issuer.signsIn({ ...ADA, sub: 'mallory-1' })
    expect(await signIn(site.browser())).toBe('/ui/sign-in?error=account_not_linked')
  })
})

describe('who is let in', () => {
  const comes = async (account: IssuerAccount, settings: Partial<IssuerSettings>, invited: readonly string[] = []) => {
    const opened = await openIssuerSite(await memoryDatabase(), { account, settings, invited })
    return { location: await opened.signIn(opened.site.browser()), welcomed: opened.site.welcomed }
  }

  test.each([
    ['nobody without a rule', ADA, { admits: undefined }, 'not_admitted'],
    ['no other domain', { ...ADA, email: 'ada@example.com' }, {}, 'not_admitted'],
    ['no domain that ends alike', { ...ADA, email: 'ada@evilexample.org' }, {}, 'not_admitted'],
    ['no domain below', { ...ADA, email: 'ada@x.example.org' }, {}, 'not_admitted'],
    ['no address that has not been verified', { ...ADA, email_verified: false }, {}, 'email_not_verified'],
    ['nobody of whom it is not said', { sub: 'x', email: EMAIL }, {}, 'email_not_verified'],
    ['nobody without an address', { sub: 'x', name: 'Ada' }, {}, 'email_not_found'],
  ])('%s', async (_, account, settings, error) => {
    const { location, welcomed } = await comes(account, settings)
    expect([location, welcomed]).toEqual([`/ui/sign-in?error=${error}`, []])
  })

  test('whoever was invited by that address, in any case of letters', async () => {
    const { location, welcomed } = await comes({ ...ADA, email: 'Ada@Example.org' }, { admits: undefined }, [EMAIL])
    expect(location).toBe('/ui/keys')
    expect(welcomed).toMatchObject([{ vouched: { email: EMAIL }, rule: undefined }])
  })

  test('not even an invitation helps where the address is not verified', async () => {
    const account = { ...ADA, email_verified: false }
    const { location } = await comes(account, { admits: undefined }, [EMAIL])
    expect(location).toBe('/ui/sign-in?error=email_not_verified')
  })
})

describe('what is forged', () => {
  const none: Tamper = async () => undefined
  const unsigned =
    (alg: string): Tamper =>
    async (claims) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${part({ alg })}.${part(claims)}.`
    }
  const cases: readonly (readonly [string, Tamper])[] = [
    ['no ID token', none],
    ['no signature', unsigned('none')],
    ['no signature under another name', unsigned('RS256')],
    ['the signature of somebody else', async (claims, sign) => await sign(claims, 'other')],
    ['no nonce', async ({ nonce: _, ...claims }, sign) => await sign(claims)],
    ['another nonce', async (claims, sign) => await sign({ ...claims, nonce: 'another' })],
    ['another audience', async (claims, sign) => await sign({ ...claims, aud: 'another' })],
    ['more audiences, and none named', async (claims, sign) => await sign({ ...claims, aud: [CLIENT_ID, 'another'] })],
    ['another party', async (claims, sign) => await sign({ ...claims, azp: 'another' })],
    ['another issuer', async (claims, sign) => await sign({ ...claims, iss: 'https://evil.example' })],
    ['an end in the past', async (claims, sign) => await sign({ ...claims, exp: 1 })],
    ['no end', async ({ exp: _, ...claims }, sign) => await sign(claims)],
    ['no subject', async ({ sub: _, ...claims }, sign) => await sign(claims)],
  ]
  test.each(cases)('%s', async (_, tamper) => {
    const { site, issuer, signIn } = await openIssuerSite(await memoryDatabase())
    issuer.tamper(tamper)
    const browser = site.browser()
    expect(await signIn(browser)).toBe('/ui/sign-in?error=unable_to_get_user_info')
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test('an ID token of the issuer that is as it has to be passes that way', async () => {
    const { site, issuer, signIn } = await openIssuerSite(await memoryDatabase())
    issuer.tamper(async (claims, sign) => await sign(claims))
    expect(await signIn(site.browser())).toBe('/ui/keys')
  })

  test('user info about somebody else', async () => {
    const opened = await openIssuerSite(await memoryDatabase(), { hasClaimsInIdToken: false })
    opened.issuer.tamper(async (claims, sign) => await sign({ ...claims, sub: 'mallory-1' }))
    expect(await opened.signIn(opened.site.browser())).toBe('/ui/sign-in?error=unable_to_get_user_info')
  })

  test('a state that is wrong, of another browser, or used before', async () => {
    const { site, walk, callBack } = await openIssuerSite(await memoryDatabase())
    const ada = site.browser()
    const at = await walk(ada)
    const wrong = new URL(at)
    wrong.searchParams.set('state', 'x'.repeat(32))
    expect(await callBack(ada, wrong)).toMatch(/error=state_mismatch/)
    expect(await callBack(site.browser(), at)).toMatch(/error=state_mismatch/)

    const bob = site.browser()
    const once = await walk(bob)
    const before = new Map(bob.cookies)
    expect(await callBack(bob, once)).toBe('/ui/keys')
    bob.cookies.clear()
    for (const [name, value] of before) bob.cookies.set(name, value)
    expect(await callBack(bob, once)).toMatch(/error=state_mismatch/)
  })

  test('what an issuer says in its own words', async () => {
    const { site, walk, callBack } = await openIssuerSite(await memoryDatabase())
    for (const [word, shown] of [
      ['access_denied', 'access_denied'],
      ['Call 0900 to go on', 'sign_in_failed'],
    ] as const) {
      const browser = site.browser()
      const at = await walk(browser)
      at.searchParams.delete('code')
      at.searchParams.set('error', word)
      at.searchParams.set('error_description', 'Call 0900 to go on')
      expect(await callBack(browser, at)).toBe(`/ui/sign-in?error=${shown}`)
    }
  })

  test('a code of another issuer', async () => {
    const { site, walk, callBack } = await openIssuerSite(await memoryDatabase())
    const browser = site.browser()
    const at = await walk(browser)
    at.searchParams.set('iss', 'https://evil.example')
    expect(await callBack(browser, at)).toBe('/ui/sign-in?error=issuer_mismatch')
  })

  test('a code that was brought to another issuer than the sign-in began at', async () => {
    const issuer = await startIssuer({ account: ADA, hasClaimsInIdToken: true })
    const settings = issuerSettings(issuer.issuer)
    const issuers = [settings, { ...settings, id: 'home', label: 'Home' }]
    const site = await openSite(await memoryDatabase(), { settings: { issuers } })
    const back = `${site.url}/control/auth/callback/work`
    issuer.serve(back)
    const browser = site.browser()
    const { url } = (await (await browser.post('/sign-in/social', { provider: 'home' })).json()) as { url: string }
    const asked = new URL(url)
    asked.searchParams.set('redirect_uri', back)
    const at = await walkIssuer(asked.href, back)
    const answer = await browser.fetch(at.pathname + at.search, { headers: {} })
    expect(answer.headers.get('location')).toBe('/ui/sign-in?error=invalid_code')
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test.each([
    ['names itself otherwise', (document: object) => ({ ...document, issuer: 'https://evil.example' })],
    ['has a token URL without TLS', (document: object) => ({ ...document, token_endpoint: 'http://192.0.2.1/token' })],
    [
      'signs with our own secret',
      (document: object) => ({ ...document, id_token_signing_alg_values_supported: ['HS256', 'none'] }),
    ],
    ['answers with something else', () => ['no metadata']],
  ])('an issuer that %s', async (_, change) => {
    const { createServer } = await import('node:http')
    const server = createServer((request, response) => {
      const issuer = `http://${request.headers.host}`
      const document = {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256'],
      }
      response.end(JSON.stringify(change(document)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const site = await openSite(await memoryDatabase(), {
      settings: { issuers: [issuerSettings(`http://127.0.0.1:${port}`)] },
    })
    const answer = await site.browser().post('/sign-in/social', { provider: 'work' })
    server.close()
    expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: 'issuer_unreachable' })])
  })
})
