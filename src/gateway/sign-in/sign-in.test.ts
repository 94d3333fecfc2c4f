import { expect, test, vi } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { EMAIL, openSite, PASSWORD, signedInBrowser } from '../../../test/support/sign-in-site.ts'

const DAY_MS = 86_400_000

describeDatabases((open) => {
  test('a person signs in with their password, is known by their cookie, and signs out', async () => {
    const site = await openSite(await open())
    const { browser, personId } = await signedInBrowser(site)
    const session = await site.signIn.sessionOf(browser.headers())
    expect(session).toMatchObject({ personId, name: 'Ada', email: EMAIL, viaBearer: false, address: '192.0.2.1' })
    expect((await browser.post('/sign-out', {})).status).toBe(200)
    expect([...browser.cookies.keys()]).toEqual([expect.stringContaining('device_')])
    expect(site.actions()).toEqual(['session.start', 'session.end'])
    expect(site.notes[0]).toMatchObject({ actor: { kind: 'person', personId, name: 'Ada', address: '192.0.2.1' } })
  })

  test('a cookie that was kept is worth nothing after sign-out', async () => {
    const site = await openSite(await open())
    const { browser } = await signedInBrowser(site)
    const kept = browser.headers()
    await browser.post('/sign-out', {})
    expect(await site.signIn.sessionOf(kept)).toBeUndefined()
    const replay = site.browser()
    const answer = await replay.get('/list-accounts', { cookie: kept.get('cookie') ?? '' })
    expect(answer.status).toBe(401)
  })

  test('the answer to a sign-in holds nothing that signs in, and its cookie no script can read', async () => {
    const site = await openSite(await open())
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    const answer = await site.browser().post('/sign-in/email', { email: EMAIL, password: PASSWORD })
    expect(await answer.json()).toEqual({})
    expect([...answer.headers.keys()].filter((name) => name.includes('token'))).toEqual([])
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^punku\.session_token=[^;]+; Max-Age=604800; Path=\/control; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^punku\.device_[^;]+; Max-Age=5184000; Path=\/control; HttpOnly; SameSite=Lax$/),
    ])
  })

  test('over TLS the cookie is bound to the host', async () => {
    const site = await openSite(await open())
    await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    const origin = site.url.replace('http:', 'https:')
    const answer = await site
      .browser()
      .post('/sign-in/email', { email: EMAIL, password: PASSWORD }, { 'x-test-scheme': 'https', origin })
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(
      /^__Host-punku\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    // What plain HTTP can plant is no session there.
    const planted = new Headers({ host: new URL(site.url).host, 'x-test-scheme': 'https' })
    planted.set('cookie', cookie.replace('__Host-', '').split(';', 1)[0] ?? '')
    expect(await site.signIn.sessionOf(planted)).toBeUndefined()
    planted.set('cookie', cookie.split(';', 1)[0] ?? '')
    expect(await site.signIn.sessionOf(planted)).toBeDefined()
  })

  test('sessions are listed without their tokens, and end one by one or all but one', async () => {
    const site = await openSite(await open())
    const { browser, personId } = await signedInBrowser(site)
    const others = [site.browser(), site.browser()]
    for (const other of others) {
      await other.post('/sign-in/email', { email: EMAIL, password: PASSWORD }, { 'user-agent': 'Netscape/4' })
    }
    const sessions = await site.signIn.listSessions(personId)
    expect(sessions).toHaveLength(3)
    for (const session of sessions) {
      expect(Object.keys(session).sort()).toEqual(['address', 'createdAt', 'expiresAt', 'id', 'lastUsedAt', 'software'])
    }
    const mine = await site.signIn.sessionOf(browser.headers())
    const other = sessions.find(({ software }) => software === 'Netscape/4')
    expect(await site.change((open) => site.signIn.endSession(open, personId, other?.id ?? ''))).toBe(true)
    expect(await site.change((open) => site.signIn.endSession(open, personId, other?.id ?? ''))).toBe(false)
    expect(await site.change((open) => site.signIn.endSession(open, 'somebody else', mine?.sessionId ?? ''))).toBe(
      false,
    )
    expect(await site.change((open) => site.signIn.endSessions(open, personId, mine?.sessionId))).toBe(1)
    expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
    for (const other of others) expect(await site.signIn.sessionOf(other.headers())).toBeUndefined()
    expect(await site.change((open) => site.signIn.endSessions(open, personId))).toBe(1)
    expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
  })

  test('a session that is used lives on, cookie and all; one that is not ends', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const site = await openSite(await open())
      const { browser } = await signedInBrowser(site)
      vi.setSystemTime(Date.now() + 6 * DAY_MS)
      const used = await site.signIn.sessionOf(browser.headers())
      expect(used?.setCookies).toEqual([expect.stringContaining('Max-Age=604800'), expect.stringContaining('device_')])
      expect(used?.expiresAt).toBeGreaterThan(Date.now() + 6 * DAY_MS)
      expect((await site.signIn.sessionOf(browser.headers()))?.setCookies).toEqual([])
      vi.setSystemTime(Date.now() + 7 * DAY_MS + 1_000)
      expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
    } finally {
      vi.useRealTimers()
    }
  })

  test('what has run out is deleted every hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const database = await open()
      const site = await openSite(database)
      await signedInBrowser(site)
      const count = async () => (await database.db.selectFrom('sessions').select('id').execute()).length
      site.clock.advance(3_600_000)
      await site.signIn.settled()
      expect(await count()).toBe(1)
      vi.setSystemTime(Date.now() + 8 * DAY_MS)
      site.clock.advance(3_600_000)
      await site.signIn.settled()
      expect(await count()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('a new password ends every other session, and the old password', async () => {
    const site = await openSite(await open())
    const { browser, personId } = await signedInBrowser(site)
    const other = site.browser()
    await other.post('/sign-in/email', { email: EMAIL, password: PASSWORD })
    const before = browser.cookieHeader()
    const wrong = await browser.post('/change-password', {
      currentPassword: 'not this one',
      newPassword: 'a'.repeat(12),
    })
    expect([wrong.status, await wrong.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_request' })])
    const newPassword = 'staple of a battery'
    expect((await browser.post('/change-password', { currentPassword: PASSWORD, newPassword })).status).toBe(200)
    expect(browser.cookieHeader()).not.toBe(before)
    expect(await site.signIn.listSessions(personId)).toHaveLength(1)
    expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
    expect(await site.signIn.sessionOf(other.headers())).toBeUndefined()
    expect((await other.post('/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(401)
    expect((await other.post('/sign-in/email', { email: EMAIL, password: newPassword })).status).toBe(200)
    expect(site.actions()).toContain('password.change')
  })

  test('whoever cannot sign in is reset: nothing of before works, and the link works once', async () => {
    const site = await openSite(await open())
    const { browser, personId } = await signedInBrowser(site)
    const first = await site.change((open) => site.signIn.resetLink(open, personId))
    expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
    expect(await site.signIn.hasPassword(personId)).toBe(false)
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(401)

    const { link } = await site.change((open) => site.signIn.resetLink(open, personId))
    expect(link).toMatch(new RegExp(`^${site.url}/ui/reset#[0-9a-z]{52}$`))
    const set = (of: string, newPassword: string) =>
      browser.post('/reset-password', { token: new URL(of).hash.slice(1), newPassword })
    expect((await set(link, 'short')).status).toBe(400)
    expect((await set(first.link, 'staple of a battery')).status).toBe(400)
    expect((await set(link, 'staple of a battery')).status).toBe(200)
    expect((await set(link, 'another of those')).status).toBe(400)
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: 'staple of a battery' })).status).toBe(200)
    expect(site.notes.find(({ action }) => action === 'password.change')).toMatchObject({ after: { by: 'link' } })
  })

  test('a link to reset runs out after an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const site = await openSite(await open())
      const { id } = await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
      const { link, expiresAt } = await site.change((open) => site.signIn.resetLink(open, id))
      expect(expiresAt).toBe(Date.now() + 3_600_000)
      vi.setSystemTime(expiresAt + 1)
      const token = new URL(link).hash.slice(1)
      expect((await site.browser().post('/reset-password', { token, newPassword: 'a'.repeat(12) })).status).toBe(400)
    } finally {
      vi.useRealTimers()
    }
  })

  test('of two accounts with one address there is one, however it is written and however close they come', async () => {
    const site = await openSite(await open())
    const create = (email: string) => site.addAccount({ name: 'Ada', email, password: PASSWORD })
    const outcomes = await Promise.allSettled([create(EMAIL), create('ADA@Example.org')])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'already_exists' } })
    await expect(site.addAccount({ name: 'B', email: 'b@example.org', password: 'short' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  test('a person who is removed is gone, sessions and all', async () => {
    const database = await open()
    const site = await openSite(database)
    const { browser, personId } = await signedInBrowser(site)
    await site.change((open) => site.signIn.remove(open, personId))
    expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
    expect(await database.db.selectFrom('people').select('id').execute()).toEqual([])
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(401)
  })

  test('who has just come in by a link is signed in', async () => {
    const site = await openSite(await open())
    const { id } = await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
    const browser = site.browser()
    const cookies = await site.signIn.startSession(id, { headers: browser.headers(), address: '192.0.2.9' })
    const headers = browser.headers()
    headers.set('cookie', cookies.map((line) => line.split(';', 1)[0]).join('; '))
    expect(await site.signIn.sessionOf(headers)).toMatchObject({ personId: id, address: '192.0.2.9' })
    expect(site.notes).toMatchObject([{ action: 'session.start', actor: { personId: id }, after: { way: 'link' } }])
  })

  test('a database that is away is an error, and not somebody who is not signed in', async () => {
    const database = await open()
    const site = await openSite(database)
    const { browser } = await signedInBrowser(site)
    await database.close()
    await expect(site.signIn.sessionOf(browser.headers())).rejects.toThrow()
    expect((await browser.post('/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(500)
  })
})
