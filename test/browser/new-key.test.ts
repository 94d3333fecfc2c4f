import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()
const PHONE = { width: 390, height: 844 }
const CLIENTS = ['curl', 'OpenAI SDK', 'Anthropic SDK', 'Claude Code', 'Ollama client']

describe.skipIf(chromium === undefined)('a key that may use some models only', () => {
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let browser: Browser
  let page: Page
  let dialog: Locator

  beforeAll(async () => {
    upstream = await startScriptedUpstream({ server: 'ollama', models: ['alpha', 'tiny'] })
    gateway = await startTestGateway({ upstreams: [upstream.origin] })
    browser = await startBrowser(chromium ?? '')
    page = await browser.newPage({ reducedMotion: 'reduce' })
    dialog = page.getByRole('dialog')
    await setUp(page, await gateway.parts.setup.issue(gateway.url))
    await page.goto(`${gateway.url}/ui/keys`)
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.close()
  })

  test('is shown with lines that name one of them, for every client', async () => {
    await make('narrow', 'tiny')
    for (const name of CLIENTS) {
      await dialog.getByRole('tab', { name, exact: true }).click()
      expect(await linesOf(name)).toMatch(/\btiny\b/)
      expect(await linesOf(name)).not.toMatch(/\balpha\b/)
    }
    await dialog.getByRole('button', { name: 'Done, I have it' }).click()
  })

  test('and where none of them is there, says so', async () => {
    await make('nothing', 'elsewhere:8b')
    await dialog.getByText('No model to talk to that this key may use is known now.').waitFor()
    expect(await linesOf('curl')).toContain('elsewhere:8b')
    await dialog.getByRole('button', { name: 'Done, I have it' }).click()
  })

  test('has such lines after a rotation too', async () => {
    await page.getByRole('button', { name: /Actions for narrow/ }).click()
    await page.getByRole('menuitem', { name: 'Rotate' }).click()
    await dialog.getByRole('button', { name: 'Rotate the key' }).click()
    await dialog.getByRole('tabpanel', { name: 'curl' }).waitFor()
    expect(await linesOf('curl')).toMatch(/\btiny\b/)
  })

  test('and on a phone every tab is in view, those of a new tunnel too', async () => {
    await page.setViewportSize(PHONE)
    for (const tab of await dialog.getByRole('tab').all()) expect(await isInView(tab)).toBe(true)
    await dialog.getByRole('button', { name: 'Done, I have it' }).click()
    await page.goto(`${gateway.url}/ui/tunnels`)
    await page.getByRole('button', { name: 'New tunnel' }).first().click()
    const second = dialog.getByRole('tab', { name: 'A server without a browser' })
    await second.waitFor()
    expect(await isInView(second)).toBe(true)
  })

  async function make(name: string, models: string): Promise<void> {
    await page.getByRole('button', { name: 'New key' }).first().click()
    await dialog.getByLabel('Name').fill(name)
    await dialog.getByLabel('Models', { exact: true }).fill(models)
    await dialog.getByRole('button', { name: 'Make the key' }).click()
    await dialog.getByRole('tab', { name: 'curl' }).waitFor()
  }

  const linesOf = (client: string) => dialog.getByRole('tabpanel', { name: client }).innerText()

  /** Whether all of its text is, between the edges of the window. */
  async function isInView(tab: Locator): Promise<boolean> {
    const { x = -1, width = PHONE.width } = (await tab.boundingBox()) ?? {}
    return x >= 0 && x + width <= PHONE.width
  }
})
