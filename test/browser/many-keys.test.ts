import { pino } from 'pino'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/core/clock.ts'
import { openState } from '../../src/gateway/serve/state.ts'
import { KeyWriter } from '../../src/gateway/store/key-writer.ts'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { recordedChange } from '../support/store.ts'
import { newKey } from '../support/stored-keys.ts'
import { Visitor } from '../support/visitor.ts'
import { fillHouse } from './house.ts'
import { settled, watchConsole } from './screens.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()
const KEYS = 1_500
/** Those of them whose names begin with `key 1`. */
const KEYS_OF_1 = 500
const HEAD_ROWS = 1
/** The keys of the house that are not revoked. */
const HOUSE_KEYS = 2

describe.skipIf(chromium === undefined)('an org of many keys', () => {
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let browser: Browser
  let page: Page
  let ada: Visitor
  let faults: readonly string[]
  /** What the dashboard has asked the control API for, but for the times of sums. */
  const asked: string[] = []
  /** The questions of an overview. */
  let costOfFewKeys: ReadonlySet<string>

  beforeAll(async () => {
    upstream = await startScriptedUpstream({ server: 'ollama' })
    gateway = await startTestGateway({ upstreams: [upstream.origin] })
    browser = await startBrowser(chromium ?? '')
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    faults = watchConsole(page)
    await setUp(page, await gateway.parts.setup.issue(gateway.url))
    await fillHouse(gateway)
  })
  beforeAll(async () => {
    ada = new Visitor(gateway.url)
    const body = { email: 'ada@example.org', password: 'a bridge of long words' }
    await ada.send('POST', '/control/auth/sign-in/email', { body })
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url())
      searchParams.delete('since')
      if (pathname.startsWith('/control/')) asked.push(`${request.method()} ${pathname}?${searchParams}`)
    })
    await openOverview(HOUSE_KEYS)
    costOfFewKeys = new Set(asked)
  })
  beforeAll(async () => await addKeys(gateway.home))
  beforeEach(() => {
    asked.length = 0
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.close()
  })

  const listed = () => asked.filter((line) => line.startsWith('GET /control/v1/keys?'))
  async function openOverview(keys: number): Promise<void> {
    await page.goto(`${gateway.url}/ui/`)
    await page.getByRole('link', { name: `${keys.toLocaleString('en')} keys` }).waitFor()
    await page.getByRole('heading', { name: 'Lately' }).waitFor()
    await settled(page)
  }

  test('has an overview that asks for what it asks for in any org, also when a key is made', async () => {
    await openOverview(KEYS + HOUSE_KEYS)
    expect(new Set(asked)).toEqual(costOfFewKeys)
    expect(listed()).toEqual([])
    asked.length = 0
    await ada.do('createKey', { body: { name: 'one more' } })
    await page.getByRole('link', { name: `${(KEYS + HOUSE_KEYS + 1).toLocaleString('en')} keys` }).waitFor()
    // What else happens in a gateway may be looked at again, and never more than that.
    expect(asked.filter((line) => !costOfFewKeys.has(line))).toEqual([])
    expect(asked).toContain('GET /control/v1/health?')
  })

  test('shows the newest first, and the rest a page at a time', async () => {
    await page.goto(`${gateway.url}/ui/keys`)
    const rows = page.getByRole('table', { name: 'Keys', exact: true }).getByRole('row')
    await rows.getByText('one more').waitFor()
    expect(await rows.nth(1).textContent()).toContain('one more')
    expect(listed()).toHaveLength(1)
    const count = await rows.count()
    await page.getByRole('button', { name: 'Show more' }).click()
    await rows.nth(count).waitFor()
    expect(listed()[1]).toContain('cursor=')
  })

  test('shows every page of a list, down to its oldest key', async () => {
    await page.getByLabel('Find a key').fill('key 1')
    const rows = page.getByRole('table', { name: 'Keys', exact: true }).getByRole('row')
    // Until those that are not looked for are gone it is the list from before, which has some of them too.
    await page.getByRole('rowheader', { name: /one more/ }).waitFor({ state: 'detached' })
    await page.getByRole('rowheader', { name: /key 1499/ }).waitFor()
    const more = page.getByRole('button', { name: 'Show more' })
    let read = (await rows.count()) - HEAD_ROWS
    while (read < KEYS_OF_1) {
      // A click that was taken while the page still moved may show only by what it has brought.
      await more.click({ timeout: 10_000 }).catch(() => {})
      await rows.nth(HEAD_ROWS + read).waitFor()
      read = (await rows.count()) - HEAD_ROWS
    }
    expect(read).toBe(KEYS_OF_1)
    expect(await rows.last().textContent()).toContain('key 1000')
    await more.waitFor({ state: 'detached' })
    await page.getByLabel('Find a key').fill('')
    await page.getByRole('rowheader', { name: /one more/ }).waitFor()
  })

  test('finds the oldest by its name', async () => {
    await page.getByLabel('Find a key').fill('KEY 0000')
    await page.getByRole('rowheader', { name: /key 0000/ }).waitFor()
    expect(await page.getByRole('table', { name: 'Keys', exact: true }).getByRole('row').count()).toBe(2)
    await page.getByLabel('Find a key').fill('')
    await page.getByRole('rowheader', { name: /one more/ }).waitFor()
  })

  test('follows a key that somebody else changes by asking for that one', async () => {
    const row = page.getByRole('rowheader', { name: /another name/ })
    await ada.do('changeKey', { params: { key: 'one more' }, body: { version: 1, name: 'another name' } })
    await row.waitFor()
    await ada.do('revokeKey', { params: { key: 'another name' } })
    await row.waitFor({ state: 'detached' })
    expect(listed()).toEqual([])
    expect(asked.filter((line) => line.startsWith('GET /control/v1/keys/'))).toHaveLength(2)
    await page.getByText('Revoked', { exact: true }).click()
    await row.waitFor()
  })

  test('narrows requests to a key that is looked for', async () => {
    await page.goto(`${gateway.url}/ui/requests`, { waitUntil: 'commit' })
    // What the page before still asked for is not this one's, which has not begun yet.
    asked.length = 0
    await page.getByRole('button', { name: 'More filters' }).click()
    await page.getByRole('combobox', { name: 'Key' }).fill('claude')
    const offer = page.locator('datalist option[value="claude-code"]')
    await offer.waitFor({ state: 'attached' })
    await page.getByRole('combobox', { name: 'Key' }).fill('claude-code')
    await page.waitForURL(/key=/)
    await page
      .getByRole('row', { name: /claude-code/ })
      .first()
      .waitFor()
    for (const line of listed()) expect(line).toContain('limit=20')
    expect(faults).toEqual([])
  })
})

/** As another process with the same state folder does. */
async function addKeys(home: string): Promise<void> {
  const config = loadConfig({ home, env: {}, flags: {} })
  await using state = await openState({ home, config, clock: systemClock, log: pino({ level: 'silent' }) })
  await recordedChange(state.store, async (change) => {
    const keys = new KeyWriter(change)
    for (let index = 0; index < KEYS; index++) {
      const name = `key ${String(index).padStart(4, '0')}`
      // From before the house: the newest is one that is made later.
      await keys.insert(newKey(`many${index}`, { name, created_at: index + 1 }), `${index}`)
    }
  })
}
