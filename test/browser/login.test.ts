import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place } from '../cli/punku.ts'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { Screens } from './screens.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()

describe.skipIf(chromium === undefined)('punku login', () => {
  const relay = new Place()
  const elsewhere = new Place()
  let browser: Browser
  let page: Page
  let url: string

  beforeAll(async () => {
    url = (await relay.serve('--upstream', 'none')).url
    const { link } = await relay.json<{ link: string }>('people', 'setup')
    browser = await startBrowser(chromium ?? '')
    page = await (await browser.newContext()).newPage()
    await setUp(page, link)
  })
  afterAll(async () => {
    await browser?.close()
    relay[Symbol.dispose]()
    elsewhere[Symbol.dispose]()
  })

  test('signs a machine in elsewhere, as the person who confirms it, until that ends', async () => {
    const screens = new Screens('login')
    const signingIn = elsewhere.start('login', url, '--no-browser', '--json')
    await signingIn.until((_stdout, stderr) => stderr.includes('Waiting for it to be confirmed'))
    await page.goto(/^ +(http\S+)$/m.exec(signingIn.stderr)?.[1] ?? '')
    await page.getByRole('button', { name: 'Confirm' }).waitFor()
    await screens.keep(page, 'confirm')
    await page.getByRole('button', { name: 'Confirm' }).click()
    const { code, stdout } = await signingIn.ended
    expect(code).toBe(0)
    const profile = { name: 'default', url, key: expect.stringMatching(/^[a-z0-9]{10}$/), model: null }
    expect(JSON.parse(stdout)).toEqual({ url, email: 'ada@example.org', org: 'default', role: 'owner', profile })
    await screens.keep(page, 'confirmed')

    // The commands of that machine work on the gateway, and what they change is the person's doing.
    const made = await elsewhere.json<{ name: string; createdBy: string }>('keys', 'create', 'from-afar')
    expect(made).toMatchObject({ name: 'from-afar', createdBy: 'Ada Lovelace' })
    const there = await relay.json<readonly { name: string }[]>('keys', 'list')
    expect(there.map(({ name }) => name)).toContain('from-afar')
    expect(await elsewhere.json('audit', 'verify')).toMatchObject([{ isWhole: true }, { isWhole: true }])
    const orgs = await elsewhere.json<readonly { slug: string }[]>('orgs', 'list', '--gateway', url)
    expect(orgs.map(({ slug }) => slug)).toEqual(['default'])
    const status = await elsewhere.run('status', '--gateway', url)
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(`Listening  ${url}\n`) })
    const refused = await elsewhere.run('keys', 'list', '--org', 'default', '--gateway', url)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('punku orgs use') })
    const unknown = await elsewhere.run('keys', 'list', '--gateway', 'https://nowhere.test')
    expect(unknown).toMatchObject({ code: 78, stderr: expect.stringContaining('punku login https://nowhere.test') })

    // Ended in the browser, it is worth nothing at once.
    await page.goto(`${url}/ui/account`)
    const other = page.getByRole('button', { name: /^End the session of punku/ })
    await other.click()
    await other.waitFor({ state: 'detached' })
    const ended = await elsewhere.run('keys', 'list')
    expect(ended).toMatchObject({ code: 77, stderr: expect.stringMatching(/[Ss]ign in/) })
    expect(await elsewhere.json('logout')).toMatchObject({ url })
    expect((await elsewhere.run('logout')).code).toBe(2)
  })

  test('does nothing where the code is refused', async () => {
    const signingIn = elsewhere.start('login', url, '--no-browser')
    await signingIn.until((_stdout, stderr) => stderr.includes('Waiting for it to be confirmed'))
    await page.goto(/^ +(http\S+)$/m.exec(signingIn.stderr)?.[1] ?? '')
    await page.getByRole('button', { name: 'Refuse' }).click()
    expect(await signingIn.ended).toMatchObject({ stdout: '', stderr: expect.stringContaining('refused') })
    expect((await elsewhere.run('logout')).code).toBe(2)
  })
})
