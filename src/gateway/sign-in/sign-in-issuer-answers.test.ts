import { describe, expect, test } from 'vitest'
import {
  begin,
  callBack,
  openIssuerSite,
  settingsOf,
  signIn,
  WRONG_CODE,
  WRONG_TOKEN,
  whoIs,
} from '../../../test/support/issuer-site.ts'
import { type ScriptedIssuer, startScriptedIssuer } from '../../../test/support/scripted-issuer.ts'
import { signedInBrowser, type TestBrowser } from '../../../test/support/sign-in-site.ts'
import { ISSUER_ANSWER_BYTES, ISSUER_TIMEOUT_MS } from './ask-issuer.ts'
import { IssuerDiscovery } from './oidc-discovery.ts'

describe('what an issuer says of itself', () => {
  test.each([
    ['a token address without TLS', { token_endpoint: 'http://192.0.2.1/token' }],
    ['keys at a metadata service', { jwks_uri: 'http://169.254.169.254/latest/meta-data' }],
    ['keys at one, with TLS', { jwks_uri: 'https://169.254.169.254/keys' }],
    ['user info at one by IPv6', { userinfo_endpoint: 'https://[fd00:ec2::254]/' }],
    ['user info at one by IPv4 in IPv6', { userinfo_endpoint: 'https://[::ffff:169.254.169.254]/' }],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['a page that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['a page that is data', { authorization_endpoint: 'data:text/html,x' }],
    ['no keys', { jwks_uri: undefined }],
    ['another name, by a slash', { issuer: 'http://127.0.0.1/' }],
  ])('%s is not taken', async (_, fields) => {
    const { issuer, browser } = await openIssuerSite()
    issuer.says(fields)
    const answer = await browser.post('/sign-in/social', { provider: 'work' })
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'issuer_unreachable' }])
    expect(issuer.requests).toHaveLength(1)
  })

  test.each(['/.well-known/openid-configuration', '/token', '/jwks', '/userinfo'] as const)(
    'a redirect at %s leads nowhere',
    async (path) => {
      for (const status of [301, 302, 303, 307, 308]) {
        const { issuer, site, browser } = await openIssuerSite()
        const elsewhere = await startScriptedIssuer()
        issuer.answers(path, (response) => response.writeHead(status, { location: `${elsewhere.issuer}${path}` }).end())
        const answer = await browser.post('/sign-in/social', { provider: 'work', callbackURL: '/ui/keys' })
        if (path === '/.well-known/openid-configuration') expect(answer.status).toBe(503)
        else {
          const { url } = (await answer.json()) as { url: string }
          const { searchParams } = new URL(url)
          const asked = { state: searchParams.get('state') ?? '', nonce: searchParams.get('nonce') ?? '' }
          issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked)))
          expect(await callBack(browser, asked)).toBe(path === '/token' ? WRONG_CODE : WRONG_TOKEN)
        }
        expect(elsewhere.requests).toEqual([])
        expect(await whoIs(site, browser)).toBeUndefined()
      }
    },
  )

  test('many who come at once ask it once, also where it answers none of them', async () => {
    const { issuer, site, browser } = await openIssuerSite()
    const discovery = new IssuerDiscovery(settingsOf(issuer.issuer), site.clock)
    const comeAtOnce = async () => await Promise.allSettled(Array.from({ length: 20 }, () => discovery.find()))
    issuer.answers('/.well-known/openid-configuration', (response) => response.writeHead(500).end())
    expect((await comeAtOnce()).every(({ status }) => status === 'rejected')).toBe(true)
    expect(issuer.requests).toHaveLength(1)
    issuer.behaves('/.well-known/openid-configuration')
    expect((await comeAtOnce()).every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(issuer.requests).toHaveLength(2)
    expect(await signIn({ issuer, browser })).toBe('/ui/keys')
  })

  test('what it said an hour ago counts for a while longer where it is away then, and nobody waits each time', async () => {
    const { issuer, site, browser } = await openIssuerSite()
    await signIn({ issuer, browser })
    site.clock.advance(3_600_000)
    issuer.answers('/.well-known/openid-configuration', (response) => response.writeHead(500).end())
    const before = issuer.requests.length
    for (let index = 0; index < 5; index++) await begin(site.browser())
    expect(issuer.requests.length - before).toBe(1)
  })
})

describe('an issuer whose answer', () => {
  const PATHS = ['/.well-known/openid-configuration', '/token', '/jwks', '/userinfo'] as const
  const EXPECTED = {
    '/.well-known/openid-configuration': 503,
    '/token': WRONG_CODE,
    '/jwks': WRONG_TOKEN,
    '/userinfo': WRONG_TOKEN,
  }

  /** Signs in as far as it leads: the status of the beginning, or where the browser is sent. */
  const come = async (issuer: ScriptedIssuer, browser: TestBrowser) => {
    const answer = await browser.post('/sign-in/social', { provider: 'work', callbackURL: '/ui/keys' })
    if (answer.status !== 200) return answer.status
    const { searchParams } = new URL(((await answer.json()) as { url: string }).url)
    const asked = { state: searchParams.get('state') ?? '', nonce: searchParams.get('nonce') ?? '' }
    issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked)))
    return await callBack(browser, asked)
  }

  test.each(PATHS)('at %s never ends is given up after a while, and nobody else waits', async (path) => {
    const { issuer, site, browser } = await openIssuerSite()
    const reached = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    issuer.answers(path, (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{')
      response.on('close', () => left.resolve())
      reached.resolve()
    })
    const coming = come(issuer, browser)
    await reached.promise
    // Others sign in, and changes are made.
    await signedInBrowser(site, 'bob@example.org')
    await site.store.transaction(async () => {})
    // It has begun to wait once the answer is on its way; each step lasts no longer than that.
    while (!(await Promise.race([left.promise.then(() => true), turns().then(() => false)]))) {
      site.clock.advance(ISSUER_TIMEOUT_MS)
    }
    expect(await coming).toBe(EXPECTED[path])
  })

  test.each(PATHS)('at %s is longer than any is is not read to its end', async (path) => {
    const { issuer, site, browser } = await openIssuerSite()
    let sent = 0
    const left = Promise.withResolvers<void>()
    issuer.answers(path, (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.on('close', () => left.resolve())
      const piece = Buffer.alloc(65_536, ' ')
      const write = () => {
        while (!response.destroyed && sent < 1_000 * ISSUER_ANSWER_BYTES) {
          sent += piece.length
          if (!response.write(piece)) return
        }
        response.end()
      }
      response.on('drain', write)
      write()
    })
    expect(await come(issuer, browser)).toBe(EXPECTED[path])
    await left.promise
    expect(sent).toBeLessThan(1_000 * ISSUER_ANSWER_BYTES)
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test.each(PATHS)('at %s is no JSON stands in no log', async (path) => {
    const { issuer, site, browser } = await openIssuerSite()
    issuer.answers(path, (response) => response.end('token=s3cr3t'))
    expect(await come(issuer, browser)).toBe(EXPECTED[path])
    expect(site.logged.join('')).not.toMatch(/s3cr3t|token=s/)
  })
})

/** Some turns of the loop, in which what is on its way arrives. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
