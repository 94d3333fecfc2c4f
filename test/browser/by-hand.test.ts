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

  test('is in the dashboard', async () => {
    await tab.goto(gateway.url)
    await tab.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(new URL(tab.url()).pathname).toBe('/ui/sign-in')
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
