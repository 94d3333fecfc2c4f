import { hashPassword, verifyPassword } from 'better-auth/crypto'
import { describe, expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { EMAIL, from, openSite, PASSWORD, signedInBrowser } from '../../../test/support/sign-in-site.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'

async function memoryDatabase() {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  return database
}

const openQuick = async (options: Parameters<typeof openSite>[1] = {}) => openSite(await memoryDatabase(), options)
const issuer = {
  id: 'work',
  label: 'Work',
  issuer: 'http://127.0.0.1:1',
  clientId: 'punku',
  clientSecret: undefined,
  scopes: [],
  linksAccounts: false,
  admits: undefined,
}
const signInBody = { email: EMAIL, password: PASSWORD }

describe('what is not open', () => {
  test.each([
    ['POST', '/sign-up/email'],
    ['GET', '/get-session'],
    ['POST', '/get-session'],
    ['GET', '/list-sessions'],
    ['POST', '/revoke-session'],
    ['POST', '/revoke-sessions'],
    ['POST', '/revoke-other-sessions'],
    ['POST', '/update-session'],
    ['POST', '/update-user'],
    ['POST', '/change-email'],
    ['POST', '/delete-user'],
    ['GET', '/delete-user/callback'],
    ['POST', '/set-password'],
    ['POST', '/verify-password'],
    ['GET', '/verify-email'],
    ['POST', '/send-verification-email'],
    ['GET', '/reset-password/abc'],
    ['POST', '/get-access-token'],
    ['POST', '/refresh-token'],
    ['GET', '/account-info'],
    ['POST', '/two-factor/get-totp-uri'],
    ['POST', '/two-factor/send-otp'],
    ['POST', '/two-factor/verify-otp'],
    ['POST', '/two-factor/view-backup-codes'],
    ['POST', '/passkey/update-passkey'],
    ['GET', '/ok'],
    ['GET', '/error'],
    ['POST', '/callback/work'],
    ['GET', '/sign-in/email'],
    ['PUT', '/sign-in/email'],
    ['POST', '/sign-in/email/'],
    ['POST', '//sign-in/email'],
    ['POST', '/Sign-In/email'],
    ['POST', '/sign-in%2Femail'],
    ['POST', '/x/../../auth/sign-up/email'],
    ['POST', '/request-password-reset'],
    ['POST', '/sign-in/social'],
    ['POST', ''],
  ])('%s %s', async (method, path) => {
    const site = await openQuick()
    const { browser } = await signedInBrowser(site)
    const headers = { 'content-type': 'application/json', origin: site.url }
    const body = method === 'GET' ? {} : { body: JSON.stringify({ ...signInBody, name: 'Eve' }) }
    const answer = await browser.fetch(`/control/auth${path}`, { method, headers, ...body })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'route_not_found' })
  })

  test('a password, where passwords are off', async () => {
    const site = await openQuick({ settings: { password: false } })
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    expect((await site.browser().post('/sign-in/email', signInBody)).status).toBe(404)
    expect((await site.browser().post('/reset-password', { token: 'x', newPassword: PASSWORD })).status).toBe(404)
    expect(site.signIn.entranceFor(site.browser().headers()).hasPassword).toBe(false)
  })

  test('passkeys, where the gateway is reached by an address', async () => {
    const site = await openQuick({ host: '127.0.0.1' })
    const browser = site.browser()
    expect((await browser.get('/passkey/generate-authenticate-options')).status).toBe(404)
    expect(site.signIn.entranceFor(browser.headers()).hasPasskeys).toBe(false)
    const named = await openQuick()
    expect((await named.browser().get('/passkey/generate-authenticate-options')).status).toBe(200)
    expect(named.signIn.entranceFor(named.browser().headers()).hasPasskeys).toBe(true)
  })
})

