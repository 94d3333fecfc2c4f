import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ADDRESS_HEADER, type Answer, formOf, openRelaySite, type RelaySite } from '../../test/support/relay-site.ts'
import { DEFAULT_ORG } from './tunnel.ts'

const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const HOUR_MS = 3_600_000
const ABROAD = '198.51.100.7'
const CODE = '9KV-DU6'

type Fields = Readonly<Record<string, string>>
type Headers = Readonly<Record<string, string>>

/** A browser as far as it matters here: it keeps cookies and says from where a form is sent. */
class Browser {
  readonly #site: RelaySite
  cookies: Headers = {}

  constructor(site: RelaySite) {
    this.#site = site
  }

  get(path: string, headers: Headers = {}): Promise<Answer> {
    return this.#send(path, { headers: { ...this.cookies, ...headers } })
  }

  post(fields: Fields, headers: Headers = {}): Promise<Answer> {
    const own = { origin: new URL(this.#site.base).origin, 'sec-fetch-site': 'same-origin' }
    const sent = { ...FORM_TYPE, ...own, ...this.cookies, ...headers }
    return this.#send('/connect', { method: 'POST', headers: sent, body: formOf(fields) })
  }

  /** Presses a button of a page that was got before: sends the fields of its form. */
  press(page: Answer, action: string, fields: Fields = {}, headers: Headers = {}): Promise<Answer> {
    return this.post({ ...fieldsOf(page), ...fields, action }, headers)
  }

  async #send(path: string, asking: Parameters<RelaySite['ask']>[1]): Promise<Answer> {
    const answer = await this.#site.ask(path, asking)
    const cookie = String(answer.headers['set-cookie'] ?? '').split(';')[0] ?? ''
    if (cookie !== '') this.cookies = { cookie }
    return answer
  }
}

/** The fields of a page's form, with what they hold. */
function fieldsOf({ text }: Answer): Fields {
  const inputs = [...text.matchAll(/<input [^>]*name="(\w+)"[^>]*>/g)]
  return Object.fromEntries(inputs.map(([input, name]) => [name, /value="([^"]*)"/.exec(input)?.[1] ?? '']))
}

const titleOf = ({ text }: Answer) => /<h1>([^<]*)<\/h1>/.exec(text)?.[1]
const setupTokenOf = (site: RelaySite) => new URL(site.admin.createSetupLink(site.base)).searchParams.get('setup') ?? ''

/** A browser of the administrator, signed in. */
async function signIn(site: RelaySite): Promise<Browser> {
  const browser = new Browser(site)
  const answer = await browser.post({ action: 'enter', setup: setupTokenOf(site) })
  expect([answer.status, answer.headers['location']]).toEqual([303, '/connect'])
  return browser
}

/** An agent asks to be paired, over HTTP. */
async function askToPair(site: RelaySite, fields: Fields = {}): Promise<{ device_code: string; user_code: string }> {
  const body = formOf({ client_id: 'punku-agent', label: 'attic', machine: 'Ada’s Mac', ...fields })
  const headers = { ...FORM_TYPE, [ADDRESS_HEADER]: ABROAD }
  return JSON.parse((await site.ask('/tunnel/device', { method: 'POST', headers, body })).text)
}

async function tokenFor(site: RelaySite, deviceCode: string): Promise<Record<string, unknown>> {
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: deviceCode }
  const body = formOf({ client_id: 'punku-agent', ...grant })
  return JSON.parse((await site.ask('/tunnel/token', { method: 'POST', headers: FORM_TYPE, body })).text)
}

describe('without a session', () => {
  test('the page says how to get in, keeps the code, and does not say whether it is one', async () => {
    const site = await openRelaySite()
    const { user_code } = await askToPair(site)
    const browser = new Browser(site)
    const [real, made] = [await browser.get(`/connect?code=${user_code}`), await browser.get(`/connect?code=${CODE}`)]
    expect(real.status).toBe(403)
    expect(real.text).toContain(`punku tunnels approve ${user_code}<`)
    expect(fieldsOf(real)).toEqual({ action: 'enter', code: user_code, setup: '' })
    expect(real.text.replaceAll(user_code, '')).toBe(made.text.replaceAll(CODE, ''))
  })

  test.each(['approve', 'deny'])('nobody can %s', async (action) => {
    const site = await openRelaySite()
    const { user_code, device_code } = await askToPair(site)
    const answer = await new Browser(site).post({ action, code: user_code, form: 'x' })
    expect([answer.status, fieldsOf(answer)['code']]).toEqual([403, user_code])
    expect((await tokenFor(site, device_code))['error']).toBe('authorization_pending')
  })
})

describe('a setup link', () => {
  test('is not used up by whoever only looks at it', async () => {
    const site = await openRelaySite()
    const setup = setupTokenOf(site)
    const [preview, browser] = [new Browser(site), new Browser(site)]
    const path = `/connect?setup=${setup}&code=${CODE}`
    for (const method of ['HEAD', 'GET', 'GET']) {
      expect((await site.ask(path, { method })).headers['set-cookie']).toBeUndefined()
    }
    const page = await preview.get(path)
    expect([page.status, titleOf(page)]).toEqual([200, 'Sign in to this gateway'])
    const answer = await browser.press(page, 'enter')
    expect([answer.status, answer.headers['location']]).toEqual([303, `/connect?code=${CODE}`])
    expect((await browser.get('/connect')).status).toBe(200)
  })

  test('works once, and says so', async () => {
    const site = await openRelaySite()
    const setup = setupTokenOf(site)
    const [one, other] = [new Browser(site), new Browser(site)]
    expect((await one.post({ action: 'enter', setup })).status).toBe(303)
    const again = await other.post({ action: 'enter', setup, code: CODE })
    expect([again.status, again.headers['set-cookie']]).toEqual([403, undefined])
    expect(again.text).toContain('This setup link was used before, or is too old.')
    expect(fieldsOf(again)['code']).toBe(CODE)
  })

  test('works for a day', async () => {
    const site = await openRelaySite()
    const setup = setupTokenOf(site)
    site.clock.advance(24 * HOUR_MS)
    expect((await new Browser(site).post({ action: 'enter', setup })).status).toBe(403)
  })

  test('can be pasted whole', async () => {
    const site = await openRelaySite()
    const setup = ` ${site.admin.createSetupLink(site.base)} `
    expect((await new Browser(site).post({ action: 'enter', setup })).status).toBe(303)
  })

  test('is left unused by a browser that is signed in already', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const setup = setupTokenOf(site)
    const answer = await browser.get(`/connect?setup=${setup}&code=9kvdu6`)
    expect([answer.status, answer.headers['location']]).toEqual([303, `/connect?code=${CODE}`])
    expect((await new Browser(site).post({ action: 'enter', setup })).status).toBe(303)
  })

  test('leads nowhere but to the page', async () => {
    const site = await openRelaySite()
    const answer = await new Browser(site).post({
      action: 'enter',
      setup: setupTokenOf(site),
      code: '//evil.example',
      next: 'https://evil.example/',
    })
    expect(answer.headers['location']).toBe('/connect?code=%2F%2Fevil.example')
  })

  test('can be guessed at a few times from one address', async () => {
    const site = await openRelaySite()
    const browser = new Browser(site)
    for (let i = 0; i < 10; i++) expect((await browser.post({ action: 'enter', setup: `wrong${i}` })).status).toBe(403)
    const limited = await browser.post({ action: 'enter', setup: setupTokenOf(site) })
    expect([limited.status, titleOf(limited)]).toEqual([429, 'Too many attempts'])
    expect(limited.headers['retry-after']).toBe('600')
  })
})

