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

/** Starts a Chromium without a window; whoever started it closes it. */
export async function startBrowser(path: string): Promise<Browser> {
  return await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}
