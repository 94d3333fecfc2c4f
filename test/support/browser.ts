import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where Debian and others put it; `PUNKU_TEST_CHROMIUM` says otherwise. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const

/**
 * The Chromium for the browser tests, or `undefined` and one loud line where there is none. Under CI it throws instead:
 * there they are required. For `describe.skipIf(chromiumPath === undefined)`.
 */
export function chromiumOrSkip(): string | undefined {
  const given = process.env['PUNKU_TEST_CHROMIUM']
  const path = given ?? PLACES.find((place) => existsSync(place))
  if (path !== undefined) return path
  const hint = 'no Chromium was found: install it, or set PUNKU_TEST_CHROMIUM to the path of one.'
  if (process.env['CI'] !== undefined) throw new Error(`The browser tests cannot run: ${hint}`)
  process.stderr.write(`SKIPPED: the browser tests: ${hint}\n`)
  return undefined
}

/** For what never comes to be in a page: less than the limit of a test, which would not say what was waited for. */
const HANG_MS = 100_000

/**
 * Starts a Chromium without a window; whoever started it closes it. It does not outlive this process: it ends with the
 * pipe by which it is steered.
 */
export async function startBrowser(path: string): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-dev-shm-usage']
  const browser = await chromium.launch({ executablePath: path, args, timeout: HANG_MS })
  const newContext = browser.newContext.bind(browser)
  browser.newContext = async (options) => {
    const context = await newContext(options)
    context.setDefaultTimeout(HANG_MS)
    return context
  }
  return browser
}