describe('the session', () => {
  const flagsOf = ({ headers }: Answer) => String(headers['set-cookie']).split('; ').slice(1).sort()

  test('is kept in a cookie for this page alone', async () => {
    const site = await openRelaySite()
    const answer = await new Browser(site).post({ action: 'enter', setup: setupTokenOf(site) })
    expect(answer.headers['set-cookie']).toMatch(/^punku-admin=[0-9a-z]{52};/)
    expect(flagsOf(answer)).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/connect', 'SameSite=Strict'])
  })

  test('is sent over TLS alone where the gateway has it', async () => {
    const site = await openRelaySite({ baseUrl: 'https://models.example' })
    const browser = new Browser(site)
    const answer = await browser.post({ action: 'enter', setup: setupTokenOf(site) })
    expect(answer.headers['set-cookie']).toMatch(/^__Secure-punku-admin=[0-9a-z]{52};/)
    expect(flagsOf(answer)).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/connect', 'SameSite=Strict', 'Secure'])
    expect((await browser.get('/connect')).status).toBe(200)
    const plain = { cookie: String(browser.cookies['cookie']).replace('__Secure-', '') }
    expect((await browser.get('/connect', plain)).status).toBe(403)
  })

  test('ends after 12 hours', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const page = await browser.get(`/connect?code=${user_code}`)
    site.clock.advance(12 * HOUR_MS)
    expect((await browser.get('/connect')).status).toBe(403)
    const late = await browser.press(page, 'approve')
    expect(late.status).toBe(403)
    expect(late.text).toContain('The session in this browser has ended.')
  })

  test('is opened by no other cookie', async () => {
    const site = await openRelaySite()
    await signIn(site)
    for (const cookie of ['punku-admin=', 'punku-admin=x', `punku-admin=${setupTokenOf(site)}`]) {
      expect((await new Browser(site).get('/connect', { cookie })).status).toBe(403)
    }
  })
})

