import { createHash, randomBytes } from 'node:crypto'
import { exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  ADA,
  begin,
  callBack,
  memoryDatabase,
  openIssuerSite,
  settingsOf,
  signIn,
  WRONG_CODE,
  WRONG_TOKEN,
  whoIs,
} from '../../../test/support/issuer-site.ts'
import { CLIENT_ID, CLIENT_SECRET } from '../../../test/support/oidc-issuer.ts'
import { KEY_ID, type ScriptedIssuer, startScriptedIssuer } from '../../../test/support/scripted-issuer.ts'
import { EMAIL, openSite, PASSWORD, type Site, signedInBrowser } from '../../../test/support/sign-in-site.ts'
import { Secret } from '../../core/secret.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('an issuer that does as it should signs in', async () => {
  const opened = await openIssuerSite()
  expect(await signIn(opened)).toBe('/ui/keys')
  expect(await whoIs(opened.site, opened.browser)).toBeDefined()
})

describe('an ID token', () => {
  type Forge = (claims: JWTPayload, issuer: ScriptedIssuer) => Promise<string>
  const withSecret =
    (secret: (issuer: ScriptedIssuer) => Promise<Uint8Array> | Uint8Array, header = {}): Forge =>
    async (claims, issuer) =>
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: KEY_ID, ...header }).sign(await secret(issuer))
  const bytes = (text: string) => new TextEncoder().encode(text)
  const ownKey =
    (header: (jwk: object) => object): Forge =>
    async (claims) => {
      const { exportJWK } = await import('jose')
      const { privateKey, publicKey } = await generateKeyPair('RS256')
      const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'RS256' }
      return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', ...header(jwk) }).sign(privateKey)
    }
  const nowS = () => Math.floor(Date.now() / 1_000)
  const forged: readonly (readonly [string, Forge])[] = [
    ["signed with the client's secret", withSecret(() => bytes(CLIENT_SECRET))],
    [
      "signed with the issuer's public key as a secret",
      withSecret(async ({ publicKey }) => bytes(await exportSPKI(publicKey))),
    ],
    ['signed with its public key as JSON', withSecret(({ publicJwk }) => bytes(JSON.stringify(publicJwk)))],
    ['signed with an empty secret', withSecret(() => bytes(' '), { kid: '' })],
    ['with a key in its head', ownKey((jwk) => ({ kid: KEY_ID, jwk }))],
    ['with a key in its head, and no name', ownKey((jwk) => ({ jwk }))],
    ['with an address of keys in its head', ownKey(() => ({ kid: KEY_ID, jku: 'http://127.0.0.1:1/jwks' }))],
    ['with an address of certificates in its head', ownKey(() => ({ kid: KEY_ID, x5u: 'http://127.0.0.1:1/c' }))],
    ['with a key that nobody has', ownKey(() => ({ kid: '../../jwks' }))],
    ['in other letters of `none`', async (claims) => `${part({ alg: 'nOnE' })}.${part(claims)}.`],
    [
      'with a head that must be understood',
      async (claims, { sign }) => await sign(claims, { crit: ['x'], x: 1 }).catch(() => 'x.y.z'),
    ],
    ['whose signature was cut off', async (claims, { sign }) => (await sign(claims)).replace(/[^.]*$/, '')],
    [
      'with other claims than were signed',
      async (claims, { sign }) => {
        const [head, , signature] = (await sign(claims)).split('.')
        return `${head}.${part({ ...claims, sub: 'eve' })}.${signature}`
      },
    ],
    ['that is encrypted', async () => 'a.b.c.d.e'],
    ['that is not good yet', async (claims, { sign }) => await sign({ ...claims, nbf: nowS() + 3_600 })],
    ['that has run out', async (claims, { sign }) => await sign({ ...claims, exp: nowS() - 60 })],
    [
      'with an end that is no number',
      async (claims, { sign }) => await sign({ ...claims, exp: '9999999999' as never }),
    ],
    [
      'for several, of which another is named',
      async (claims, { sign }) => await sign({ ...claims, aud: [CLIENT_ID, 'b'], azp: 'b' }),
    ],
    [
      'for a client that is named like this one',
      async (claims, { sign }) => await sign({ ...claims, aud: `${CLIENT_ID} ` }),
    ],
    ['for nobody', async ({ aud: _, ...claims }, { sign }) => await sign(claims)],
    ['with a nonce that is no text', async (claims, { sign }) => await sign({ ...claims, nonce: [claims['nonce']] })],
    ['with an empty nonce', async (claims, { sign }) => await sign({ ...claims, nonce: '' })],
    ['of an issuer with a slash more', async (claims, { sign }) => await sign({ ...claims, iss: `${claims.iss}/` })],
    ['with a subject that is no text', async (claims, { sign }) => await sign({ ...claims, sub: 7 as never })],
    [
      'with an address in letters that fold to others',
      async (claims, { sign }) => await sign({ ...claims, email: 'ada@example.or\u212A' }),
    ],
    ['with two addresses', async (claims, { sign }) => await sign({ ...claims, email: `${EMAIL},eve@evil.example` })],
  ]
  test.each(forged)('%s signs nobody in', async (_, forge) => {
    const { issuer, site, browser } = await openIssuerSite()
    const asked = await begin(browser)
    issuer.gives(async () => await forge(issuer.claimsFor(asked, ADA), issuer))
    expect(await callBack(browser, asked)).toBe(WRONG_TOKEN)
    expect(await whoIs(site, browser)).toBeUndefined()
    expect(site.welcomed).toEqual([])
  })

  test('of a sign-in before is for no other one: not even of the same browser', async () => {
    const { issuer, site, browser } = await openIssuerSite()
    const first = await begin(browser)
    const caught = await issuer.sign(issuer.claimsFor(first, ADA))
    issuer.gives(async () => caught)
    const second = await begin(browser)
    expect(await callBack(browser, second)).toBe(WRONG_TOKEN)
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test('that is for several and was given to this client signs in', async () => {
    const opened = await openIssuerSite()
    expect(await signIn(opened, { ...ADA, aud: [CLIENT_ID, 'b'], azp: CLIENT_ID })).toBe('/ui/keys')
  })

  test('signed with a key among keys of other kinds counts, and a secret among them does not', async () => {
    const { issuer, site, browser } = await openIssuerSite()
    const secret = randomBytes(32)
    const oct = { kty: 'oct', kid: 'secret', k: secret.toString('base64url'), alg: 'HS256' }
    issuer.answers('/jwks', (response) => issuer.json(response, { keys: [oct, issuer.publicJwk] }))
    const asked = await begin(browser)
    const forged = new SignJWT(issuer.claimsFor(asked, ADA)).setProtectedHeader({ alg: 'HS256', kid: 'secret' })
    issuer.gives(async () => await forged.sign(secret))
    expect(await callBack(browser, asked)).toBe(WRONG_TOKEN)
    expect(await signIn({ issuer, browser })).toBe('/ui/keys')
    expect(await whoIs(site, browser)).toBeDefined()
  })
})

