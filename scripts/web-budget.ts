import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const LIMIT_BYTES = 200_000
/** What a browser loads before it can show each of these. */
const FIRST_LOADS: Readonly<Record<string, readonly string[]>> = {
  'sign-in': ['index.html', 'src/entry-frame.tsx', 'src/pages/sign-in.tsx'],
  overview: ['index.html', 'src/shell.tsx', 'src/pages/overview.tsx'],
}

interface Chunk {
  readonly file: string
  readonly css?: readonly string[]
  readonly assets?: readonly string[]
  readonly imports?: readonly string[]
}

type Manifest = Readonly<Record<string, Chunk>>

/** Prints what a browser loads first of a built dashboard. @throws Error when one of these loads is over its limit */
export async function checkWebBudget(folder: string): Promise<void> {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, '.vite/manifest.json'), 'utf8'))
  for (const [name, entries] of Object.entries(FIRST_LOADS)) {
    const files = new Set(['index.html'])
    for (const entry of entries) collect(manifest, entry, files)
    const perKind: Record<string, number> = {}
    for (const file of files) {
      const kind = file.slice(file.lastIndexOf('.') + 1)
      const bytes = gzipSync(await readFile(join(folder, file)), { level: 9 }).length
      perKind[kind] = (perKind[kind] ?? 0) + bytes
    }
    const sum = Object.values(perKind).reduce((a, b) => a + b, 0)
    const parts = Object.entries(perKind).map(([kind, bytes]) => `${kind} ${inKb(bytes)}`)
    console.log(`first load of ${name}, gzipped: ${parts.join(', ')}; in sum ${inKb(sum)} of ${inKb(LIMIT_BYTES)}`)
    if (sum > LIMIT_BYTES) {
      throw new Error(`The first load of ${name} is too large. Load what it does not need at once with its own page.`)
    }
  }
}

function collect(manifest: Manifest, name: string, files: Set<string>): void {
  const chunk = manifest[name]
  if (chunk === undefined) throw new Error(`The build has no ${name}.`)
  if (files.has(chunk.file)) return
  for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file)
  for (const imported of chunk.imports ?? []) collect(manifest, imported, files)
}

function inKb(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} KB`
}
