import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EMAIL, from, openSite, PASSWORD, type Site, type TestBrowser } from '../../../test/support/sign-in-site.ts'
import {
  cborBytes,
  cborText,
  type PasskeyAct,
  PRESENT,
  SoftwarePasskey,
  VERIFIED,
} from '../../../test/support/software-passkey.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'
import type { SignInSettings } from './sign-in-settings.ts'

const EVE = 'eve@example.org'

async function openPasskeySite(settings: Partial<SignInSettings> = {}) {
  const database = openDatabase({ url: ':memory:' })
  await migrate(database)
  return await openSite(database, { settings })
}

/** Somebody signed in by their password; how they came in is not what is tried here. */
async function signedIn(site: Site, email = EMAIL) {
  const { id: personId } = await site.addAccount({ name: 'Ada', email, password: PASSWORD })
  const browser = site.browser()
  expect((await browser.post('/sign-in/email', { email, password: PASSWORD })).status).toBe(200)
  return { browser, personId }
}

const challengeOf = async (browser: TestBrowser, what: 'register' | 'authenticate') =>
  ((await (await browser.get(`/passkey/generate-${what}-options`)).json()) as { challenge: string }).challenge

async function add(browser: TestBrowser, passkey: SoftwarePasskey, act?: PasskeyAct) {
  const response = passkey.create(await challengeOf(browser, 'register'), act)
  return await browser.post('/passkey/verify-registration', { response, name: 'A key' })
}

async function use(browser: TestBrowser, passkey: SoftwarePasskey, act?: PasskeyAct) {
  const response = passkey.get(await challengeOf(browser, 'authenticate'), act)
  return await browser.post('/passkey/verify-authentication', { response })
}

const whoIs = async (site: Site, browser: TestBrowser) => (await site.signIn.sessionOf(browser.headers()))?.personId

/** A person who has added a passkey. */
async function withPasskey(settings?: Partial<SignInSettings>) {
  const site = await openPasskeySite(settings)
  const { browser, personId } = await signedIn(site)
  const passkey = new SoftwarePasskey(site.url)
  const added = await add(browser, passkey)
  expect(added.status).toBe(200)
  const { id } = (await added.json()) as { id: string }
  return { site, browser, personId, passkey, id }
}

test('a passkey in software signs in', async () => {
  const { site, personId, passkey } = await withPasskey()
  const browser = site.browser()
  expect((await use(browser, passkey)).status).toBe(200)
  expect(await whoIs(site, browser)).toBe(personId)
})

