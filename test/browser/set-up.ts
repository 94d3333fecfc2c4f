import type { Page } from 'playwright-core'

/** Makes the first account in the browser, and waits for what it then sees. */
export async function setUp(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await fillNewcomer(page, 'Ada Lovelace', 'ada@example.org')
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
}

/** Fills the fields of a new account. */
export async function fillNewcomer(page: Page, name: string, email: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('E-mail address').fill(email)
  await page.locator('input[type=password]').fill('a bridge of long words')
}