describe('a code', () => {
  test('is asked for, and shows who asks however it is typed', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site, { platform: 'darwin', software: 'punku/0.1.0' })
    expect(fieldsOf(await browser.get('/connect'))).toEqual({ code: '' })
    site.clock.advance(60_000)
    for (const typed of [
      user_code,
      user_code.toLowerCase(),
      user_code.replace('-', ''),
      ` ${user_code.replace('-', ' ')} `,
    ]) {
      const page = await browser.get(`/connect?${formOf({ code: typed })}`)
      expect([page.status, titleOf(page)]).toEqual([200, 'Pair this agent?'])
      expect(page.text).toContain(`<p class="code">${user_code}</p>`)
      for (const fact of ['Ada’s Mac', 'darwin', 'punku/0.1.0', ABROAD])
        expect(page.text).toContain(`<bdi>${fact}</bdi>`)
      expect(page.text).toContain('1 min ago, at')
      expect(page.text).toContain('for 9 min more')
      expect(fieldsOf(page)).toMatchObject({ code: user_code, label: 'attic' })
    }
  })

  test('that is confirmed pairs its agent, from the first request to its tokens', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code, device_code } = await askToPair(site)
    expect((await tokenFor(site, device_code))['error']).toBe('authorization_pending')
    const answer = await browser.press(await browser.get(`/connect?code=${user_code}`), 'approve')
    expect([answer.status, titleOf(answer)]).toEqual([200, 'Paired'])
    expect(answer.text).toContain('the tunnel attic.')
    site.clock.advance(5_000)
    expect(await tokenFor(site, device_code)).toMatchObject({ label: 'attic', refresh_token: expect.any(String) })
    expect(await site.tunnels.show(DEFAULT_ORG, 'attic')).toMatchObject({ createdBy: 'local admin' })
    expect(answer.text).not.toMatch(/p[dtr]_/)
  })

  test('is confirmed under another label when one is given', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const answer = await browser.press(await browser.get(`/connect?code=${user_code}`), 'approve', { label: 'cellar' })
    expect(answer.text).toContain('the tunnel cellar.')
    expect((await site.tunnels.list(DEFAULT_ORG)).map(({ label }) => label)).toEqual(['cellar'])
  })

  test('keeps the label it asked for with a number when that is taken, and the field that is emptied stands for it', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    for (const fields of [{}, {}, { label: '' }]) {
      const { user_code } = await askToPair(site)
      await browser.press(await browser.get(`/connect?code=${user_code}`), 'approve', fields)
    }
    const labels = (await site.tunnels.list(DEFAULT_ORG)).map(({ label }) => label)
    expect(labels.sort()).toEqual(['attic', 'attic-2', 'attic-3'])
  })

  test.each([
    ['can be none', '<b>"x"', '&lt;b&gt;&quot;x&quot;'],
    ['is taken', 'cellar', 'cellar'],
  ])('asks for another label when the one given %s', async (_, label, shown) => {
    const site = await openRelaySite()
    await site.tunnels.create({ orgId: DEFAULT_ORG, label: 'cellar', by: 'local admin' })
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const answer = await browser.press(await browser.get(`/connect?code=${user_code}`), 'approve', { label })
    expect([answer.status, titleOf(answer)]).toEqual([400, 'Pair this agent?'])
    expect(answer.text).toContain('role="alert"')
    expect(fieldsOf(answer)['label']).toBe(shown)
    expect(titleOf(await browser.press(answer, 'approve', { label: 'roof' }))).toBe('Paired')
  })

  test('that is refused pairs nobody', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code, device_code } = await askToPair(site)
    const answer = await browser.press(await browser.get(`/connect?code=${user_code}`), 'deny')
    expect([answer.status, titleOf(answer)]).toEqual([200, 'Refused'])
    expect((await tokenFor(site, device_code))['error']).toBe('access_denied')
    expect(await site.tunnels.list(DEFAULT_ORG)).toEqual([])
  })

  test.each([
    ['approve', 'Already paired'],
    ['deny', 'Already refused'],
  ])('is decided once: %s', async (action, title) => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const page = await browser.get(`/connect?code=${user_code}`)
    await browser.press(page, action)
    expect(titleOf(await browser.get(`/connect?code=${user_code}`))).toBe(title)
    expect(titleOf(await browser.press(page, 'approve'))).toBe(title)
    expect(titleOf(await browser.press(page, 'deny'))).toBe(title)
    expect(await site.tunnels.list(DEFAULT_ORG)).toHaveLength(action === 'approve' ? 1 : 0)
  })

  test('that has expired is said to be so, before and after it was shown', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const page = await browser.get(`/connect?code=${user_code}`)
    site.clock.advance(600_000)
    for (const late of [
      await browser.get(`/connect?code=${user_code}`),
      await browser.press(page, 'approve'),
      await browser.press(page, 'deny'),
    ]) {
      expect([late.status, titleOf(late)]).toEqual([410, 'This code has expired'])
    }
    expect(await site.tunnels.list(DEFAULT_ORG)).toEqual([])
  })

  test('that nobody waits under is asked for again', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const answer = await browser.get('/connect?code=9kvdu6')
    expect([answer.status, titleOf(answer)]).toEqual([404, 'No agent waits under this code'])
    expect(fieldsOf(answer)).toEqual({ code: CODE })
  })

  test('can be guessed at a few times, and then not even be right', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const form = fieldsOf(await browser.get(`/connect?code=${user_code}`))['form'] ?? ''
    for (let i = 0; i < 5; i++) {
      expect((await browser.get(`/connect?code=XXX-XX${i + 2}`)).status).toBe(404)
      expect((await browser.post({ action: 'approve', code: `YYY-YY${i + 2}`, form })).status).toBe(404)
    }
    for (const limited of [
      await browser.get(`/connect?code=${user_code}`),
      await browser.post({ action: 'approve', code: user_code, form }),
      await browser.post({ action: 'deny', code: user_code, form }),
    ]) {
      expect([limited.status, titleOf(limited)]).toEqual([429, 'Too many attempts'])
      expect(limited.headers['retry-after']).toBe('600')
    }
    site.clock.advance(599_999)
    expect((await browser.get(`/connect?code=${user_code}`, { [ADDRESS_HEADER]: ABROAD })).status).toBe(200)
  })

  test('waits until a tunnel is freed when all are taken', async () => {
    const site = await openRelaySite({ maxTunnels: 1 })
    await site.tunnels.create({ orgId: DEFAULT_ORG, label: 'cellar', by: 'local admin' })
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const page = await browser.get(`/connect?code=${user_code}`)
    const full = await browser.press(page, 'approve')
    expect([full.status, titleOf(full)]).toEqual([402, 'All tunnels are taken'])
    expect(full.text).toContain('punku tunnels revoke')
    expect(full.text).toContain(`<a href="/connect?code=${user_code}">`)
    await site.tunnels.revoke(DEFAULT_ORG, 'cellar')
    expect(titleOf(await browser.press(page, 'approve'))).toBe('Paired')
  })
})

