import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place } from '../cli/punku.ts'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { Screens, watchConsole } from './screens.ts'
import { fillNewcomer } from './set-up.ts'

const chromium = chromiumOrSkip()

describe.skipIf(chromium === undefined)('somebody new', () => {
  const place = new Place()
  let browser: Browser
  let page: Page
  let url: string
  let setupLink: string

  beforeAll(async () => {
    const serving = await place.serve('--demo', 'always')
    url = serving.url
    setupLink = (await place.json<{ link: string }>('people', 'setup')).link
    browser = await startBrowser(chromium ?? '')
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  })
  afterAll(async () => {
    await browser?.close()
    place[Symbol.dispose]()
  })

  test('who comes without the link is told which command prints one', async () => {
    await page.goto(`${url}/ui/`)
    await page.getByRole('heading', { name: 'Open the setup link' }).waitFor()
    expect(await page.getByRole('main').textContent()).toContain('punku people setup')
  })

  test('comes from the setup link to a key that works, and sees its usage', async () => {
    const faults = watchConsole(page)
    const screens = new Screens('first-run')

    await page.goto(setupLink)
    await fillNewcomer(page, 'Ada Lovelace', 'ada@example.org')
    expect(page.url(), 'the token has left the address bar').not.toContain('#')
    await screens.keep(page, 'setup')
    await page.getByRole('button', { name: 'Create the account' }).click()

    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await screens.keep(page, 'overview')

    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    // A list that is empty has one of its own.
    await page.getByRole('button', { name: 'New key' }).first().click()
    await page.getByRole('dialog').getByLabel('Name').fill('laptop')
    await screens.keep(page, 'new-key')
    await page.getByRole('button', { name: 'Make the key' }).click()
    const key = (await page.getByRole('status', { name: 'key' }).textContent()) ?? ''
    await screens.keep(page, 'key')

    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] }),
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ object: 'chat.completion' })
    process.stdout.write(`from the setup link to an answer under a key of one's own: ${screens.seconds.toFixed(1)} s\n`)

    await page.getByRole('button', { name: 'Done, I have it' }).click()
    await page.getByRole('link', { name: 'Requests', exact: true }).click()
    await page
      .getByRole('row', { name: /demo.*laptop/ })
      .first()
      .waitFor()
    await screens.keep(page, 'requests')
    await page.getByRole('link', { name: 'Usage', exact: true }).click()
    await page.getByRole('heading', { name: 'Usage', level: 1 }).waitFor()
    await page.getByRole('table').first().waitFor()
    await screens.keep(page, 'usage')
    expect(faults).toEqual([])
  })

  test('the setup link works once, and is not shown again', async () => {
    const other = await browser.newPage()
    await other.goto(setupLink)
    await other.getByRole('heading', { name: 'This gateway is set up' }).waitFor()
    await other.close()
    const refused = await fetch(`${url}/control/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token: new URL(setupLink).hash.slice(1),
        name: 'Eve',
        email: 'eve@example.org',
        password: 'a bridge of long words',
      }),
    })
    expect(refused.status).toBeGreaterThanOrEqual(400)
  })

  test('nothing of a session is left behind by signing out', async () => {
    const cookies = await page.context().cookies()
    await page.getByRole('button', { name: /Ada Lovelace/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: /sign in/i, level: 1 }).waitFor()
    const replayed = await fetch(`${url}/control/v1/me`, {
      headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
    })
    expect(replayed.status).toBe(401)
  })
})
