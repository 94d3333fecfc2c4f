import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

/** Where screenshots go: `npm run screenshots` keeps those of the docs, any other run takes none. */
const FOLDER = process.env['PUNKU_SCREENSHOTS']

/** The screens of one story, numbered in their order. */
export class Screens {
  readonly #folder: string | undefined
  readonly #startedAtMs = performance.now()
  #count = 0

  constructor(story: string) {
    if (FOLDER === undefined) return
    this.#folder = join(FOLDER, story)
    mkdirSync(this.#folder, { recursive: true })
  }

  /** Since the story began. */
  get seconds(): number {
    return (performance.now() - this.#startedAtMs) / 1_000
  }

  /** Keeps what the page shows, once nothing moves any more. */
  async keep(page: Page, name: string, { isWhole = false } = {}): Promise<void> {
    this.#count += 1
    await settled(page)
    if (this.#folder === undefined) return
    const file = `${String(this.#count).padStart(2, '0')}-${name}.png`
    await page.screenshot({ path: join(this.#folder, file), fullPage: isWhole, animations: 'disabled' })
  }
}

/** Resolves when the page shows what it asked for. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('load')
  await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' })
}

/**
 * What a page must never say to its console: errors, and what its policy has stopped. The browser's own line about an
 * answer that refuses is none: the page asks whether somebody is signed in, and the answer may be no.
 */
export function watchConsole(page: Page): readonly string[] {
  const faults: string[] = []
  page.on('console', (message) => {
    const isFault = message.type() === 'error' || /content.security.policy/i.test(message.text())
    if (isFault && !/status of 40[1349]/.test(message.text())) faults.push(message.text())
  })
  page.on('pageerror', (error) => faults.push(error.message))
  return faults
}