describe('a form of somebody else', () => {
  async function openForm() {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site)
    const page = await browser.get(`/connect?code=${user_code}`)
    return { site, browser, page, list: () => site.tunnels.list(DEFAULT_ORG) }
  }

  test.each(['', 'x'])('is refused with the form token %j', async (form) => {
    const { browser, page, list } = await openForm()
    for (const action of ['approve', 'deny']) expect((await browser.press(page, action, { form })).status).toBe(403)
    expect(await list()).toEqual([])
    expect(titleOf(await browser.press(page, 'approve'))).toBe('Paired')
  })

  test("is refused with another session's form token", async () => {
    const { site, browser, page, list } = await openForm()
    const other = await signIn(site)
    expect((await other.press(page, 'approve')).status).toBe(403)
    expect(await list()).toEqual([])
    expect(titleOf(await browser.press(page, 'approve'))).toBe('Paired')
  })

  test.each<[string, Headers]>([
    ['of another host', { origin: 'http://evil.example' }],
    ['of another port', { origin: 'http://127.0.0.1:1' }],
    ['of no origin', { origin: 'null' }],
    ['that the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that the browser calls same-site', { 'sec-fetch-site': 'same-site' }],
    ['that the browser calls none', { 'sec-fetch-site': 'none' }],
  ])('is refused from a page %s', async (_, headers) => {
    const { site, browser, page, list } = await openForm()
    const answer = await browser.press(page, 'approve', {}, headers)
    expect([answer.status, titleOf(answer)]).toEqual([403, 'That did not work'])
    expect(await list()).toEqual([])
    const entry = await new Browser(site).post({ action: 'enter', setup: setupTokenOf(site) }, headers)
    expect([entry.status, entry.headers['set-cookie']]).toEqual([403, undefined])
  })

  test('is refused when nothing says where it is from', async () => {
    const { site, browser, page, list } = await openForm()
    const headers = { ...FORM_TYPE, ...browser.cookies }
    const body = formOf({ ...fieldsOf(page), action: 'approve' })
    expect((await site.ask('/connect', { method: 'POST', headers, body })).status).toBe(403)
    expect(await list()).toEqual([])
  })

  test('is told apart where the gateway is known by another name than it listens under', async () => {
    const site = await openRelaySite({ baseUrl: 'https://models.example' })
    const browser = new Browser(site)
    expect((await browser.post({ action: 'enter', setup: setupTokenOf(site) }, { origin: site.url })).status).toBe(303)
    expect((await browser.post({ action: 'enter', setup: setupTokenOf(site) })).status).toBe(303)
  })

  test('that says what to do in no known way does nothing', async () => {
    const { browser, page, list } = await openForm()
    for (const action of ['', 'revoke']) expect((await browser.press(page, action)).status).toBe(400)
    expect(await list()).toEqual([])
  })

  test.each<[number, Headers, string]>([
    [415, { 'content-type': 'text/plain' }, 'action=approve'],
    [400, {}, 'action=approve&action=deny'],
    [413, {}, `action=approve&x=${'x'.repeat(8_192)}`],
  ])('is refused with %d when it is no form that a browser sends', async (status, headers, body) => {
    const { site, browser } = await openForm()
    const own = { ...FORM_TYPE, origin: site.url, ...browser.cookies, ...headers }
    const answer = await site.ask('/connect', { method: 'POST', headers: own, body })
    expect([answer.status, titleOf(answer)]).toEqual([status, 'That did not work'])
  })
})