describe('an answer that is', () => {
  const acts: readonly (readonly [string, PasskeyAct])[] = [
    ['for a page of another site', { origin: 'https://evil.example' }],
    ['for another port of this host', { origin: 'http://localhost:1' }],
    ['for the other scheme', { origin: 'https://localhost' }],
    ['for another name', { rpId: 'evil.example' }],
    ['for a name below', { rpId: 'x.localhost' }],
    ['of somebody who was not checked', { flags: PRESENT }],
    ['of nobody', { flags: VERIFIED }],
    ['to another question', { type: 'webauthn.create' }],
  ]
  test.each(acts)('%s signs nobody in', async (_, act) => {
    const { site, passkey } = await withPasskey()
    const browser = site.browser()
    expect((await use(browser, passkey, act)).status).toBe(400)
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test.each(acts.map(([what, act]) => [what, act.type === undefined ? act : { type: 'webauthn.get' }] as const))(
    '%s adds nothing',
    async (_, act) => {
      const site = await openPasskeySite()
      const { browser } = await signedIn(site)
      const passkey = new SoftwarePasskey(site.url)
      expect((await add(browser, passkey, act)).status).toBe(400)
      expect((await use(site.browser(), passkey)).status).toBe(401)
    },
  )

  test('from a page of another site signs nobody in, whatever it says of itself', async () => {
    const { site, passkey } = await withPasskey()
    const browser = site.browser()
    const origin = 'http://localhost:1'
    const response = passkey.get(await challengeOf(browser, 'authenticate'), { origin })
    expect((await browser.post('/passkey/verify-authentication', { response }, { origin })).status).toBe(403)
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test('signed with another key of the same name signs nobody in', async () => {
    const { site, passkey } = await withPasskey()
    const copy = new SoftwarePasskey(site.url, { id: passkey.id })
    expect((await use(site.browser(), copy)).status).toBe(401)
  })

  test('for the challenge of another browser, or for one that was used, signs nobody in', async () => {
    const { site, passkey } = await withPasskey()
    const [ada, mallory] = [site.browser(), site.browser()]
    const ofAda = await challengeOf(ada, 'authenticate')
    await challengeOf(mallory, 'authenticate')
    const response = passkey.get(ofAda)
    expect((await mallory.post('/passkey/verify-authentication', { response })).status).toBe(400)
    const cookies = new Map(ada.cookies)
    expect((await ada.post('/passkey/verify-authentication', { response })).status).toBe(200)
    const again = site.browser()
    for (const [name, value] of cookies) again.cookies.set(name, value)
    expect((await again.post('/passkey/verify-authentication', { response })).status).toBe(400)
    expect(await whoIs(site, again)).toBeUndefined()
  })

  test('for a challenge of the other kind is for nothing', async () => {
    const { site, browser, passkey } = await withPasskey()
    const response = passkey.get(await challengeOf(browser, 'register'))
    expect((await browser.post('/passkey/verify-authentication', { response })).status).toBe(400)
    const other = new SoftwarePasskey(site.url)
    const made = other.create(await challengeOf(browser, 'authenticate'))
    expect((await browser.post('/passkey/verify-registration', { response: made })).status).toBe(400)
  })

  test('of a copy, whose counter has not gone on, signs nobody in', async () => {
    const { site, passkey } = await withPasskey()
    expect((await use(site.browser(), passkey, { counter: 7 })).status).toBe(200)
    for (const counter of [7, 3, 0]) expect((await use(site.browser(), passkey, { counter })).status).toBe(400)
    expect((await use(site.browser(), passkey, { counter: 8 })).status).toBe(200)
  })

  test("under another person's handle signs in whose passkey it is", async () => {
    const { site, personId, passkey } = await withPasskey()
    const eve = await signedIn(site, EVE)
    const browser = site.browser()
    const userHandle = Buffer.from(eve.personId).toString('base64url')
    expect((await use(browser, passkey, { userHandle })).status).toBe(200)
    expect(await whoIs(site, browser)).toBe(personId)
  })
})

describe('whose passkey it is', () => {
  test('nobody adds one to an account by a challenge that another session has asked for', async () => {
    const site = await openPasskeySite()
    const ada = await signedIn(site)
    const eve = await signedIn(site, EVE)
    const passkey = new SoftwarePasskey(site.url)
    const response = passkey.create(await challengeOf(eve.browser, 'register'))
    for (const [name, value] of eve.browser.cookies) if (name.includes('passkey')) ada.browser.cookies.set(name, value)
    expect((await ada.browser.post('/passkey/verify-registration', { response })).status).toBe(401)
    expect(await (await ada.browser.get('/passkey/list-user-passkeys')).json()).toEqual([])
  })

  test('one that an account has is added to no other one, and works on', async () => {
    const { site, personId, passkey } = await withPasskey()
    const eve = await signedIn(site, EVE)
    // Nothing proves that whoever adds it has its key: the name alone is enough to try.
    for (const copy of [new SoftwarePasskey(site.url, { id: passkey.id }), passkey]) {
      const answer = await add(eve.browser, copy)
      expect([answer.status, await answer.json()]).toEqual([409, expect.objectContaining({ code: 'already_exists' })])
    }
    const browser = site.browser()
    expect((await use(browser, passkey)).status).toBe(200)
    expect(await whoIs(site, browser)).toBe(personId)
  })

  test('of several who add one at once, one does', async () => {
    const site = await openPasskeySite()
    const people = [await signedIn(site), await signedIn(site, EVE)]
    const passkey = new SoftwarePasskey(site.url)
    const answers = await Promise.all(people.map(({ browser }) => add(browser, passkey)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  test('one that was removed signs nobody in, nor does that of an account that is gone', async () => {
    const { site, browser, personId, passkey, id } = await withPasskey()
    const other = new SoftwarePasskey(site.url)
    expect((await add(browser, other)).status).toBe(200)
    expect((await browser.post('/passkey/delete-passkey', { id })).status).toBe(200)
    expect((await use(site.browser(), passkey)).status).toBe(401)
    await site.change((open) => site.signIn.remove(open, personId))
    expect((await use(site.browser(), other)).status).toBe(401)
  })

  test('whoever signs in by it leaves the session that the browser had', async () => {
    const { site, personId, passkey } = await withPasskey()
    const eve = await signedIn(site, EVE)
    const planted = eve.browser.headers()
    expect((await use(eve.browser, passkey)).status).toBe(200)
    expect(await whoIs(site, eve.browser)).toBe(personId)
    expect(await site.signIn.sessionOf(planted)).toBeUndefined()
  })
})

describe('certificates that come with a passkey', () => {
  // Made by `openssl req -x509` with a list of revoked ones at this address; its port is filled in.
  const CERTIFICATE = Buffer.from(
    'MIIBXTCCAQKgAwIBAgIUDa/buRk2jEhoimiDHhn4OLFr62AwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBeDAgFw0yNjExMzAwNzIxNDhaGA8yMTA5MDExOTA3' +
      'MjE0OFowDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPscR1lRVDiq6uNPmKE4bfZpN3twX8d+U7p7AZQbJfXtY3K1mMp1cI0gApmx' +
      '6gEqB8+qGhqYiE/Zbj/anHt+UAujQDA+MA8GA1UdEwEB/wQFMAMBAf8wKwYDVR0fBCQwIjAgoB6gHIYaaHR0cDovLzEyNy4wLjAuMTowMDAwMC9jcmwwCgYI' +
      'KoZIzj0EAwIDSQAwRgIhAJi45Qydxzxw0PgpDr4iClhMPzIKyQ0sqPh+lJxdHhfDAiEAmEuAadnTEIzdVn5louZFh0Z2UZXwPxz/dDJfN5hy2KE=',
    'base64',
  )

  test.each(['apple', 'android-key', 'android-safetynet', 'tpm', 'packed', 'fido-u2f'])(
    'in the form %s are not taken, and nobody is asked about them',
    async (format) => {
      const asked: string[] = []
      const server = createServer(({ url }, response) => {
        asked.push(String(url))
        response.end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      const port = String((server.address() as AddressInfo).port).padStart(5, '0')
      const certificate = Buffer.from(CERTIFICATE.toString('latin1').replace('00000', port), 'latin1')
      const statement = Buffer.concat([
        Buffer.from('a3', 'hex'),
        ...[cborText('alg'), Buffer.from('26', 'hex'), cborText('sig'), cborBytes(Buffer.alloc(70))],
        ...[cborText('x5c'), Buffer.from('81', 'hex'), cborBytes(certificate)],
      ])
      const site = await openPasskeySite()
      const { browser } = await signedIn(site)
      const passkey = new SoftwarePasskey(site.url)
      const answer = await add(browser, passkey, { attestation: { format, statement } })
      expect(asked).toEqual([])
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_request' })])
      expect((await use(site.browser(), passkey)).status).toBe(401)
    },
  )

  test.each([
    ['nothing', {}],
    ['no text', { response: { attestationObject: 7 } }],
    ['no CBOR', { response: { attestationObject: 'AAAA' } }],
    ['nothing to its end', { response: { attestationObject: Buffer.from([0xa3, 0x63]).toString('base64url') } }],
    ['a great depth', { response: { attestationObject: Buffer.alloc(40_000, 0x81).toString('base64url') } }],
  ])('a passkey that is %s is refused as such', async (_, response) => {
    const site = await openPasskeySite()
    const { browser } = await signedIn(site)
    await challengeOf(browser, 'register')
    expect((await browser.post('/passkey/verify-registration', { response })).status).toBe(400)
  })
})

describe('the last way in', () => {
  test('is not removed where passwords are off', async () => {
    const { site, browser, passkey, id } = await withPasskey()
    const { database } = site
    const strict = await openSite(database, { settings: { password: false } })
    const there = strict.browser()
    const other = new SoftwarePasskey(strict.url, { id: passkey.id })
    expect(other.id).toEqual(passkey.id)
    for (const [name, value] of browser.cookies) there.cookies.set(name, value)
    const answer = await there.post('/passkey/delete-passkey', { id })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ detail: expect.stringContaining('only way in') }),
    ])
    // With another one it is not the last.
    const second = new SoftwarePasskey(strict.url)
    expect((await add(there, second)).status).toBe(200)
    expect((await there.post('/passkey/delete-passkey', { id })).status).toBe(200)
  })

  test('where a password works, a passkey is not the last', async () => {
    const { browser, id } = await withPasskey()
    expect((await browser.post('/passkey/delete-passkey', { id })).status).toBe(200)
  })

  test('of several that remove two passkeys at once where passwords are off, one does', async () => {
    const { site, browser, id } = await withPasskey()
    const second = await add(browser, new SoftwarePasskey(site.url))
    const { id: other } = (await second.json()) as { id: string }
    const strict = await openSite(site.database, { settings: { password: false } })
    const there = strict.browser()
    for (const [name, value] of browser.cookies) there.cookies.set(name, value)
    const answers = await Promise.all([id, other].map((each) => there.post('/passkey/delete-passkey', { id: each })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await (await there.get('/passkey/list-user-passkeys')).json()).toHaveLength(1)
  })
})

test('whoever is in the network of an owner does not use up what their browser may ask', async () => {
  const { site, browser, passkey } = await withPasskey()
  await browser.post('/sign-out', {})
  const mallory = site.browser()
  const response = passkey.get('made up')
  const statuses: number[] = []
  for (let index = 0; index < 12; index++) {
    statuses.push((await mallory.post('/passkey/verify-authentication', { response }, from('192.0.2.1'))).status)
  }
  expect(statuses.at(-1)).toBe(429)
  expect((await use(site.browser(), passkey)).status).toBe(429)
  expect((await use(browser, passkey)).status).toBe(200)
})
