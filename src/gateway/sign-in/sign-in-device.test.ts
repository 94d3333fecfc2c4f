import { expect, test, vi } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { EMAIL, openSite, PASSWORD, type Site, signedInBrowser } from '../../../test/support/sign-in-site.ts'

interface Code {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri_complete: string
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** As a program sends it: no origin, no cookie. */
const PROGRAM = { origin: '', 'user-agent': 'punku/1' }

async function askCode(site: Site, more: object = {}): Promise<Code> {
  const answer = await site.browser().post('/device/code', { client_id: 'punku-cli', ...more }, PROGRAM)
  expect(answer.status).toBe(200)
  return (await answer.json()) as Code
}

async function poll(site: Site, code: Code, client = 'punku-cli') {
  // Nobody waits here for the interval: each poll comes from a time of its own.
  vi.setSystemTime(Date.now() + 6_000)
  const body = { grant_type: GRANT, device_code: code.device_code, client_id: client }
  const answer = await site.browser().post('/device/token', body, PROGRAM)
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

const bearer = (token: unknown) => new Headers({ host: 'localhost', authorization: `Bearer ${token}` })

async function withTime(run: () => Promise<void>) {
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    await run()
  } finally {
    vi.useRealTimers()
  }
}

async function signedInCli(site: Site) {
  const { browser, personId } = await signedInBrowser(site)
  const code = await askCode(site)
  await browser.get(`/device?user_code=${code.user_code}`)
  await browser.post('/device/approve', { userCode: code.user_code })
  const { body } = await poll(site, code)
  return { browser, personId, code, token: String(body['access_token']) }
}

describeDatabases((open, isSqlite) => {
  test('a command line is signed in by a code that a person confirms', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser, personId } = await signedInBrowser(site)
      const code = await askCode(site)
      expect(code.verification_uri_complete).toBe(`${site.url}/ui/device?user_code=${code.user_code}`)
      expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })

