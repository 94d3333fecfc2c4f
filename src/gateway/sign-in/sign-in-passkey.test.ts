import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { chromiumOrSkip, startBrowser } from '../../../test/support/browser.ts'
import { EMAIL, openSite, PASSWORD, type Site } from '../../../test/support/sign-in-site.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'

const chromiumPath = chromiumOrSkip()
const START_MS = 60_000

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  /** What the page sent. */
  readonly sent: string
}

/** What a page does. */
const PAGE_SCRIPT = `
  async function get(path) {
    return await (await fetch('/control/auth' + path)).json()
  }
  async function post(path, body) {
    const sent = JSON.stringify(body)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch('/control/auth' + path, { method: 'POST', headers, body: sent })
    return { status: answer.status, body: await answer.json(), sent }
  }
  async function addPasskey(changes = {}) {
    const options = { ...(await get('/passkey/generate-register-options')), ...changes }
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
    const credential = await navigator.credentials.create({ publicKey })
    return await post('/passkey/verify-registration', { response: credential.toJSON(), name: 'My laptop' })
  }
  async function usePasskey() {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await get('/passkey/generate-authenticate-options'))
    const credential = await navigator.credentials.get({ publicKey })
    return await post('/passkey/verify-authentication', { response: credential.toJSON() })
  }
  Object.assign(globalThis, { get, post, addPasskey, usePasskey })
`

async function openPasskeySite() {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  const site = await openSite(database)
  const { id } = await site.addAccount({ name: 'Ada', email: EMAIL, password: PASSWORD })
  return { site, personId: id }
}

async function run<T = Answer>(page: Page, script: string): Promise<T> {
  return (await page.evaluate(script)) as T
}

const post = (page: Page, path: string, body: object) => run(page, `post('${path}', ${JSON.stringify(body)})`)
const signIn = (page: Page) => post(page, '/sign-in/email', { email: EMAIL, password: PASSWORD })

async function whoIs(site: Site, page: Page): Promise<string | undefined> {
  const cookies = await page.context().cookies(`${site.url}/control/v1/me`)
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return (await site.signIn.sessionOf(new Headers({ host: new URL(site.url).host, cookie })))?.personId
}

describe.skipIf(chromiumPath === undefined)('passkeys, in a real browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser(chromiumPath ?? '')
  }, START_MS)
  afterAll(async () => await browser?.close())

  /** A window of its own on the site, with an authenticator that is always there; it may have no way to check who uses it. */
  async function openWindow(site: Site, { hasUserVerification = true } = {}): Promise<Page> {
    const context = await browser.newContext()
    await context.addInitScript({ content: PAGE_SCRIPT })
    const page = await context.newPage()
    const devtools = await context.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification,
        isUserVerified: hasUserVerification,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(`${site.url}/control/auth`)
    return page
  }

  test('one is added, signs in without a password or a code, is listed, and is removed', async () => {
    const { site, personId } = await openPasskeySite()
    const page = await openWindow(site)
    await signIn(page)
    const added = await run(page, 'addPasskey()')
    expect(added).toMatchObject({ status: 200, body: { id: expect.any(String), name: 'My laptop' } })
    expect(Object.keys(added.body)).toEqual(['id', 'name'])
    await post(page, '/sign-out', {})
    expect(await whoIs(site, page)).toBeUndefined()
    expect(await run(page, 'usePasskey()')).toMatchObject({ status: 200, body: {} })
    expect(await whoIs(site, page)).toBe(personId)
    const listed = await run<object[]>(page, "get('/passkey/list-user-passkeys')")
    expect(listed).toEqual([expect.objectContaining({ id: added.body['id'], name: 'My laptop' })])
    expect(JSON.stringify(listed)).not.toMatch(/publicKey|credentialID|userId/)
    expect(await post(page, '/passkey/delete-passkey', { id: added.body['id'] })).toMatchObject({ status: 200 })
    await post(page, '/sign-out', {})
    expect((await run(page, 'usePasskey()')).status).toBe(401)
    expect(site.actions()).toEqual([
      'session.start',
      'passkey.add',
      'session.end',
      'session.start',
      'passkey.remove',
      'session.end',
      'session.refuse',
    ])
    await page.context().close()
  })

  test('what it sent cannot be sent again, nor for the challenge of another sign-in', async () => {
    const { site } = await openPasskeySite()
    const page = await openWindow(site)
    await signIn(page)
    await run(page, 'addPasskey()')
    await post(page, '/sign-out', {})
    const sent = JSON.parse((await run(page, 'usePasskey()')).sent) as object
    await post(page, '/sign-out', {})
    expect((await post(page, '/passkey/verify-authentication', sent)).status).toBe(400)
    await run(page, "get('/passkey/generate-authenticate-options')")
    expect((await post(page, '/passkey/verify-authentication', sent)).status).toBe(400)
    expect(await whoIs(site, page)).toBeUndefined()
    await page.context().close()
  })

  test('nobody adds one to an account that they are not signed in to, or removes one of others', async () => {
    const { site } = await openPasskeySite()
    const page = await openWindow(site)
    await signIn(page)
    const { body } = await run(page, 'addPasskey()')
    await site.addAccount({ name: 'Eve', email: 'eve@example.org', password: PASSWORD })
    const eve = site.browser()
    expect((await eve.get('/passkey/generate-register-options')).status).toBe(401)
    expect((await eve.post('/passkey/delete-passkey', { id: body['id'] })).status).toBe(401)
    await eve.post('/sign-in/email', { email: 'eve@example.org', password: PASSWORD })
    expect((await eve.post('/passkey/delete-passkey', { id: body['id'] })).status).toBe(401)
    await post(page, '/sign-out', {})
    expect((await run(page, 'usePasskey()')).status).toBe(200)
    await page.context().close()
  })

  test('the browser is asked to check who uses it, and an answer that did not is refused', async () => {
    const { site } = await openPasskeySite()
    const page = await openWindow(site, { hasUserVerification: false })
    await signIn(page)
    const add = await run(page, "get('/passkey/generate-register-options')")
    const use = await run(page, "get('/passkey/generate-authenticate-options')")
    const required = { userVerification: 'required' }
    expect(add).toMatchObject({ rp: { id: 'localhost' }, authenticatorSelection: required })
    expect(use).toMatchObject({ rpId: 'localhost', ...required })
    // A page that asks for less gets it, and nothing for it here.
    const less = { authenticatorSelection: { userVerification: 'discouraged' } }
    const answer = await run(page, `addPasskey(${JSON.stringify(less)})`)
    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('did not check who uses it') },
    })
    await page.context().close()
  })

  test('adding or removing one needs a sign-in that is not long ago', async () => {
    const { site } = await openPasskeySite()
    const page = await openWindow(site)
    await signIn(page)
    const { body } = await run(page, 'addPasskey()')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
    onTestFinished(() => void vi.useRealTimers())
    expect(await run(page, "get('/passkey/generate-register-options')")).toMatchObject({ code: 'not_allowed' })
    expect((await post(page, '/passkey/delete-passkey', { id: body['id'] })).status).toBe(403)
    expect((await post(page, '/sign-in/email', { email: EMAIL, password: PASSWORD })).status).toBe(200)
    expect((await post(page, '/passkey/delete-passkey', { id: body['id'] })).status).toBe(200)
    await page.context().close()
  })
})