describe('whom an address belongs to', () => {
  test('an account here whose owner has another address at the issuer now is theirs still, and nobody else is', async () => {
    const opened = await openIssuerSite({ linksAccounts: true })
    const { site, browser } = opened
    await signIn(opened)
    const ada = await whoIs(site, browser)
    const bob = await site.addAccount(
      { name: 'Bob', email: 'bob@example.org', password: PASSWORD },
      { isEmailVerified: true },
    )
    // Whoever runs the directory gives Ada the address that Bob has here.
    expect(await signIn({ ...opened, browser: site.browser() }, { ...ADA, email: 'bob@example.org' })).toBe('/ui/keys')
    const again = site.browser()
    await signIn({ ...opened, browser: again }, { ...ADA, email: 'bob@example.org' })
    expect(await whoIs(site, again)).toBe(ada)
    expect(await site.signIn.sessionOf(again.headers())).toMatchObject({ email: EMAIL })
    expect(bob.id).not.toBe(ada)
  })

  test.each([
    ['the word "true" counts as it is', 'true', '/ui/keys'],
    ['the word "false" does not', 'false', '/ui/sign-in?error=email_not_verified'],
    ['another word is no answer', 'yes', WRONG_TOKEN],
    ['a number is none', 1, WRONG_TOKEN],
    ['nothing is none', null, WRONG_TOKEN],
  ])('whether it is verified: %s', async (_, email_verified, location) => {
    const opened = await openIssuerSite()
    expect(await signIn(opened, { ...ADA, email_verified })).toBe(location)
  })

  test('that it is verified is said of the address that it stands beside', async () => {
    const opened = await openIssuerSite()
    const { issuer, site, browser } = opened
    const told = { sub: 'ada-1', email: EMAIL, email_verified: false }
    issuer.answers('/userinfo', (response) => issuer.json(response, told))
    expect(await signIn(opened, { name: 'Ada', email_verified: true })).toBe('/ui/sign-in?error=email_not_verified')
    expect(await whoIs(site, browser)).toBeUndefined()
    expect(site.welcomed).toEqual([])
  })

  test('user info about somebody else is none', async () => {
    const opened = await openIssuerSite()
    const { issuer } = opened
    issuer.answers('/userinfo', (response) => issuer.json(response, { ...ADA, sub: 'ada-2' }))
    expect(await signIn(opened, { name: 'Ada' })).toBe(WRONG_TOKEN)
    expect(issuer.asked('/userinfo')).toMatchObject([{ headers: { authorization: 'Bearer access' } }])
  })
})

