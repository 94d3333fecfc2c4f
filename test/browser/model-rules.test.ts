import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settled } from '../proxy/turns.ts'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { LOCAL } from '../support/key-actors.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { watchConsole } from './screens.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()
const PHONE = { width: 390, height: 844 }

describe.skipIf(chromium === undefined)('what is said of a model', () => {
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let browser: Browser
  let page: Page
  let dialog: Locator
  let row: Locator
  let faults: readonly string[]

  beforeAll(async () => {
    upstream = await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest', 'other:latest'] })
    const config = { models: [{ match: 't*', defaults: { top_k: 40 } }], aliases: [{ name: 'set', model: 'tiny' }] }
    gateway = await startTestGateway({ upstreams: [upstream.origin], config, translates: true })
    browser = await startBrowser(chromium ?? '')
    page = await browser.newPage({ reducedMotion: 'reduce', viewport: PHONE })
    faults = watchConsole(page)
    dialog = page.getByRole('dialog')
    await setUp(page, await gateway.parts.setup.issue(gateway.url))
    await page.goto(`${gateway.url}/ui/models`)
    row = page.getByRole('row').filter({ hasText: 'tiny' })
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.close()
  })

  test('stands at its name, and nothing at another', async () => {
    await row.getByText('also set').waitFor()
    await row.getByText('top_k 40').waitFor()
    expect(await page.getByRole('row').filter({ hasText: 'other' }).textContent()).not.toContain('top_k')
  })

  test('is changed in a dialog that a phone shows whole', async () => {
    await open('Defaults')
    await dialog.getByText('t* (configuration): top_k 40').waitFor()
    await dialog.getByLabel('Context, tokens').fill('32768')
    await dialog.getByLabel('Thinking').selectOption('off')
    await dialog.getByLabel('Put into another API').selectOption('native')
    await dialog.getByText('More', { exact: true }).click()
    await dialog.getByLabel('top_p').fill('0.9')
    await dialog.getByLabel('Thinking').scrollIntoViewIfNeeded()
    const save = await dialog.getByRole('button', { name: 'Save' }).boundingBox()
    expect((save?.y ?? Infinity) + (save?.height ?? 0)).toBeLessThanOrEqual(PHONE.height)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width)
    for (const field of await dialog.locator('input, select').all()) {
      const box = await field.boundingBox()
      if (box !== null) expect(box.x + box.width).toBeLessThanOrEqual(PHONE.width)
    }
    await dialog.getByRole('button', { name: 'Save' }).click()
    await row.getByText('top_k 40, num_ctx 32768, think off, top_p 0.9, translate native').waitFor()
    const own = { id: 'x', label: 'x', orgId: 'default' }
    expect(gateway.parts.state.modelRules.ruleOf(own, 'tiny:latest')).toEqual({
      translate: 'native',
      defaults: { num_ctx: 32_768, top_p: 0.9, top_k: 40, think: false },
    })
  })

  test('is refused at the field at fault', async () => {
    await open('Defaults')
    expect(await dialog.getByLabel('Context, tokens').inputValue()).toBe('32768')
    await dialog.getByLabel('Stays loaded for').fill('a while')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('This must be a duration in ms, s, m or h').waitFor()
    await dialog.getByLabel('Stays loaded for').fill('')
    await dialog.getByLabel('Context, tokens').fill('12')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('This must be at least 256').waitFor()
    expect(await dialog.getByLabel('Context, tokens').inputValue()).toBe('12')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
  })

  test('is gone when all its fields are empty', async () => {
    await open('Defaults')
    await dialog.getByLabel('Context, tokens').fill('')
    await dialog.getByLabel('Thinking').selectOption('')
    await dialog.getByLabel('Put into another API').selectOption('')
    await dialog.getByText('More', { exact: true }).click()
    await dialog.getByLabel('top_p').fill('')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(gateway.parts.state.modelRules.orgIds).toEqual([])
  })

  test('are other names too, which are added and removed one by one', async () => {
    await open('Aliases')
    await dialog.getByLabel('Another name').fill('claude-*')
    await dialog.getByRole('button', { name: 'Add the alias' }).click()
    await dialog.getByRole('button', { name: 'Remove claude-*' }).waitFor()
    expect(await dialog.getByRole('list').textContent()).toBe('claude-*setConfiguration')
    expect(gateway.parts.state.modelRules.modelOf('default', 'claude-9:latest')).toBe('tiny:latest')
    await dialog.getByRole('button', { name: 'Remove claude-*' }).click()
    await dialog.getByRole('button', { name: 'Remove claude-*' }).waitFor({ state: 'detached' })
    expect(gateway.parts.state.modelRules.orgIds).toEqual([])
    await dialog.getByRole('button', { name: 'Done' }).click()
    // The browser's own line about what was refused before.
    expect(faults.filter((text) => !text.includes('status of 400'))).toEqual([])
  })

  test('leaves a tag at the requests that it had translated', async () => {
    const own = { match: 'tiny', upstream: undefined, version: undefined, translate: 'native', defaults: {} } as const
    await gateway.parts.state.modelRuleService.putRule(LOCAL, own)
    const headers = { authorization: `Bearer ${await gateway.key()}` }
    const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'Hello!' }] })
    for (const path of ['/v1/chat/completions', '/api/chat']) {
      const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers, body })
      await response.text()
    }
    await settled(gateway)
    expect((await gateway.rows()).map(({ translated }) => translated)).toEqual(['ollama-chat', null])
    await page.goto(`${gateway.url}/ui/requests`)
    await page.getByRole('row').nth(2).waitFor()
    await page.getByTitle('Put into another format: ollama').waitFor()
    expect(await page.getByTitle('Put into another format: ollama').count()).toBe(1)
  })

  async function open(action: string): Promise<void> {
    await page.getByRole('button', { name: 'Actions for tiny' }).click()
    await page.getByRole('menuitem', { name: action }).click()
    await dialog.waitFor()
  }
})