describe('fields that are not asked for', () => {
  test.each([
    ['/sign-in/email', { ...signInBody, isSystemAdmin: true }, 'isSystemAdmin'],
    ['/sign-in/email', { ...signInBody, rememberMe: false }, 'rememberMe'],
    ['/sign-in/email', { ...signInBody, callbackURL: 'https://evil.example' }, 'callbackURL'],
    [
      '/change-password',
      { currentPassword: PASSWORD, newPassword: PASSWORD, revokeOtherSessions: false },
      'revokeOtherSessions',
    ],
    ['/change-password', { currentPassword: PASSWORD, newPassword: PASSWORD, id: 'x' }, 'id'],
    ['/two-factor/enable', { password: PASSWORD, method: 'otp' }, 'method'],
    ['/two-factor/enable', { password: PASSWORD, issuer: 'Somebody else' }, 'issuer'],
    ['/two-factor/verify-totp', { code: '123456', trustDevice: true }, 'trustDevice'],
    ['/two-factor/verify-backup-code', { code: 'aaaaa-bbbbb', disableSession: true }, 'disableSession'],
    ['/passkey/verify-registration', { response: {}, createSession: true }, 'createSession'],
    ['/reset-password', { token: 'x', newPassword: PASSWORD, role: 'owner' }, 'role'],
    ['/device/approve', { userCode: 'ABCDEFGH', userId: 'x' }, 'userId'],
    ['/sign-in/social', { provider: 'work', idToken: { token: 'x' } }, 'idToken'],
    ['/sign-in/social', { provider: 'work', requestSignUp: true }, 'requestSignUp'],
    ['/sign-in/social', { provider: 'work', additionalData: { link: { userId: 'x' } } }, 'additionalData'],
    ['/link-social', { provider: 'work', scopes: ['all'] }, 'scopes'],
    ['/sign-out', { emailVerified: true }, 'emailVerified'],
  ])('%s %j', async (path, body, param) => {
    const site = await openQuick({ settings: { issuers: [issuer] } })
    const { browser } = await signedInBrowser(site)
    const answer = await browser.post(path, body)
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_request', param }),
    ])
    expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
  })

  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'email=a&password=b'],
    ['plain text', 'text/plain', JSON.stringify(signInBody)],
    ['no type', '', JSON.stringify(signInBody)],
  ])('%s is not JSON', async (_, type, body) => {
    const site = await openQuick()
    const answer = await site.browser().fetch('/control/auth/sign-in/email', {
      method: 'POST',
      headers: { 'content-type': type, origin: site.url },
      body: Buffer.from(body),
    })
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_request' })])
  })

  test('bodies that are broken, or too large', async () => {
    const browser = (await openQuick()).browser()
    expect((await browser.post('/sign-in/email', '{"email":')).status).toBe(400)
    expect((await browser.post('/sign-in/email', `{"email":"${'a'.repeat(70_000)}"}`)).status).toBe(413)
    expect((await browser.post('/sign-in/email', '[]')).status).toBe(400)
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: { length: 12 } })).status).toBe(400)
  })
})

describe('pages of other sites', () => {
  const sends = async (headers: Record<string, string>, path = '/sign-out', body: unknown = {}) => {
    const site = await openQuick()
    const { browser } = await signedInBrowser(site)
    const answer = await browser.post(path, body, headers)
    return { status: answer.status, isSignedIn: (await site.signIn.sessionOf(browser.headers())) !== undefined }
  }

  test.each([
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['another port of this host', { origin: 'http://localhost:1' }],
    ['the other scheme', { origin: 'https://localhost' }],
    ['a name that begins alike', { origin: 'http://localhost.evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['a cookie and no origin', { origin: '' }],
    ['a foreign site that hides its origin', { origin: '', 'sec-fetch-site': 'cross-site' }],
    ['another host of this site', { origin: '', 'sec-fetch-site': 'same-site' }],
    ['its own origin, from a foreign site', { 'sec-fetch-site': 'cross-site' }],
  ])('%s', async (_, headers) => expect(await sends(headers)).toEqual({ status: 403, isSignedIn: true }))

  test('the own page may', async () => {
    expect(await sends({})).toEqual({ status: 200, isSignedIn: false })
    expect(await sends({ 'sec-fetch-site': 'same-origin' })).toEqual({ status: 200, isSignedIn: false })
  })

  test('nor can they read, or make a browser sign in as somebody else', async () => {
    const site = await openQuick()
    const { browser } = await signedInBrowser(site)
    const cross = { 'sec-fetch-site': 'cross-site' }
    expect((await browser.get('/list-accounts', cross)).status).toBe(403)
    expect((await browser.get('/device?user_code=ABCDEFGH', cross)).status).toBe(403)
    const other = await site.browser().post('/sign-in/email', signInBody, { origin: 'https://evil.example' })
    expect([other.status, other.headers.getSetCookie()]).toEqual([403, []])
  })
})

describe('redirects', () => {
  test.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%2f%2fevil.example',
    '/ui/%2e%2e//evil.example',
    '/ui/..//evil.example',
    '/ui//evil.example',
    '/ui\\@evil.example',
    '/ui@evil.example',
    '/ui.evil.example',
    '/ui/\n/evil.example',
    'javascript:alert(1)',
    'ui/',
    '/api/chat',
    '/control/auth/sign-out',
    'http://localhost/ui/',
    '/ui/#token',
  ])('%j is no page to come back to', async (callbackURL) => {
    const site = await openQuick({ settings: { issuers: [issuer] } })
    for (const field of ['callbackURL', 'errorCallbackURL']) {
      const answer = await site.browser().post('/sign-in/social', { provider: 'work', [field]: callbackURL })
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ param: field })])
    }
  })

  test('what comes back from nowhere ends on our own page, with a word and no sentence', async () => {
    const site = await openQuick({ settings: { issuers: [issuer] } })
    for (const query of [
      'error=access_denied&error_description=Call+0900',
      'code=1',
      'state=1&code=1',
      'state=//evil.example&error=https://evil.example',
    ]) {
      const answer = await site.browser().get(`/callback/work?${query}`)
      expect(answer.status).toBe(302)
      expect(answer.headers.get('location')).toMatch(/^\/ui\/sign-in\?error=[a-z_]+$/)
    }
  })
})

