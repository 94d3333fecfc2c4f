import { sql } from 'kysely'
import { generateSync } from 'otplib'
import { expect, test } from 'vitest'
import { describeDatabases, type OpenTestDatabase } from '../../../test/support/databases.ts'
import { quickHasher } from '../../../test/support/quick-hasher.ts'
import {
  EMAIL,
  from,
  openSite,
  PASSWORD,
  type Site,
  signedInBrowser,
  type TestBrowser,
} from '../../../test/support/sign-in-site.ts'
import type { OpenChange } from '../store/store.ts'

const AT_ONCE = 5

/** Passwords are compared; from `meet` on, no comparison ends before that many have come. */
function meetingHasher() {
  let missing = 0
  let met = Promise.withResolvers<void>()
  return {
    meet(count: number) {
      missing = count
      met = Promise.withResolvers()
    },
    hash: quickHasher.hash,
    async verify(given: { readonly hash: string; readonly password: string }) {
      const isRight = await quickHasher.verify(given)
      if (missing > 0) {
        if (--missing === 0) met.resolve()
        await met.promise
      }
      return isRight
    },
  }
}

async function openMeeting(open: OpenTestDatabase) {
  const hasher = meetingHasher()
  const site = await openSite(await open(), { hasher })
  const { browser, personId } = await signedInBrowser(site)
  return { site, browser, personId, hasher }
}

/** Sends as many requests at once, each from an address of its own; their statuses, lowest first. */
async function atOnce(send: (index: number, headers: Record<string, string>) => Promise<Response>) {
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => send(index, from(`203.0.113.${index + 1}`))),
  )
  return answers.map(({ status }) => status).sort()
}

const ONE_WINS = [200, ...Array.from({ length: AT_ONCE - 1 }, () => 409)]

async function signIn(site: Site, password = PASSWORD, headers = {}): Promise<TestBrowser> {
  const browser = site.browser()
  await browser.post('/sign-in/email', { email: EMAIL, password }, headers)
  return browser
}

const codeOf = (totpURI: string) => generateSync({ secret: new URL(totpURI).searchParams.get('secret') ?? '' })

async function enabled(browser: TestBrowser) {
  const answer = await browser.post('/two-factor/enable', { password: PASSWORD })
  return (await answer.json()) as { totpURI: string; backupCodes: string[] }
}

async function withSecondFactor(browser: TestBrowser) {
  const { totpURI, backupCodes } = await enabled(browser)
  expect((await browser.post('/two-factor/verify-totp', { code: codeOf(totpURI) })).status).toBe(200)
  return backupCodes
}

describeDatabases((open) => {
  test('of several changes of one password, one is made', async () => {
    const { site, browser, hasher } = await openMeeting(open)
    hasher.meet(AT_ONCE)
    const statuses = await atOnce((index, headers) =>
      browser.post('/change-password', { currentPassword: PASSWORD, newPassword: `another one, ${index}` }, headers),
    )
    expect(statuses).toEqual(ONE_WINS)
    expect(site.actions().filter((action) => action === 'password.change')).toHaveLength(1)
  })

  test('nobody signs in by a password that was changed while it was compared', async () => {
    const { site, browser, personId } = await openMeeting(open)
    const compared = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const late = await openSite(site.database, {
      hasher: {
        hash: quickHasher.hash,
        async verify(given) {
          const isRight = await quickHasher.verify(given)
          compared.resolve()
          await changed.promise
          return isRight
        },
      },
    })
    const signingIn = late.browser().post('/sign-in/email', { email: EMAIL, password: PASSWORD })
    await compared.promise
    await browser.post('/change-password', { currentPassword: PASSWORD, newPassword: 'a better one, by far' })
    changed.resolve()
    const answer = await signingIn
    expect([answer.status, await answer.json()]).toMatchObject([
      409,
      { code: 'version_conflict', detail: expect.stringContaining('at the same time') },
    ])
    expect(await site.signIn.listSessions(personId)).toHaveLength(1)
  })

  test('several that begin a second factor begin one', async () => {
    const { site, browser, hasher } = await openMeeting(open)
    hasher.meet(AT_ONCE)
    const statuses = await atOnce((_, headers) => browser.post('/two-factor/enable', { password: PASSWORD }, headers))
    expect(statuses[0]).toBe(200)
    const { rows } = await sql`select id from two_factors`.execute(site.database.db)
    expect(rows).toHaveLength(1)
  })

  test('of several that turn it on by one code, one does', async () => {
    const { browser } = await openMeeting(open)
    const code = codeOf((await enabled(browser)).totpURI)
    const statuses = await atOnce((_, headers) => browser.post('/two-factor/verify-totp', { code }, headers))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  })

  test('of several that turn it off, one does', async () => {
    const { site, browser, personId, hasher } = await openMeeting(open)
    await withSecondFactor(browser)
    hasher.meet(AT_ONCE)
    const post = (_: number, headers: Record<string, string>) =>
      browser.post('/two-factor/disable', { password: PASSWORD }, headers)
    expect(await atOnce(post)).toEqual(ONE_WINS)
    expect(await site.signIn.listSessions(personId)).toHaveLength(1)
  })

  test('a recovery code signs in one of several', async () => {
    const { site, browser, personId } = await openMeeting(open)
    const [code] = await withSecondFactor(browser)
    const challenged: TestBrowser[] = []
    for (let index = 0; index < AT_ONCE; index++) challenged.push(await signIn(site))
    const statuses = await atOnce((index, headers) =>
      (challenged[index] as TestBrowser).post('/two-factor/verify-backup-code', { code }, headers),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(await site.signIn.listSessions(personId)).toHaveLength(2)
  })

  test('a link to set a password sets one', async () => {
    const { site, personId } = await openMeeting(open)
    const { link } = await site.change((change) => site.signIn.resetLink(change, personId))
    const token = new URL(link).hash.slice(1)
    const statuses = await atOnce((index, headers) =>
      site.browser().post('/reset-password', { token, newPassword: `another one, ${index}` }, headers),
    )
    expect(statuses).toEqual([200, 400, 400, 400, 400])
  })

  test('who signs out several times at once has signed out, once', async () => {
    const { site, browser } = await openMeeting(open)
    const cookie = browser.cookieHeader()
    const statuses = await atOnce((_, headers) => browser.post('/sign-out', {}, { ...headers, cookie }))
    expect(statuses).toEqual([200, 200, 200, 200, 200])
    expect(site.actions()).toEqual(['session.start', 'session.end'])
  })

  test('of several that unlink the two ways in, one does, and the other way stays', async () => {
    const { site, browser, personId } = await openMeeting(open)
    await site.change((change) => addIssuer(change, personId))
    const ids = await accountsOf(browser)
    expect(ids).toHaveLength(2)
    const unlinking = ids.map((accountId) => browser.post('/unlink-account', { accountId }))
    expect((await Promise.all(unlinking)).filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await accountsOf(browser)).toHaveLength(1)
  })
})

async function addIssuer({ db }: OpenChange, personId: string) {
  await sql`insert into accounts (id, "accountId", "providerId", "userId", "createdAt", "updatedAt")
    select 'second', 'ada', 'work', id, "createdAt", "updatedAt" from people where id = ${personId}`.execute(db)
}

async function accountsOf(browser: TestBrowser): Promise<readonly string[]> {
  const accounts = (await (await browser.get('/list-accounts')).json()) as { readonly id: string }[]
  return accounts.map(({ id }) => id)
}
