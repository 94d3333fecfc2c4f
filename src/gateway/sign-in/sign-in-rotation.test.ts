import { generateSync } from 'otplib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startScriptedIssuer } from '../../../test/support/scripted-issuer.ts'
import { EMAIL, openSite, PASSWORD, type Site, signedInBrowser } from '../../../test/support/sign-in-site.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import type { SignInSettings } from './sign-in-settings.ts'

// Codes hang on the wall clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const login = { email: EMAIL, password: PASSWORD }

async function openQuick(settings: Partial<SignInSettings> = {}) {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  return await openSite(database, { settings })
}

async function withSecondFactor(site: Site) {
  const signed = await signedInBrowser(site)
  const before = signed.browser.headers()
  const enabled = await signed.browser.post('/two-factor/enable', { password: PASSWORD })
  const { totpURI } = (await enabled.json()) as { totpURI: string }
  const code = () => {
    vi.setSystemTime(Date.now() + 120_000)
    return generateSync({ secret: new URL(totpURI).searchParams.get('secret') ?? '' })
  }
  expect((await signed.browser.post('/two-factor/verify-totp', { code: code() })).status).toBe(200)
  return { ...signed, before, code }
}

test('a session is another once the second factor is on, and the one before is over', async () => {
  const site = await openQuick()
  const { browser, before } = await withSecondFactor(site)
  expect(browser.headers().get('cookie')).not.toBe(before.get('cookie'))
  expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
  expect(await site.signIn.sessionOf(before)).toBeUndefined()
})

test('a session is another once the password is, and all before are over', async () => {
  const site = await openQuick()
  const { browser } = await signedInBrowser(site)
  const other = site.browser()
  expect((await other.post('/sign-in/email', login)).status).toBe(200)
  const before = [browser.headers(), other.headers()]
  const body = { currentPassword: PASSWORD, newPassword: 'staple of a battery' }
  expect((await browser.post('/change-password', body)).status).toBe(200)
  expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
  for (const headers of before) expect(await site.signIn.sessionOf(headers)).toBeUndefined()
})

test('a session that somebody planted is left, and over, once a code has signed somebody else in', async () => {
  const site = await openQuick()
  const { personId, code } = await withSecondFactor(site)
  const planted = await signedInBrowser(site, 'mallory@example.org')
  const before = planted.browser.headers()
  expect((await planted.browser.post('/sign-in/email', login)).status).toBe(200)
  // Half a sign-in is none, and who was signed in is no more.
  expect(await site.signIn.sessionOf(planted.browser.headers())).toBeUndefined()
  expect((await planted.browser.post('/two-factor/verify-totp', { code: code() })).status).toBe(200)
  expect(await site.signIn.sessionOf(planted.browser.headers())).toMatchObject({ personId })
  expect(planted.browser.headers().get('cookie')).not.toBe(before.get('cookie'))
})

test('a password, a code, a challenge and a state leave only cookies that no script reads and no other site sends', async () => {
  const issuer = await startScriptedIssuer()
  const settings = {
    id: 'work',
    label: 'Work',
    issuer: issuer.issuer,
    clientId: 'punku',
    clientSecret: undefined,
    scopes: [],
    linksAccounts: false,
  }
  for (const scheme of ['http', 'https']) {
    const site = await openQuick({ issuers: [settings] })
    const headers = { 'x-test-scheme': scheme, origin: site.url.replace('http', scheme) }
    await withSecondFactor(site)
    const browser = site.browser()
    const answers = [
      await browser.post('/sign-in/email', login, headers),
      await browser.get('/passkey/generate-authenticate-options', headers),
      await browser.post('/sign-in/social', { provider: 'work' }, headers),
    ]
    await signedInBrowser(site, 'bob@example.org')
    answers.push(await site.browser().post('/sign-in/email', { ...login, email: 'bob@example.org' }, headers))
    const lines = answers.flatMap((answer) => answer.headers.getSetCookie()).filter((line) => !/Max-Age=0/i.test(line))
    expect(lines.length).toBeGreaterThanOrEqual(5)
    for (const line of lines) {
      expect(line).toMatch(scheme === 'https' ? /^__Host-punku\.[^;]*; .*Path=\/;/ : /^punku\.[^;]*; .*Path=\/control;/)
      expect(line).toMatch(/HttpOnly/)
      expect(line).toMatch(/SameSite=Lax/)
      expect(/; Secure/.test(line)).toBe(scheme === 'https')
      expect(line).not.toMatch(/Domain=/i)
    }
  }
})
