import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place } from '../cli/punku.ts'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { type LlamaServer, llamaServerOrSkip, startLlamaServer } from '../support/llama-server.ts'
import { Screens, watchConsole } from './screens.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()
const program = await llamaServerOrSkip()

describe.skipIf(chromium === undefined || program === undefined)('a tunnel, in the browser', () => {
  const relay = new Place()
  const house = new Place()
  let browser: Browser
  let page: Page
  let llama: LlamaServer
  let url: string

  beforeAll(async () => {
    llama = await startLlamaServer()
    url = (await relay.serve('--upstream', 'none')).url
    browser = await startBrowser(chromium ?? '')
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    page = await context.newPage()
    const { link } = await relay.json<{ link: string }>('people', 'setup')
    await setUp(page, link)
  })
  afterAll(async () => {
    await browser?.close()
    relay[Symbol.dispose]()
    house[Symbol.dispose]()
    await llama?.[Symbol.asyncDispose]()
  })

  test('paired, connected, asked, revoked', async () => {
    const faults = watchConsole(page)
    const screens = new Screens('tunnel')
    await page.getByText(`./punku pair ${url}`).first().waitFor()
    expect(await page.getByRole('main').innerText()).toContain('npm ci')
    await screens.keep(page, 'first-step')

    // The code that the terminal shows is confirmed in a window of its own.
    const pairing = house.start('pair', url, '--upstream', llama.origin, '--label', 'laptop', '--no-browser')
    const shown = await pairing.until((text) => text.includes('/connect?code='))
    const window = await page.context().newPage()
    await window.goto(/\S+\/connect\?code=\S+/.exec(shown)?.[0] ?? '')
    await window.getByRole('button', { name: 'Confirm' }).waitFor()
    await screens.keep(window, 'connect')
    await window.getByRole('button', { name: 'Confirm' }).click()
    await window.getByRole('heading', { name: 'laptop is paired' }).waitFor()
    expect(await window.getByRole('main').innerText()).toContain('run ./punku connect')
    await screens.keep(window, 'paired')
    expect((await pairing.ended).code).toBe(0)
    await window.close()

    await page.getByRole('link', { name: 'Tunnels', exact: true }).click()
    const row = page.getByRole('row', { name: /laptop/ })
    await row.getByText('Away').waitFor()
    const agent = house.start('connect')
    await agent.until((_stdout, stderr) => stderr.includes('connected as laptop'))
    const connectedAtMs = performance.now()
    await row.getByText('Connected', { exact: true }).waitFor()
    tell(`the pill was Connected ${since(connectedAtMs)} ms after the agent said so`)
    await screens.keep(page, 'connected')

    await row.getByRole('button', { name: 'Discover models' }).click()
    await untilDiscovered(page, llama.model)
    await screens.keep(page, 'discovered')
    await page.keyboard.press('Escape')

    await page.getByRole('link', { name: 'Playground', exact: true }).click()
    await page.getByLabel('Your message').fill('Hello!')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('log').getByText('Hello from a tiny scripted model').waitFor()
    await page.getByRole('button', { name: 'Send' }).waitFor()
    await screens.keep(page, 'playground')

    await page.getByRole('link', { name: 'Tunnels', exact: true }).click()
    await row.getByRole('button', { name: /Actions for laptop/ }).click()
    await page.getByRole('menuitem', { name: 'Revoke' }).click()
    const revoking = performance.now()
    await page.getByRole('button', { name: 'Revoke the tunnel' }).click()
    await page.getByText('Revoked', { exact: true }).click()
    await row.getByText('Revoked', { exact: true }).waitFor()
    tell(`the pill was Revoked ${since(revoking)} ms after it was confirmed`)
    await screens.keep(page, 'revoked')
    expect((await agent.ended).code).toBe(1)
    expect(faults).toEqual([])
  })
})

/** Waits for the dialog to show a model. On a busy machine the first questions may go unanswered: then it is asked again. */
async function untilDiscovered(page: Page, model: string): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Done' }).waitFor()
  for (;;) {
    await dialog.getByText('Asking the model server').waitFor({ state: 'detached' })
    // By its row: a model that was not known before has more than its name there.
    if (await dialog.getByRole('listitem').filter({ hasText: model }).first().isVisible()) return
    await dialog.getByRole('button', { name: 'Ask again' }).click()
  }
}

function since(atMs: number): string {
  return (performance.now() - atMs).toFixed(0)
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`)
}