describe('what strangers write', () => {
  const SCRIPT = '<script>alert(1)</script>'
  const ESCAPED = '&lt;script&gt;alert(1)&lt;/script&gt;'

  test('is shown as text', async () => {
    const site = await openRelaySite()
    const browser = await signIn(site)
    const { user_code } = await askToPair(site, { machine: SCRIPT, platform: `"${SCRIPT}`, software: `'${SCRIPT}` })
    const page = await browser.get(`/connect?code=${user_code}`)
    expect(page.text.split(ESCAPED)).toHaveLength(4)
    const typed = await browser.press(page, 'approve', { label: `">${SCRIPT}` })
    const setup = await new Browser(site).get(`/connect?${formOf({ setup: `">${SCRIPT}`, code: `">${SCRIPT}` })}`)
    const wrong = await browser.get(`/connect?${formOf({ code: `">${SCRIPT}` })}`)
    for (const answer of [page, typed, setup, wrong]) {
      expect(answer.text).toContain(ESCAPED)
      expect(answer.text).not.toContain('<script')
    }
  })

  test('is read in one way, or not at all', async () => {
    const { ask } = await openRelaySite()
    for (const query of ['code=A&code=B', 'setup=a&setup=b', 'code=%zz']) {
      expect((await ask(`/connect?${query}`)).status).toBe(400)
    }
  })
})

test('every page, also of an error, has a policy that allows nothing but its own style', async () => {
  const site = await openRelaySite({ maxTunnels: 0 })
  const browser = await signIn(site)
  const stranger = new Browser(site)
  const { user_code } = await askToPair(site)
  const page = await browser.get(`/connect?code=${user_code}`)
  const statuses = new Set<number>()
  for (const answer of [
    page,
    await browser.get('/connect'),
    await browser.get('/connect?code=%zz'),
    await browser.get(`/connect?code=${CODE}`),
    await browser.press(page, 'approve'),
    await browser.press(page, 'approve', {}, { origin: 'http://evil.example' }),
    await browser.press(page, 'nothing'),
    await browser.press(page, 'deny'),
    await stranger.get('/connect'),
    await stranger.get('/connect?setup=x'),
    await stranger.post({ action: 'enter', setup: 'x' }),
    await site.ask('/connect', { method: 'PUT' }),
  ]) {
    statuses.add(answer.status)
    const style = /<style>([^<]*)<\/style>/.exec(answer.text)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=UTF-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
      'referrer-policy': 'strict-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    expect(answer.text).not.toMatch(/<script|\sstyle=/)
  }
  expect([...statuses].sort()).toEqual([200, 400, 402, 403, 404, 405])
})

test('what failed inside is logged and not shown, and no log line holds a code or a token', async () => {
  const site = await openRelaySite()
  const setup = setupTokenOf(site)
  const browser = new Browser(site)
  await browser.post({ action: 'enter', setup })
  const first = await askToPair(site)
  await browser.press(await browser.get(`/connect?code=${first.user_code}`), 'approve')
  await site.database.db.schema.dropTable('pairings').execute()
  const answer = await browser.get(`/connect?code=${CODE}`)
  expect([answer.status, titleOf(answer)]).toEqual([500, 'That did not work'])
  expect(answer.text).not.toContain('pairings')
  const log = site.logLines.join('')
  for (const event of ['admin.entered', 'pairing.confirmed', 'no such table: pairings']) expect(log).toContain(event)
  const session = String(browser.cookies['cookie']).split('=')[1] ?? ''
  for (const secret of [setup, session, first.user_code, first.device_code]) expect(log).not.toContain(secret)
})
