import { generateSync } from 'otplib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { EMAIL, from, openSite, PASSWORD, type Site, signedInBrowser } from '../../../test/support/sign-in-site.ts'
import { KNOWN_FOR_MS } from './sign-in-hooks.ts'

const HOME = from('192.0.2.1')
const ELSEWHERE = from('203.0.113.200')
const WINDOW_MS = 900_000
const CODE_MS = 30_000
const signInBody = { email: EMAIL, password: PASSWORD }

// Codes hang on the wall clock, in the library and in otplib.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** An owner who is signed in nowhere, and has been, from home, in a browser that they still have. */
async function signedOut(site: Site) {
  const { browser, personId } = await signedInBrowser(site)
  expect((await browser.post('/sign-out', {})).status).toBe(200)
  expect(await site.signIn.listSessions(personId)).toEqual([])
  return { browser, personId }
}

/** Wrong passwords from everywhere, until there are no more tries. */
async function attack(site: Site, email = EMAIL) {
  const statuses = []
  for (let index = 0; index < 11; index++) {
    const body = { email, password: `guess number ${index}` }
    statuses.push((await site.browser().post('/sign-in/email', body, from(`203.0.113.${index}`))).status)
  }
  return statuses
}

const LOCKED = [...Array(10).fill(401), 429]