describe('whoever comes back', () => {
  test('brings a code that is worth something with the verifier of this sign-in alone', async () => {
    const opened = await openIssuerSite()
    const { issuer, browser } = opened
    // One that says that it knows `plain` alone is asked for S256 all the same.
    issuer.says({ code_challenge_methods_supported: ['plain'] })
    const asked = await begin(browser)
    issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked, ADA)))
    expect(await callBack(browser, asked)).toBe('/ui/keys')
    expect(asked.url.searchParams.get('code_challenge_method')).toBe('S256')
    const sent = new URLSearchParams(issuer.asked('/token')[0]?.body)
    const verifier = sent.get('code_verifier') ?? ''
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(asked.url.searchParams.get('code_challenge'))
  })

  test('with a state of another browser signs nobody in, and leaves it to whose it is', async () => {
    const { issuer, site, browser: ada } = await openIssuerSite()
    const mallory = site.browser()
    const [ofAda, ofMallory] = [await begin(ada), await begin(mallory)]
    issuer.gives(async () => await issuer.sign(issuer.claimsFor(ofMallory, ADA)))
    expect(await callBack(ada, ofMallory)).toMatch(/error=state_mismatch/)
    expect(await callBack(mallory, ofAda)).toMatch(/error=state_mismatch/)
    expect(issuer.asked('/token')).toEqual([])
    expect(await whoIs(site, ada)).toBeUndefined()
    expect(await callBack(mallory, ofMallory)).toBe('/ui/keys')
  })

  test('twice at once is signed in once', async () => {
    const { issuer, site, browser } = await openIssuerSite()
    await signIn({ issuer, browser })
    const asked = await begin(browser)
    issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked, ADA)))
    const copy = site.browser()
    for (const [name, value] of browser.cookies) copy.cookies.set(name, value)
    const locations = await Promise.all([callBack(browser, asked), callBack(copy, asked)])
    expect(locations.filter((location) => location === '/ui/keys').length).toBe(1)
    expect(await callBack(browser, asked)).toMatch(/error=state_mismatch/)
  })

  test.each([
    '"><script>alert(1)</script>',
    'javascript:alert(1)',
    'access_denied\r\nset-cookie: a=b',
    '//evil.example',
    'x'.repeat(5_000),
  ])('with the error %j brings no word of it onto the page', async (error) => {
    const { browser } = await openIssuerSite()
    const asked = await begin(browser)
    const more = { error, error_description: error, error_uri: 'https://evil.example' }
    expect(await callBack(browser, asked, more)).toBe('/ui/sign-in?error=sign_in_failed')
  })

  test('in a session leaves it: the session before ends, and its cookie is another', async () => {
    const { issuer, site } = await openIssuerSite()
    const planted = await signedInBrowser(site, 'mallory@example.org')
    const before = planted.browser.headers()
    expect(await signIn({ issuer, browser: planted.browser })).toBe('/ui/keys')
    expect(await whoIs(site, planted.browser)).not.toBe(planted.personId)
    expect(await site.signIn.sessionOf(before)).toBeUndefined()
  })
})

