import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const chromium = chromiumOrSkip()

describe.skipIf(chromium === undefined)('who types the address of a gateway into a browser', () => {
  let gateway: TestGateway
  let browser: Browser
  let tab: Page

  beforeAll(async () => {
    gateway = await startTestGateway({ upstreams: [] })
    browser = await startBrowser(chromium ?? '')
    tab = await browser.newPage()
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
  })

  test('is in the dashboard, at what comes first there, also where its answers are slow', async () => {
    // Whether somebody is signed in is asked once more after a refusal: that must not lead elsewhere.
    let asked = 0
    const askedTwice = Promise.withResolvers<void>()
    tab.on('response', (response) => {
      if (response.url().endsWith('/control/v1/me') && ++asked === 2) askedTwice.resolve()
    })
    await tab.route('**/control/v1/entrance', async (route) => {
      await askedTwice.promise
      await route.continue()
    })
    await tab.goto(gateway.url)
    await tab.getByRole('heading', { name: 'Open the setup link' }).waitFor()
    await tab.waitForLoadState('networkidle')
    expect(new URL(tab.url()).pathname).toBe('/ui/setup')
    expect(await tab.getByRole('main').textContent()).toContain('./punku people setup')
  })

  test.each(['/v1', '/v1/', '/v1/models', '/api', '/api/', '/api/tags', '/anything'])(
    'and of %s, is told where the dashboard is, by what is no page of the gateway',
    async (path) => {
      const answer = await tab.goto(gateway.url + path)
      expect(answer?.status()).toBe(403)
      expect(await tab.textContent('body')).toContain('The dashboard is at /ui/.')
      expect(answer?.headers()).toMatchObject({
        'content-security-policy': "sandbox; default-src 'none'",
        'x-content-type-options': 'nosniff',
      })
      expect(await tab.evaluate('origin')).toBe('null')
    },
  )
})