describeDatabases((open, isSqlite) => {
  test('wrong passwords from everywhere do not keep out an owner who is signed in nowhere', async () => {
    const site = await openSite(await open())
    const { browser } = await signedOut(site)
    expect(await attack(site)).toEqual(LOCKED)
    // From a network where they came in, in a browser that is new.
    expect((await site.browser().post('/sign-in/email', signInBody, HOME)).status).toBe(200)
    // From elsewhere, in the browser where they did.
    expect((await browser.post('/sign-in/email', signInBody, ELSEWHERE)).status).toBe(200)
    // From elsewhere in a new one, they wait as everybody does.
    expect((await site.browser().post('/sign-in/email', signInBody, from('198.51.100.9'))).status).toBe(429)
  })

  test('a right code is not used up by a refusal, and wrong ones from elsewhere do not lock it for its owner', async () => {
    const site = await openSite(await open())
    const { browser, code } = await withSecondFactor(site)
    await browser.post('/sign-out', {})
    const statuses: number[] = []
    for (let round = 0; round < 3; round++) {
      const mallory = site.browser()
      await mallory.post('/sign-in/email', signInBody, from(`203.0.113.${round}`))
      for (let index = 0; index < 5; index++) {
        const wrong = { code: String(100_000 + round * 10 + index) }
        statuses.push((await mallory.post('/two-factor/verify-totp', wrong, from(`203.0.113.${round}`))).status)
      }
    }
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(5).fill(429)])
    const right = { code: code() }
    const elsewhere = site.browser()
    await elsewhere.post('/sign-in/email', signInBody, ELSEWHERE)
    expect((await elsewhere.post('/two-factor/verify-totp', right, ELSEWHERE)).status).toBe(429)
    const home = site.browser()
    await home.post('/sign-in/email', signInBody, HOME)
    expect((await home.post('/two-factor/verify-totp', right, HOME)).status).toBe(200)
    // And in the browser of before, wherever it is.
    await browser.post('/sign-in/email', signInBody, ELSEWHERE)
    expect((await browser.post('/two-factor/verify-totp', { code: code() }, ELSEWHERE)).status).toBe(200)
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('whoever is in the network of an owner uses up its requests, and not those of their browser', async () => {
    const site = await openSite(await open())
    const { browser, code } = await withSecondFactor(site)
    await browser.post('/sign-out', {})
    const newOne = site.browser()
    await newOne.post('/sign-in/email', signInBody, HOME)
    const mallory = site.browser()
    const others: number[] = []
    for (let index = 0; index < 11; index++) {
      const body = { email: `somebody${index}@example.org`, password: 'password1234' }
      others.push((await mallory.post('/sign-in/email', body, HOME)).status)
      await mallory.post('/two-factor/verify-totp', { code: String(100_000 + index) }, HOME)
    }
    expect(others.at(-1)).toBe(429)
    // Time must not go on here, or the network could ask again.
    const right = { code: code({ waits: false }) }
    expect((await site.browser().post('/sign-in/email', signInBody, HOME)).status).toBe(429)
    expect((await newOne.post('/two-factor/verify-totp', right, HOME)).status).toBe(429)
    expect((await browser.post('/sign-in/email', signInBody, HOME)).status).toBe(200)
    expect((await browser.post('/two-factor/verify-totp', right, HOME)).status).toBe(200)
  })

  test('the requests of a known browser end too, and are one for all browsers of an account', async () => {
    const site = await openSite(await open())
    const mallory = await signedOut(site)
    const second = site.browser()
    expect((await second.post('/sign-in/email', signInBody, HOME)).status).toBe(200)
    await second.post('/sign-out', {})
    const statuses: number[] = []
    for (let index = 0; index < 40; index++) {
      const browser = index % 2 === 0 ? mallory.browser : second
      statuses.push((await browser.post('/sign-in/email', { ...signInBody, password: 'not this one' }, HOME)).status)
    }
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(20)
    expect(statuses.at(-1)).toBe(429)
  })

  test('for the account of somebody else a known browser is one of its network as any other', async () => {
    const site = await openSite(await open())
    const { browser } = await signedOut(site)
    await site.addAccount({ name: 'Bob', email: 'bob@example.org', password: PASSWORD })
    const mallory = site.browser()
    for (let index = 0; index < 10; index++) {
      const body = { email: `somebody${index}@example.org`, password: 'password1234' }
      await mallory.post('/sign-in/email', body, HOME)
    }
    const bob = { ...signInBody, email: 'bob@example.org' }
    expect((await browser.post('/sign-in/email', bob, HOME)).status).toBe(429)
    expect((await browser.post('/sign-in/email', signInBody, HOME)).status).toBe(200)
  })

  test('a request that its network has none left for costs the account no try', async () => {
    const site = await openSite(await open())
    await signedInBrowser(site)
    const mallory = site.browser()
    for (let index = 0; index < 10; index++) {
      const body = { email: `somebody${index}@example.org`, password: 'password1234' }
      await mallory.post('/sign-in/email', body, ELSEWHERE)
    }
    // Nothing of these is compared.
    for (let index = 0; index < 15; index++) {
      expect((await mallory.post('/sign-in/email', signInBody, ELSEWHERE)).status).toBe(429)
    }
    expect((await site.browser().post('/sign-in/email', signInBody, from('198.51.100.9'))).status).toBe(200)
  })

  test('a right code that comes too late for one sign-in is good for the next', async () => {
    const site = await openSite(await open())
    const { code } = await withSecondFactor(site)
    const browser = site.browser()
    await browser.post('/sign-in/email', signInBody)
    for (let index = 0; index < 5; index++) {
      await browser.post('/two-factor/verify-totp', { code: String(100_000 + index) }, from(`198.51.100.${index}`))
    }
    const right = { code: code() }
    expect((await browser.post('/two-factor/verify-totp', right)).status).toBe(400)
    await browser.post('/sign-in/email', signInBody)
    expect((await browser.post('/two-factor/verify-totp', right)).status).toBe(200)
  })

  test('whoever knows the password alone makes no network and no browser of theirs known', async () => {
    const site = await openSite(await open())
    await withSecondFactor(site)
    const mallory = site.browser()
    const answer = await mallory.post('/sign-in/email', signInBody, ELSEWHERE)
    expect(answer.headers.getSetCookie().filter((line) => line.includes('device_'))).toEqual([])
    const networks = await site.database.db.selectFrom('known_networks').select('network').execute()
    expect(networks).toEqual([{ network: '192.0.2.1' }])
  })

  test('the tries of a network and of a browser end too, and stand for their account alone', async () => {
    const site = await openSite(await open())
    const { browser } = await signedOut(site)
    await site.addAccount({ name: 'Bob', email: 'bob@example.org', password: PASSWORD })
    await attack(site)
    await attack(site, 'bob@example.org')
    const bob = { email: 'bob@example.org', password: PASSWORD }
    expect((await browser.post('/sign-in/email', bob, HOME)).status).toBe(429)
    const statuses = []
    for (let index = 0; index < 21; index++) {
      // The limit of requests of one network is another's test.
      vi.setSystemTime(Date.now() + 61_000)
      statuses.push((await browser.post('/sign-in/email', { ...signInBody, password: 'not this one' }, HOME)).status)
    }
    expect(statuses).toEqual([...Array(20).fill(401), 429])
    site.clock.advance(WINDOW_MS)
    vi.setSystemTime(Date.now() + WINDOW_MS)
    expect((await browser.post('/sign-in/email', signInBody, HOME)).status).toBe(200)
  })

  test('a network and a browser are known for some weeks after they were used', async () => {
    const site = await openSite(await open())
    const { browser } = await signedOut(site)
    site.clock.advance(KNOWN_FOR_MS + 1)
    expect(await attack(site)).toEqual(LOCKED)
    expect((await browser.post('/sign-in/email', signInBody, HOME)).status).toBe(429)
  })

  test('a session that is used keeps its network known', async () => {
    const site = await openSite(await open())
    const { browser } = await signedInBrowser(site)
    site.clock.advance(KNOWN_FOR_MS + 1)
    vi.setSystemTime(Date.now() + 3_600_000)
    expect(await site.signIn.sessionOf(browser.headers())).toBeDefined()
    await attack(site)
    expect((await site.browser().post('/sign-in/email', signInBody, HOME)).status).toBe(200)
  })

  test('what a browser keeps is no session, and made up or changed it is nothing', async () => {
    const site = await openSite(await open())
    const { browser } = await signedOut(site)
    expect(await site.signIn.sessionOf(browser.headers())).toBeUndefined()
    const [[name, value] = ['', '']] = [...browser.cookies].filter(([name]) => name.includes('device_'))
    expect(name).toMatch(/^punku\.device_[0-9a-f]{24}$/)
    await attack(site)
    for (const changed of [
      value.replace(/^\d/, '9'),
      `${value.slice(0, -2)}AA`,
      value.replace(/\..{26}\./, `.${'a'.repeat(26)}.`),
      'x',
    ]) {
      browser.cookies.clear()
      browser.cookies.set(name, changed)
      expect((await browser.post('/sign-in/email', signInBody, ELSEWHERE)).status).toBe(429)
    }
  })

  test('a browser that many share keeps those of eight', async () => {
    const site = await openSite(await open())
    const browser = site.browser()
    for (let index = 0; index < 10; index++) {
      vi.setSystemTime(Date.now() + 61_000)
      site.clock.advance(1)
      const email = `person${index}@example.org`
      await site.addAccount({ name: 'Ada', email, password: PASSWORD })
      expect((await browser.post('/sign-in/email', { email, password: PASSWORD })).status).toBe(200)
    }
    expect([...browser.cookies.keys()].filter((name) => name.includes('device_'))).toHaveLength(8)
  })
})

async function withSecondFactor(site: Site) {
  const { browser } = await signedInBrowser(site)
  const answer = await browser.post('/two-factor/enable', { password: PASSWORD })
  const { totpURI } = (await answer.json()) as { totpURI: string }
  const secret = new URL(totpURI).searchParams.get('secret') ?? ''
  /** One that was not shown before. */
  const code = ({ waits = true } = {}) => {
    if (waits) vi.setSystemTime(Date.now() + 4 * CODE_MS)
    if (waits) site.clock.advance(4 * CODE_MS)
    return generateSync({ secret })
  }
  expect((await browser.post('/two-factor/verify-totp', { code: code() })).status).toBe(200)
  // It is used: the next one is another.
  vi.setSystemTime(Date.now() + 4 * CODE_MS)
  return { browser, code }
}