describe('who has an account', () => {
  test('does not show in the answer', async () => {
    const site = await openQuick()
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    const answers = []
    for (const email of [EMAIL, 'nobody@example.org']) {
      const answer = await site.browser().post('/sign-in/email', { email, password: 'not this one' })
      const { date: _, ...headers } = Object.fromEntries(answer.headers)
      answers.push({ status: answer.status, headers, body: await answer.text() })
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.status).toBe(401)
  })

  test('does not show in the time: a password is hashed either way, once', async () => {
    const site = await openQuick()
    const { id } = await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    await site.addAccount({ name: 'Bob', email: 'bob@example.org', password: PASSWORD })
    await site.change((open) => site.signIn.resetLink(open, id))
    for (const email of ['bob@example.org', 'nobody@example.org', EMAIL]) {
      site.hasher.count = 0
      await site.browser().post('/sign-in/email', { email, password: 'not this one' })
      expect(site.hasher.count).toBe(1)
    }
  })

  test('does not show in what is recorded either, but for those who are known', async () => {
    const site = await openQuick()
    const { id } = await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    for (const email of [EMAIL, 'nobody@example.org']) {
      await site.browser().post('/sign-in/email', { email, password: 'not this one' })
    }
    const refused = { action: 'session.refuse', actor: { kind: 'nobody', personId: undefined, address: '192.0.2.1' } }
    expect(site.notes).toMatchObject([
      { ...refused, target: { id } },
      { ...refused, target: { id: undefined } },
    ])
    expect(JSON.stringify(site.notes)).not.toContain('nobody@example.org')
  })

  test('scrypt, as the library has it, takes the passwords', async () => {
    const site = await openQuick({ hasher: { hash: hashPassword, verify: verifyPassword } })
    const { browser } = await signedInBrowser(site)
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: 'not this one' })).status).toBe(401)
  })
})

