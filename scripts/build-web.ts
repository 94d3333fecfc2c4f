import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'
import { checkWebBudget } from './web-budget.ts'
import { compressWeb } from './web-compress.ts'

/** Builds the dashboard beside `dist/web` and puts it there when it is whole: a gateway that starts meanwhile has the old one. */
export async function buildWeb(root: string, dist: string): Promise<void> {
  const [folder, next, last] = ['web', `web.${process.pid}.next`, `web.${process.pid}.last`].map((name) =>
    join(dist, name),
  ) as [string, string, string]
  try {
    await build({ root: join(root, 'web'), logLevel: 'warn', build: { outDir: next } })
    await compressWeb(next)
    await checkWebBudget(next)
    await rename(folder, last).catch(() => undefined)
    await rename(next, folder)
  } finally {
    await rm(next, { recursive: true, force: true })
    await rm(last, { recursive: true, force: true })
  }
}