describe('a linking', () => {
  const beginLink = async () => {
    const { issuer, site } = await openIssuerSite({ admits: undefined })
    const { browser, personId } = await signedInBrowser(site)
    const asked = await begin(browser, '/link-social')
    issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked, { ...ADA, sub: 'mallory-1' })))
    return { issuer, site, browser, personId, asked }
  }
  const ENDED = '/ui/account?error=session_ended'
  const signsIn = async (site: Site, issuer: ScriptedIssuer) => {
    const location = await signIn({ issuer, browser: site.browser() }, { ...ADA, sub: 'mallory-1' })
    return location === '/ui/keys'
  }

  test('that is finished in the session it was begun in links', async () => {
    const { issuer, site, browser, asked } = await beginLink()
    expect(await callBack(browser, asked)).toBe('/ui/keys')
    expect(await signsIn(site, issuer)).toBe(true)
  })

  test('links nothing once its person has signed out: whoever has the browser then is somebody else', async () => {
    const { issuer, site, browser, asked } = await beginLink()
    expect((await browser.post('/sign-out', {})).status).toBe(200)
    expect(await callBack(browser, asked)).toBe(ENDED)
    expect(await signsIn(site, issuer)).toBe(false)
    expect(site.actions()).toContain('session.refuse')
    expect(site.actions()).not.toContain('issuer.link')
  })

  test('links nothing in the session of another person, or in another one of the same', async () => {
    for (const email of ['mallory@example.org', EMAIL]) {
      const { issuer, site, browser, asked } = await beginLink()
      if (email !== EMAIL) await site.addAccount({ name: 'M', email, password: PASSWORD })
      expect((await browser.post('/sign-in/email', { email, password: PASSWORD })).status).toBe(200)
      expect(await callBack(browser, asked)).toBe(ENDED)
      expect(await signsIn(site, issuer)).toBe(false)
    }
  })

  test('links nothing once the sessions of its person were ended from elsewhere, or the password was changed', async () => {
    const ends: readonly ((site: Site, personId: string) => Promise<unknown>)[] = [
      (site, id) => site.change((open) => site.signIn.endSessions(open, id)),
      (site, id) => site.change((open) => site.signIn.resetLink(open, id)),
      async (site) => {
        const owner = site.browser()
        await owner.post('/sign-in/email', { email: EMAIL, password: PASSWORD })
        const body = { currentPassword: PASSWORD, newPassword: 'staple of a battery' }
        expect((await owner.post('/change-password', body)).status).toBe(200)
      },
    ]
    for (const end of ends) {
      const { issuer, site, browser, personId, asked } = await beginLink()
      await end(site, personId)
      expect(await callBack(browser, asked)).toBe(ENDED)
      expect(await signsIn(site, issuer)).toBe(false)
    }
  })

  test('of the only way in that works is not undone, where passwords are off', async () => {
    const { issuer, site, browser, asked } = await beginLink()
    expect(await callBack(browser, asked)).toBe('/ui/keys')
    const issuers = [settingsOf(issuer.issuer)]
    const strict = await openSite(site.database, { settings: { password: false, issuers } })
    const there = strict.browser()
    for (const [name, value] of browser.cookies) there.cookies.set(name, value)
    const accounts = (await (await there.get('/list-accounts')).json()) as { id: string; providerId: string }[]
    const idOf = (wanted: string) => accounts.find(({ providerId }) => providerId === wanted)?.id
    const refused = await there.post('/unlink-account', { accountId: idOf('work') })
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { detail: expect.stringContaining('only way in') },
    ])
    // A password that signs nobody in is no way that would be lost.
    expect((await there.post('/unlink-account', { accountId: idOf('credential') })).status).toBe(200)
  })
})

describe('of two issuers', () => {
  const openTwo = async () => {
    const [honest, evil] = [await startScriptedIssuer(), await startScriptedIssuer()]
    const issuers = [
      settingsOf(honest.issuer),
      settingsOf(evil.issuer, { id: 'evil', clientSecret: new Secret('of evil') }),
    ]
    const site = await openSite(await memoryDatabase(), { settings: { issuers } })
    return { honest, evil, site, browser: site.browser() }
  }

  test('one is sent no code of the other, wherever a browser is led', async () => {
    const { honest, evil, site, browser } = await openTwo()
    // Begun at the one, and led to the other, which sends its code to where the first would.
    const asked = await begin(browser, '/sign-in/social', 'evil')
    honest.gives(async () => await honest.sign(honest.claimsFor(asked, ADA)))
    expect(await callBack(browser, asked, {}, 'work')).toBe(WRONG_CODE)
    expect([...honest.asked('/token'), ...evil.asked('/token')]).toEqual([])
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test('one signs nobody in with a token of the other', async () => {
    const { honest, evil, site, browser } = await openTwo()
    const asked = await begin(browser, '/sign-in/social', 'evil')
    evil.gives(async () => await honest.sign(honest.claimsFor(asked, ADA)))
    expect(await callBack(browser, asked, {}, 'evil')).toBe(WRONG_TOKEN)
    expect(await whoIs(site, browser)).toBeUndefined()
  })

  test('one that says by the same subject is not taken for the other', async () => {
    const { honest, evil, site, browser } = await openTwo()
    expect(await signIn({ issuer: honest, browser })).toBe('/ui/keys')
    const mallory = site.browser()
    const asked = await begin(mallory, '/sign-in/social', 'evil')
    evil.gives(async () => await evil.sign(evil.claimsFor(asked, ADA)))
    expect(await callBack(mallory, asked, {}, 'evil')).toBe('/ui/sign-in?error=account_not_linked')
  })

  test('one that names itself with each answer is asked nothing where another is named, or none', async () => {
    for (const [iss, location] of [
      ['https://evil.example', '/ui/sign-in?error=issuer_mismatch'],
      ['', WRONG_CODE],
      [undefined, WRONG_CODE],
    ] as const) {
      const { issuer, browser } = await openIssuerSite()
      issuer.says({ authorization_response_iss_parameter_supported: true })
      const asked = await begin(browser)
      issuer.gives(async () => await issuer.sign(issuer.claimsFor(asked, ADA)))
      expect(await callBack(browser, asked, iss === undefined ? {} : { iss })).toBe(location)
      expect(issuer.asked('/token')).toEqual([])
      const again = await begin(browser)
      issuer.gives(async () => await issuer.sign(issuer.claimsFor(again, ADA)))
      expect(await callBack(browser, again, { iss: issuer.issuer })).toBe('/ui/keys')
    }
  })
})
