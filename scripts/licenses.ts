import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PackageSizes } from './bundle.ts'

interface PackageFacts {
  readonly version: string
  readonly license?: string
}

/** The licences of bundled packages as one text, each with the notices its own folder holds. */
export function licensesOf(packages: PackageSizes): string {
  const parts = [...packages]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { folder }]) => licenseOf(name, folder))
  return `Punku's program holds parts of these packages.\n\n${parts.join('\n')}`
}

function licenseOf(name: string, folder: string): string {
  const { version, license }: PackageFacts = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const title = `${name} ${version} (${license ?? 'see below'})`
  return `${title}\n${'-'.repeat(title.length)}\n${texts.join('\n\n')}\n`
}
