import { sql } from 'kysely'
import { generateSync } from 'otplib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { contentsOf, withoutAudit } from '../../../test/support/broken-audit.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { CLIENT_ID, CLIENT_SECRET, startIssuer, walkIssuer } from '../../../test/support/oidc-issuer.ts'
import { quickHasher } from '../../../test/support/quick-hasher.ts'
import {
  EMAIL,
  openSite,
  PASSWORD,
  type Site,
  signedInBrowser,
  type TestBrowser,
} from '../../../test/support/sign-in-site.ts'
import { Secret } from '../../core/secret.ts'
import type { OpenDatabase } from '../store/database.ts'
import type { PasswordHasher } from './sign-in-library.ts'
import type { IssuerSettings } from './sign-in-settings.ts'

// Codes hang on the wall clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** One thing that somebody does: what it is, when all before it is done. */
interface Act {
  /** Does it; the answer. */
  readonly run: () => Promise<Response>
  /** What is recorded of it, when that can be. */
  readonly action: string
  /** What it takes is used up before anything is changed, or counted. Default: it can be done again at once. */
  readonly isOnce?: boolean
}

type Prepare = (site: Site, database: OpenDatabase) => Promise<Act>

const login = { email: EMAIL, password: PASSWORD }
const codeOf = (totpURI: string) => generateSync({ secret: new URL(totpURI).searchParams.get('secret') ?? '' })
const later = (ms: number) => void vi.setSystemTime(Date.now() + ms)

async function beginSecondFactor(site: Site) {
  const { browser, personId } = await signedInBrowser(site)
  const answer = await browser.post('/two-factor/enable', { password: PASSWORD })
  const { totpURI, backupCodes } = (await answer.json()) as { totpURI: string; backupCodes: string[] }
  return { browser, personId, totpURI, backupCodes }
}

async function withSecondFactor(site: Site) {
  const begun = await beginSecondFactor(site)
  await begun.browser.post('/two-factor/verify-totp', { code: codeOf(begun.totpURI) })
  later(120_000)
  return begun
}

/** A browser in which the password was given and the code was not. */
async function halfway(site: Site) {
  const other = site.browser()
  await other.post('/sign-in/email', login)
  return other
}

const ACTS: Readonly<Record<string, Prepare>> = {
  'a sign-in': async (site) => {
    await signedInBrowser(site)
    const other = site.browser()
    return { run: () => other.post('/sign-in/email', login), action: 'session.start' }
  },
  'a sign-in that is refused': async (site) => {
    await signedInBrowser(site)
    const other = site.browser()
    return { run: () => other.post('/sign-in/email', { ...login, password: 'wrong' }), action: 'session.refuse' }
  },
  'a sign-in in the place of another': async (site) => {
    const { browser } = await signedInBrowser(site)
    return { run: () => browser.post('/sign-in/email', login), action: 'session.start' }
  },
  'a sign-out': async (site) => {
    const { browser } = await signedInBrowser(site)
    return { run: () => browser.post('/sign-out', {}), action: 'session.end' }
  },
  'a new password': async (site) => {
    const { browser } = await signedInBrowser(site)
    const body = { currentPassword: PASSWORD, newPassword: 'another horse battery' }
    return { run: () => browser.post('/change-password', body), action: 'password.change' }
  },
  'a new password by a link': async (site) => {
    const { personId } = await signedInBrowser(site)
    const { link } = await site.change((open) => site.signIn.resetLink(open, personId))
    const body = { token: new URL(link).hash.slice(1), newPassword: 'another horse battery' }
    // The link is used up before the password is hashed, and nothing is held up by that.
    return { run: () => site.browser().post('/reset-password', body), action: 'password.change', isOnce: true }
  },
  'a second factor that begins': async (site) => {
    const { browser, totpURI } = await beginSecondFactor(site)
    const run = () => {
      // A code is good once, whatever comes of it.
      later(120_000)
      return browser.post('/two-factor/verify-totp', { code: codeOf(totpURI) })
    }
    return { run, action: 'two-factor.enable' }
  },
  'a second factor that ends': async (site) => {
    const { browser } = await withSecondFactor(site)
    return { run: () => browser.post('/two-factor/disable', { password: PASSWORD }), action: 'two-factor.disable' }
  },
  'new recovery codes': async (site) => {
    const { browser } = await withSecondFactor(site)
    const run = () => browser.post('/two-factor/generate-backup-codes', { password: PASSWORD })
    return { run, action: 'two-factor.renew' }
  },
  'a code': async (site) => {
    const { totpURI } = await withSecondFactor(site)
    const other = await halfway(site)
    const run = () => other.post('/two-factor/verify-totp', { code: codeOf(totpURI) })
    return { run, action: 'session.start', isOnce: true }
  },
  'a recovery code': async (site) => {
    const { backupCodes } = await withSecondFactor(site)
    const other = await halfway(site)
    const run = () => other.post('/two-factor/verify-backup-code', { code: backupCodes[0] })
    return { run, action: 'session.start', isOnce: true }
  },
  'a passkey that goes': async (site, { db }) => {
    const { browser, personId } = await signedInBrowser(site)
    await sql`insert into passkeys (id, "publicKey", "userId", "credentialID", counter, "deviceType", "backedUp")
      values ('key1', 'p', ${personId}, 'c', 0, 'd', false)`.execute(db)
    return { run: () => browser.post('/passkey/delete-passkey', { id: 'key1' }), action: 'passkey.remove' }
  },
  'a command line that is let in': async (site) => {
    const { browser } = await signedInBrowser(site)
    const { user_code } = await deviceCode(site)
    await browser.get(`/device?user_code=${user_code}`)
    return { run: () => browser.post('/device/approve', { userCode: user_code }), action: 'device.approve' }
  },
  'a command line that comes in': async (site) => {
    const { browser } = await signedInBrowser(site)
    const { user_code, device_code } = await deviceCode(site)
    await browser.get(`/device?user_code=${user_code}`)
    await browser.post('/device/approve', { userCode: user_code })
    const body = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code, client_id: 'punku-cli' }
    const run = () => {
      later(6_000)
      return site.browser().post('/device/token', body, { origin: '' })
    }
    return { run, action: 'session.start' }
  },
  'a command line that leaves': async (site) => {
    const { run } = await (ACTS['a command line that comes in'] as Prepare)(site, undefined as never)
    const { access_token } = (await (await run()).json()) as { access_token: string }
    const headers = { authorization: `Bearer ${access_token}`, origin: '' }
    return { run: () => site.browser().post('/sign-out', {}, headers), action: 'session.end' }
  },
}

