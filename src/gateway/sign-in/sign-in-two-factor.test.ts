import { generateSync } from 'otplib'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import {
  EMAIL,
  from,
  openSite,
  PASSWORD,
  type Site,
  signedInBrowser,
  type TestBrowser,
} from '../../../test/support/sign-in-site.ts'
import { openDatabase } from '../store/database.ts'

const CODE_MS = 30_000

// Codes hang on the wall clock, in the library and in otplib.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** What an authenticator shows now. */
function codeOf(totpURI: string): string {
  return generateSync({ secret: new URL(totpURI).searchParams.get('secret') ?? '' })
}

function nextCode(totpURI: string): string {
  vi.setSystemTime(Date.now() + 4 * CODE_MS)
  return codeOf(totpURI)
}

async function withSecondFactor(site: Site) {
  const { browser, personId } = await signedInBrowser(site)
  const answer = await browser.post('/two-factor/enable', { password: PASSWORD })
  const { totpURI, backupCodes } = (await answer.json()) as { totpURI: string; backupCodes: string[] }
  const code = codeOf(totpURI)
  const confirmed = await browser.post('/two-factor/verify-totp', { code })
  expect([confirmed.status, await confirmed.json()]).toEqual([200, {}])
  return { browser, personId, totpURI, backupCodes }
}

const signIn = async (browser: TestBrowser) => browser.post('/sign-in/email', { email: EMAIL, password: PASSWORD })