      const shown = await browser.get(`/device?user_code=${code.user_code}`)
      expect(await shown.json()).toEqual({ user_code: code.user_code, status: 'pending', client_id: 'punku-cli' })
      expect((await browser.post('/device/approve', { userCode: code.user_code })).status).toBe(200)
      const { status, body } = await poll(site, code)
      expect([status, Object.keys(body).sort()]).toEqual([200, ['access_token', 'expires_in', 'token_type']])
      expect(await site.signIn.sessionOf(bearer(body['access_token']))).toMatchObject({
        personId,
        viaBearer: true,
        software: 'punku/1',
        setCookies: [],
      })
      expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect(site.actions()).toEqual(['session.start', 'device.approve', 'session.start'])
      expect(site.notes.at(-1)).toMatchObject({ after: { way: 'command line' } })
    }))

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('its token signs out, and is nobody then', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { token } = await signedInCli(site)
      const answer = await site.browser().post('/sign-out', {}, { origin: '', authorization: `Bearer ${token}` })
      expect(answer.status).toBe(200)
      expect(await site.signIn.sessionOf(bearer(token))).toBeUndefined()
      expect(site.actions().at(-1)).toBe('session.end')
    }))

  test('its token is no cookie, a cookie is no token, and neither is what the database has', () =>
    withTime(async () => {
      const database = await open()
      const site = await openSite(database)
      const { browser, token } = await signedInCli(site)
      const [[name = '', cookie = ''] = []] = browser.cookies
      const rows = await database.db.selectFrom('sessions').selectAll().execute()
      const stored = rows.map((row) => String((row as unknown as { token: string }).token))
      expect(stored.some((text) => token.includes(text))).toBe(true)
      const forged = [
        cookie,
        decodeURIComponent(cookie),
        ...stored,
        `pc_${stored[0]}_`,
        `${token}x`,
        token.replace('pc_', 'pk_'),
      ]
      for (const text of forged) expect(await site.signIn.sessionOf(bearer(text))).toBeUndefined()
      for (const text of [token, ...stored]) {
        browser.cookies.set(name, text)
        expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
      }
      expect(await site.signIn.sessionOf(bearer(token))).toBeDefined()
    }))

  test('with its token nobody changes how a person signs in', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { token } = await signedInCli(site)
      const headers = { origin: '', authorization: `Bearer ${token}` }
      const cli = site.browser()
      const newPassword = 'a'.repeat(12)
      expect((await cli.post('/change-password', { currentPassword: PASSWORD, newPassword }, headers)).status).toBe(401)
      expect((await cli.post('/two-factor/enable', { password: PASSWORD }, headers)).status).toBe(401)
      expect((await cli.get('/passkey/generate-register-options', headers)).status).toBe(401)
      expect((await cli.get('/list-accounts', headers)).status).toBe(401)
      const code = await askCode(site)
      expect((await cli.get(`/device?user_code=${code.user_code}`, headers)).status).toBe(401)
    }))

  test('what is refused in the browser is refused, and tells the command line so', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser } = await signedInBrowser(site)
      const code = await askCode(site)
      await browser.get(`/device?user_code=${code.user_code}`)
      expect((await browser.post('/device/deny', { userCode: code.user_code })).status).toBe(200)
      expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'access_denied' } })
    }))

  test('codes run out, and are for this program alone', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser } = await signedInBrowser(site)
      const code = await askCode(site)
      expect(await poll(site, code, 'another')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      vi.setSystemTime(Date.now() + 600_000)
      expect((await browser.get(`/device?user_code=${code.user_code}`)).status).toBe(400)
      expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'expired_token' } })
      const answer = await site.browser().post('/device/code', { client_id: 'another' }, PROGRAM)
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_client' })])
    }))

  test('a code is bound to nobody before somebody has looked at it, and then to them', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const ada = await signedInBrowser(site)
      const mallory = await signedInBrowser(site, 'mallory@example.org')
      // Whoever asks cannot say for whom.
      const code = await askCode(site, { user_id: ada.personId, scope: 'everything' })
      expect((await site.browser().get(`/device?user_code=${code.user_code}`)).status).toBe(401)
      expect((await mallory.browser.post('/device/approve', { userCode: code.user_code })).status).toBe(400)
      await mallory.browser.get(`/device?user_code=${code.user_code}`)
      expect((await ada.browser.post('/device/approve', { userCode: code.user_code })).status).toBe(403)
      expect((await ada.browser.post('/device/deny', { userCode: code.user_code })).status).toBe(403)
    }))

  test('user codes cannot be guessed for long', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser } = await signedInBrowser(site)
      const statuses = []
      for (let index = 0; index < 11; index++) statuses.push((await browser.get('/device?user_code=ABCDEFGH')).status)
      expect(statuses).toEqual([...Array(10).fill(400), 429])
    }))

  test('a code that was confirmed and not yet used ends with the sessions of the person', () =>
    withTime(async () => {
      const ends = {
        'all sessions': (site: Site, id: string) => site.change((open) => site.signIn.endSessions(open, id)),
        'a reset': (site: Site, id: string) => site.change((open) => site.signIn.resetLink(open, id)),
      }
      for (const end of Object.values(ends)) {
        const site = await openSite(await open())
        const { browser, personId } = await signedInBrowser(site)
        const code = await askCode(site)
        await browser.get(`/device?user_code=${code.user_code}`)
        await browser.post('/device/approve', { userCode: code.user_code })
        await end(site, personId)
        expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      }
    }))

  test('a new password ends it too', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser } = await signedInBrowser(site)
      const code = await askCode(site)
      await browser.get(`/device?user_code=${code.user_code}`)
      await browser.post('/device/approve', { userCode: code.user_code })
      await browser.post('/change-password', { currentPassword: PASSWORD, newPassword: 'staple of a battery' })
      expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect((await browser.post('/sign-in/email', { email: EMAIL, password: 'staple of a battery' })).status).toBe(200)
    }))

  test('a code that was confirmed and not yet used ends with a session that is ended by choice', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser, personId } = await signedInBrowser(site)
      const [{ id } = { id: '' }] = await site.signIn.listSessions(personId)
      const code = await askCode(site)
      await browser.get(`/device?user_code=${code.user_code}`)
      await browser.post('/device/approve', { userCode: code.user_code })
      // Whoever looks through their list and ends what they do not know must not find another one there later.
      expect(await site.change((open) => site.signIn.endSession(open, personId, id))).toBe(true)
      expect(await poll(site, code)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect(await site.signIn.listSessions(personId)).toEqual([])
    }))

  test('nobody confirms a code in a session that is over, or for an account that is gone', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser, personId } = await signedInBrowser(site)
      const [first, second] = [await askCode(site), await askCode(site)]
      for (const { user_code } of [first, second]) await browser.get(`/device?user_code=${user_code}`)
      await browser.post('/device/approve', { userCode: second.user_code })
      const before = new Map(browser.cookies)
      await browser.post('/sign-out', {})
      for (const [name, value] of before) browser.cookies.set(name, value)
      expect((await browser.post('/device/approve', { userCode: first.user_code })).status).toBe(401)
      expect(await poll(site, first)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })
      await site.change((open) => site.signIn.remove(open, personId))
      expect(await poll(site, second)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }))

  test('a code is answered once, by a page of the gateway, and by a request that says so', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser } = await signedInBrowser(site)
      const code = await askCode(site)
      const body = { userCode: code.user_code }
      await browser.get(`/device?user_code=${code.user_code}`)
      const foreign = [{ origin: 'https://evil.example' }, { origin: '' }, { 'sec-fetch-site': 'cross-site' }]
      for (const headers of foreign) expect((await browser.post('/device/approve', body, headers)).status).toBe(403)
      expect((await browser.get(`/device/approve?userCode=${code.user_code}`)).status).toBe(404)
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      expect((await browser.post('/device/approve', `userCode=${code.user_code}`, form)).status).toBe(400)
      expect(await poll(site, code)).toMatchObject({ body: { error: 'authorization_pending' } })
      expect((await browser.post('/device/deny', body)).status).toBe(200)
      expect((await browser.post('/device/approve', body)).status).toBe(400)
      expect(await poll(site, code)).toMatchObject({ body: { error: 'access_denied' } })
      expect(await poll(site, code)).toMatchObject({ body: { error: 'invalid_grant' } })
    }))

  test('what is shown on the page gets nothing, and of several who ask for the token one gets it', () =>
    withTime(async () => {
      const site = await openSite(await open())
      const { browser, personId } = await signedInBrowser(site)
      const code = await askCode(site)
      await browser.get(`/device?user_code=${code.user_code}`)
      await browser.post('/device/approve', { userCode: code.user_code })
      const shown = { ...code, device_code: code.user_code }
      expect(await poll(site, shown)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      const answers = await Promise.all([poll(site, code), poll(site, code), poll(site, code)])
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(await site.signIn.listSessions(personId)).toHaveLength(2)
    }))
})
