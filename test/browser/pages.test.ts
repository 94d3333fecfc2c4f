import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumOrSkip, startBrowser } from '../support/browser.ts'
import { fullRequest } from '../support/chains.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { fillHouse } from './house.ts'
import { Screens, settled, watchConsole } from './screens.ts'
import { setUp } from './set-up.ts'

const chromium = chromiumOrSkip()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** WCAG AA; of what looks otherwise in the dark it is the contrast alone that may be at fault. */
const RULES = {
  light: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  dark: { type: 'rule', values: ['color-contrast'] },
} as const
/** What the docs have pictures of. */
const KEPT: ReadonlySet<string> = new Set(['desktop-light', 'phone-dark'])

const SIZES = [
  { size: 'desktop', viewport: { width: 1440, height: 900 } },
  { size: 'phone', viewport: { width: 390, height: 844 } },
] as const
const LOOKS = SIZES.flatMap(({ size, viewport }) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ size, viewport, colorScheme })),
)

/** Every page for those who are signed in, and the words that show that it is there. */
const PAGES = [
  ['overview', '/ui/', 'Overview'],
  ['models', '/ui/models', 'Models'],
  ['upstreams', '/ui/upstreams', 'Upstreams'],
  ['tunnels', '/ui/tunnels', 'Tunnels'],
  ['keys', '/ui/keys', 'Keys'],
  ['requests', '/ui/requests', 'Requests'],
  ['sessions', '/ui/sessions?compare=run_1%2Crun_2', 'Sessions'],
  ['session', '/ui/sessions/run_1', 'Session'],
  ['usage', '/ui/usage', 'Usage'],
  ['playground', '/ui/playground', 'Playground'],
  ['people', '/ui/people', 'People'],
  ['audit', '/ui/audit', 'Audit'],
  ['settings', '/ui/settings', 'Settings'],
  ['account', '/ui/account', 'Your account'],
  ['connect', '/connect', 'Pair an agent'],
  ['device', '/ui/device', 'Sign a command line in'],
] as const
const OUTSIDE = [
  ['sign-in', '/ui/sign-in'],
  ['invitation', '/ui/invitation#pi_000000000000_nothing'],
  ['reset', '/ui/reset#nothing'],
  ['nowhere', '/ui/nowhere'],
] as const

describe.skipIf(chromium === undefined)('every page', () => {
  let upstream: ScriptedUpstream
  let gateway: TestGateway
  let browser: Browser
  let storage: Awaited<ReturnType<BrowserContext['storageState']>>

  beforeAll(async () => {
    upstream = await startScriptedUpstream({ server: 'ollama' })
    gateway = await startTestGateway({ upstreams: [upstream.origin] })
    browser = await startBrowser(chromium ?? '')
    const context = await browser.newContext()
    await setUp(await context.newPage(), await gateway.parts.setup.issue(gateway.url))
    await fillHouse(gateway)
    storage = await context.storageState()
    await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.close()
  })

  describe.each(LOOKS)('$size, $colorScheme', ({ size, viewport, colorScheme }) => {
    const story = `${size}-${colorScheme}`
    const screens = KEPT.has(story) ? new Screens(`pages/${story}`) : undefined

    let inside: Visit
    let outside: Visit

    beforeAll(async () => {
      inside = await open({ viewport, colorScheme, storageState: storage })
      outside = await open({ viewport, colorScheme })
    })
    afterAll(async () => {
      await inside?.page.context().close()
      await outside?.page.context().close()
    })

    test.each(PAGES)('%s', async (name, path, heading) => {
      await look(inside, { name, path, heading })
    })

    test.each(OUTSIDE)('%s, signed out', async (name, path) => {
      await look(outside, { name, path, heading: undefined })
    })

    async function open(options: Parameters<Browser['newContext']>[0]): Promise<Visit> {
      const context = await browser.newContext({ ...options, reducedMotion: 'reduce' })
      const page = await context.newPage()
      return { page, faults: watchConsole(page) }
    }

    async function look(
      { page, faults }: Visit,
      { name, path, heading }: { readonly name: string; readonly path: string; readonly heading: string | undefined },
    ): Promise<void> {
      const isLoaded = page.url().startsWith(gateway.url) && heading !== undefined
      if (story === 'desktop-light' || !isLoaded) await page.goto(gateway.url + path)
      // As by its address, without loading all of the dashboard once more.
      else await page.evaluate(`history.pushState(null, '', '${path}'); dispatchEvent(new PopStateEvent('popstate'))`)
      await page.getByRole('heading', { level: 1, ...(heading !== undefined && { name: heading }) }).waitFor()
      await settled(page)
      await screens?.keep(page, name)
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 'sideways').toBeLessThanOrEqual(
        0,
      )
      if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axe)
      const { violations } = (await page.evaluate(
        `axe.run({ runOnly: ${JSON.stringify(RULES[colorScheme])}, resultTypes: ['violations'] })`,
      )) as { violations: readonly Violation[] }
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html.slice(0, 300)}`)).toEqual([])
      expect(faults).toEqual([])
    }
  })

  // Behind the pages, whose pictures show the house as it was filled.
  test('a request tells that it was translated, and nothing of it where it was not', async () => {
    await gateway.parts.state.requests.insertMany([
      fullRequest({ id: 'req_translated' }),
      fullRequest({ id: 'req_passed', translated: null }),
    ])
    const page = await browser.newPage({ storageState: storage })
    const faults = watchConsole(page)
    const facts = async (id: string) => {
      await page.goto(`${gateway.url}/ui/requests/${id}`)
      await page.getByRole('heading', { level: 2, name: 'Facts' }).waitFor()
      return await page.locator('.request-facts > div').allInnerTexts()
    }
    const shown = (await facts('req_translated')).filter((text) => text.startsWith('Translated'))
    expect(shown).toEqual([expect.stringMatching(/^Translated\s+to openai-chat$/)])
    expect((await facts('req_passed')).join('\n')).not.toContain('Translated')
    expect(faults).toEqual([])
    await page.context().close()
  })
})

/** A page, and what it has said to its console. */
interface Visit {
  readonly page: Page
  readonly faults: readonly string[]
}

interface Violation {
  readonly id: string
  readonly impact: string
  readonly help: string
  readonly nodes: readonly { readonly html: string }[]
}