describeDatabases((open, isSqlite) => {
  test('a code that was seen is worth nothing to whoever types it next', async () => {
    const site = await openSite(await open())
    const { totpURI } = await withSecondFactor(site)
    const [ada, mallory] = [site.browser(), site.browser()]
    await signIn(ada)
    await signIn(mallory)
    const code = nextCode(totpURI)
    const statuses = await Promise.all(
      [ada, mallory].map(async (browser) => (await browser.post('/two-factor/verify-totp', { code })).status),
    )
    expect(statuses.sort()).toEqual([200, 401])
  })

  test('nor is it after a restart, or at another gateway on the database', async () => {
    const database = await open()
    const site = await openSite(database)
    const { totpURI } = await withSecondFactor(site)
    const ada = site.browser()
    await signIn(ada)
    const code = nextCode(totpURI)
    expect((await ada.post('/two-factor/verify-totp', { code })).status).toBe(200)
    const elsewhere = openDatabase({ url: database.url })
    onTestFinished(() => elsewhere.close())
    const other = await openSite(elsewhere)
    const mallory = other.browser()
    await signIn(mallory)
    const answer = await mallory.post('/two-factor/verify-totp', { code })
    expect([answer.status, await answer.json()]).toMatchObject([
      401,
      { detail: expect.stringContaining('used already') },
    ])
    expect((await mallory.post('/two-factor/verify-totp', { code: nextCode(totpURI) })).status).toBe(200)
  })

  test('the code that turned it on signs nobody in', async () => {
    const site = await openSite(await open())
    const { totpURI } = await withSecondFactor(site)
    const other = site.browser()
    await signIn(other)
    const answer = await other.post('/two-factor/verify-totp', { code: codeOf(totpURI) })
    expect([answer.status, await answer.json()]).toMatchObject([
      401,
      { detail: expect.stringContaining('used already') },
    ])
    expect((await other.post('/two-factor/verify-totp', { code: nextCode(totpURI) })).status).toBe(200)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('a second factor is asked for once its first code was given, and signs in', async () => {
    const site = await openSite(await open())
    const { browser, personId, totpURI } = await withSecondFactor(site)
    expect(totpURI).toMatch(/^otpauth:\/\/totp\/Punku:ada%40example\.org\?secret=[A-Z2-7]{52}&issuer=Punku/)
    expect(await site.signIn.hasTwoFactor(personId)).toBe(true)
    expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()

    const other = site.browser()
    const answer = await signIn(other)
    expect(await answer.json()).toEqual({ twoFactorRedirect: true, twoFactorMethods: ['totp'] })
    expect(await site.signIn.sessionOf(other.headers())).toBeUndefined()
    expect(await site.signIn.listSessions(personId)).toHaveLength(1)
    const code = nextCode(totpURI)
    expect((await other.post('/two-factor/verify-totp', { code })).status).toBe(200)
    expect(await site.signIn.sessionOf(other.headers())).toMatchObject({ personId })
    expect(site.actions()).toEqual(['session.start', 'two-factor.enable', 'session.start'])
    expect(site.notes.at(-1)).toMatchObject({ after: { way: 'password and code' } })
  })

  test('wrong codes end the sign-in, and too many of them all sign-ins for a while', async () => {
    const site = await openSite(await open())
    const { totpURI } = await withSecondFactor(site)
    const wrong = async (browser: TestBrowser, round: number) => {
      const statuses = []
      for (let index = 0; index < 6; index++) {
        const code = String(100_000 + round * 10 + index)
        const answer = await browser.post('/two-factor/verify-totp', { code }, from(`203.0.113.${round * 10 + index}`))
        statuses.push(answer.status)
      }
      return statuses
    }
    const first = site.browser()
    await signIn(first)
    expect(await wrong(first, 1)).toEqual([401, 401, 401, 401, 401, 400])
    // The right one comes too late: the sign-in has ended.
    expect((await first.post('/two-factor/verify-totp', { code: nextCode(totpURI) })).status).toBe(401)
    const second = site.browser()
    await signIn(second)
    expect(await wrong(second, 2)).toEqual([401, 401, 401, 401, 429, 429])
    const third = site.browser()
    await signIn(third)
    const code = { code: nextCode(totpURI) }
    const locked = await third.post('/two-factor/verify-totp', code, from('198.51.100.7'))
    expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '900'])
    // From where they came in before, its owner is let in, with that very code.
    expect((await third.post('/two-factor/verify-totp', code)).status).toBe(200)
    expect(site.notes.filter(({ action }) => action === 'session.refuse').length).toBeGreaterThanOrEqual(10)
  })

  test('a recovery code signs in once', async () => {
    const site = await openSite(await open())
    const { personId, backupCodes } = await withSecondFactor(site)
    expect(backupCodes).toHaveLength(10)
    const [code = ''] = backupCodes
    const [first, second] = [site.browser(), site.browser()]
    await signIn(first)
    await signIn(second)
    expect((await first.post('/two-factor/verify-backup-code', { code: 'aaaaa-aaaaa' })).status).toBe(401)
    expect((await first.post('/two-factor/verify-backup-code', { code })).status).toBe(200)
    expect(await site.signIn.sessionOf(first.headers())).toMatchObject({ personId })
    expect((await second.post('/two-factor/verify-backup-code', { code })).status).toBe(401)
    expect(site.notes.at(-2)).toMatchObject({ after: { way: 'password and recovery code' } })
  })

  test('nothing of it is done without the password', async () => {
    const site = await openSite(await open())
    const { browser, personId, totpURI, backupCodes } = await withSecondFactor(site)
    for (const path of ['/two-factor/disable', '/two-factor/generate-backup-codes', '/two-factor/enable']) {
      expect((await browser.post(path, { password: 'not this one' })).status).toBe(400)
      expect((await site.browser().post(path, { password: PASSWORD })).status).toBe(401)
    }
    const renewed = await browser.post('/two-factor/generate-backup-codes', { password: PASSWORD })
    expect(((await renewed.json()) as { backupCodes: string[] }).backupCodes).not.toContain(backupCodes[0])
    expect((await browser.post('/two-factor/disable', { password: PASSWORD })).status).toBe(200)
    expect(await site.signIn.hasTwoFactor(personId)).toBe(false)
    const other = site.browser()
    await signIn(other)
    expect(await site.signIn.sessionOf(other.headers())).toBeDefined()
    expect((await other.post('/two-factor/verify-totp', { code: nextCode(totpURI) })).status).toBe(400)
    expect(site.actions()).toEqual(expect.arrayContaining(['two-factor.renew', 'two-factor.disable']))
  })

  test('a reset takes the second factor off, and ends a sign-in that waits for its code', async () => {
    const site = await openSite(await open())
    const { personId, totpURI } = await withSecondFactor(site)
    const waiting = site.browser()
    await signIn(waiting)
    await site.change((open) => site.signIn.resetLink(open, personId))
    expect(await site.signIn.hasTwoFactor(personId)).toBe(false)
    expect((await waiting.post('/two-factor/verify-totp', { code: nextCode(totpURI) })).status).toBe(401)
    expect(await site.signIn.listSessions(personId)).toEqual([])
  })

  test('the secret and the recovery codes are not in the database as they are', async () => {
    const database = await open()
    const site = await openSite(database)
    const { totpURI, backupCodes } = await withSecondFactor(site)
    const rows = JSON.stringify(
      await database.db
        .selectFrom('two_factors' as 'people')
        .selectAll()
        .execute(),
    )
    expect(rows).toContain('backupCodes')
    expect(rows).not.toContain(backupCodes[0])
    expect(rows).not.toContain(new URL(totpURI).searchParams.get('secret'))
  })
})