async function deviceCode(site: Site) {
  const answer = await site.browser().post('/device/code', { client_id: 'punku-cli' }, { origin: '' })
  return (await answer.json()) as { user_code: string; device_code: string }
}

describeDatabases((open) => {
  describe('where no entry can be written, nothing is changed by', () => {
    test.each(Object.entries(ACTS))('%s', async (_, prepare) => {
      const database = await open()
      const site = await openSite(database)
      const { run, action, isOnce = false } = await prepare(site, database)
      const before = await contentsOf(database)
      await withoutAudit(database, async () => {
        const answer = await run()
        expect([answer.status, await answer.json()]).toMatchObject([500, { code: 'internal' }])
        expect(answer.headers.getSetCookie()).toEqual([])
      })
      expect(await contentsOf(database)).toEqual(before)
      if (isOnce) return
      await run()
      expect(site.notes.at(-1)).toMatchObject({ action })
      expect((await contentsOf(database))['audit']?.length).toBe((before['audit']?.length ?? 0) + 1)
    })

    test('somebody who comes in through an issuer, or links and unlinks one', async () => {
      const database = await open()
      const account = { sub: '1', name: 'Ada', email: EMAIL, email_verified: true }
      const issuer = await startIssuer({ account, hasClaimsInIdToken: true })
      const settings: IssuerSettings = {
        id: 'work',
        label: 'Work',
        issuer: issuer.issuer,
        clientId: CLIENT_ID,
        clientSecret: new Secret(CLIENT_SECRET),
        scopes: ['email', 'profile'],
        linksAccounts: false,
      }
      const site = await openSite(database, { settings: { issuers: [settings] }, invited: [EMAIL] })
      const back = `${site.url}/control/auth/callback/work`
      issuer.serve(back)
      const come = async (browser: TestBrowser, path = '/sign-in/social') => {
        const answer = await browser.post(path, { provider: 'work', callbackURL: '/ui/keys' })
        const { url } = (await answer.json()) as { url: string }
        const at = await walkIssuer(url, back)
        return await browser.fetch(at.pathname + at.search, { headers: { 'sec-fetch-site': 'cross-site' } })
      }
      const changesNothing = async (run: () => Promise<Response>, status: number) => {
        const before = await contentsOf(database)
        await withoutAudit(database, async () => {
          expect((await run()).status).toBe(500)
        })
        expect(await contentsOf(database)).toEqual(before)
        expect((await run()).status).toBe(status)
      }
      const browser = site.browser()
      await changesNothing(() => come(browser), 302)
      expect(site.actions()).toEqual(['session.start'])

      const { browser: other } = await signedInBrowser(site, 'eve@example.org')
      issuer.signsIn({ ...account, sub: '2' })
      await changesNothing(() => come(other, '/link-social'), 302)
      expect(site.actions().at(-1)).toBe('issuer.link')
      const accounts = (await (await other.get('/list-accounts')).json()) as { id: string; providerId: string }[]
      const accountId = accounts.find(({ providerId }) => providerId === 'work')?.id
      await changesNothing(() => other.post('/unlink-account', { accountId }), 200)
      expect(site.actions().at(-1)).toBe('issuer.unlink')
    })
  })

  describe('nobody waits for a password that is hashed, in', () => {
    test.each(Object.entries(ACTS))('%s', async (_, prepare) => {
      const database = await open()
      let site: Site | undefined
      // Never ends where the request holds the lock of changes by then.
      const others = async () => await site?.store.transaction(async () => {})
      const hasher: PasswordHasher = {
        async hash(password) {
          await others()
          return await quickHasher.hash(password)
        },
        async verify(given) {
          await others()
          return await quickHasher.verify(given)
        },
      }
      site = await openSite(database, { hasher })
      const { run } = await prepare(site, database)
      expect((await run()).status).toBeLessThan(500)
    })
  })

  test('what breaks on the way is taken back whole', async () => {
    const database = await open()
    const site = await openSite(database)
    const { personId } = await signedInBrowser(site)
    const before = await contentsOf(database)
    const failing = site.change(async (change) => {
      await site.signIn.endSessions(change, personId)
      throw new Error('too late')
    })
    await expect(failing).rejects.toThrow('too late')
    expect(await contentsOf(database)).toEqual(before)
  })
})
