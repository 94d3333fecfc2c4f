import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { Screens, watchConsole } from './screens.ts'
import { fillNewcomer, setUp } from './set-up.ts'

const chromium = chromiumOrSkip()

describe.skipIf(chromium === undefined)('an invitation', () => {
  let gateway: TestGateway
  let browser: Browser

  beforeAll(async () => {
    gateway = await startTestGateway({ upstreams: [] })
    browser = await startBrowser(chromium ?? '')
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
  })

  test('brings a second person in, as what they were invited as', async () => {
    const screens = new Screens('invitation')
    const ada = await browser.newPage()
    await setUp(ada, await gateway.parts.setup.issue(gateway.url))
    await ada.getByRole('link', { name: 'People', exact: true }).click()
    await ada
      .getByRole('button', { name: /Invite somebody/ })
      .first()
      .click()
    await ada
      .getByRole('dialog')
      .getByRole('button', { name: /Make the (invitation|link)|Invite/ })
      .click()
    const link = (await ada.getByRole('status').filter({ hasText: '/ui/invitation#' }).textContent()) ?? ''
    await screens.keep(ada, 'link')

    // Another person, at another browser.
    const elsewhere = await browser.newContext()
    const charles = await elsewhere.newPage()
    const faults = watchConsole(charles)
    await charles.goto(link)
    await fillNewcomer(charles, 'Charles Babbage', 'charles@example.org')
    await screens.keep(charles, 'open')
    await charles.locator('button[type=submit]').click()
    await charles.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await charles.getByRole('link', { name: 'Keys', exact: true }).waitFor()
    expect(await charles.getByRole('link', { name: 'Audit', exact: true }).count()).toBe(0)
    await screens.keep(charles, 'member')
    expect(faults).toEqual([])

    await ada.reload()
    await ada.getByRole('row', { name: /Charles Babbage/ }).waitFor()
    // The link has been used up.
    const third = await (await browser.newContext()).newPage()
    await third.goto(link)
    await third.getByText(/opens nothing/).waitFor()
  })
})