describeDatabases((open, isSqlite) => {
  const guess = (index: number) => ({ email: EMAIL, password: `guess number ${index}` })

  test('brute force from one address ends in waiting, for every account', async () => {
    const site = await openSite(await open())
    const browser = site.browser()
    const statuses = []
    for (let index = 0; index < 11; index++) {
      const email = `somebody${index}@example.org`
      statuses.push((await browser.post('/sign-in/email', { email, password: 'password1234' })).status)
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429])
    const answer = await browser.post('/sign-in/email', guess(0))
    expect(await answer.json()).toMatchObject({ code: 'sign_in_limited' })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await browser.post('/sign-in/email', guess(0), from('192.0.2.77'))).status).toBe(401)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('of an IPv6 network all addresses are one', async () => {
    const site = await openSite(await open())
    const statuses = []
    for (let index = 0; index < 11; index++) {
      const email = `somebody${index}@example.org`
      const answer = await site
        .browser()
        .post('/sign-in/email', { email, password: 'password1234' }, from(`2001:db8:1:1::${index + 1}`))
      statuses.push(answer.status)
    }
    expect(statuses.at(-1)).toBe(429)
  })

  test('what a client says of its address counts for nothing', async () => {
    const site = await openSite(await open())
    const statuses = []
    for (let index = 0; index < 11; index++) {
      const forged = `198.51.100.${index}`
      const answer = await site
        .browser()
        .post(
          '/sign-in/email',
          { email: `somebody${index}@example.org`, password: 'password1234' },
          { 'x-forwarded-for': forged, 'x-punku-client-address': forged },
        )
      statuses.push(answer.status)
    }
    expect(statuses.at(-1)).toBe(429)
  })

  test('brute force at one account from many addresses ends in waiting, and not for its owner', async () => {
    const site = await openSite(await open())
    const { browser } = await signedInBrowser(site)
    const attack = async (email: string) => {
      const statuses = []
      for (let index = 0; index < 11; index++) {
        const body = { ...guess(index), email: index % 2 === 0 ? email : email.toUpperCase() }
        statuses.push((await site.browser().post('/sign-in/email', body, from(`203.0.113.${index}`))).status)
      }
      return statuses
    }
    expect(await attack(EMAIL)).toEqual([...Array(10).fill(401), 429])
    // The same for an address that has no account.
    expect(await attack('nobody@example.org')).toEqual([...Array(10).fill(401), 429])
    // The right password from elsewhere waits too; whoever is signed in at home comes in from there.
    expect((await site.browser().post('/sign-in/email', signInBody, from('203.0.113.99'))).status).toBe(429)
    expect((await browser.post('/sign-in/email', signInBody)).status).toBe(200)
    site.clock.advance(900_000)
    expect((await site.browser().post('/sign-in/email', signInBody, from('203.0.113.99'))).status).toBe(200)
  })

  test('a password that is asked for in a session counts alike', async () => {
    const site = await openSite(await open())
    const { browser } = await signedInBrowser(site)
    const statuses = []
    for (let index = 0; index < 21; index++) {
      const body = { currentPassword: `guess number ${index}`, newPassword: 'a'.repeat(12) }
      statuses.push((await browser.post('/change-password', body, from(`203.0.113.${index}`))).status)
    }
    expect(statuses.at(-1)).toBe(429)
  })

  test('a session that was there before the sign-in is not the one after it', async () => {
    const site = await openSite(await open())
    const mallory = await signedInBrowser(site, 'mallory@example.org')
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    // Mallory has planted her own cookie in Ada's browser.
    const ada = site.browser()
    for (const [name, value] of mallory.browser.cookies) ada.cookies.set(name, value)
    await ada.post('/sign-in/email', signInBody)
    expect(await site.signIn.sessionOf(ada.headers())).toMatchObject({ email: EMAIL })
    expect(ada.cookieHeader()).not.toBe(mallory.browser.cookieHeader())
    // And the one before has ended: nobody is left signed in by it.
    expect(await site.signIn.sessionOf(mallory.browser.headers())).toBeUndefined()
  })

  test('cookies that were made up or changed are nobody', async () => {
    const site = await openSite(await open())
    const { browser } = await signedInBrowser(site)
    const [[name = '', value = ''] = []] = browser.cookies
    const [token = ''] = value.split('.')
    for (const forged of [token, `${token}.`, `${token}.${'A'.repeat(43)}%3D`, `x${value}`, value.slice(0, -6), '']) {
      browser.cookies.set(name, forged)
      expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
    }
    browser.cookies.set(name, value)
    expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
  })

  test('nothing secret is in the log', async () => {
    const site = await openSite(await open())
    const { browser, personId } = await signedInBrowser(site)
    await browser.post('/sign-in/email', { email: EMAIL, password: 'not this one' })
    await browser.post('/sign-in/email', signInBody, { origin: 'https://evil.example' })
    const { link } = await site.change((open) => site.signIn.resetLink(open, personId))
    const text = site.logged.join('')
    const secrets = [PASSWORD, 'not this one', ...browser.cookies.values(), new URL(link).hash.slice(1)]
    for (const secret of secrets) expect(text).not.toContain(secret)
  })
})
