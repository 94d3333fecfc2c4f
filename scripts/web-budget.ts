import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const FOLDER = join(import.meta.dirname, '../dist/web')
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

const manifest: Record<string, Chunk> = JSON.parse(await readFile(join(FOLDER, '.vite/manifest.json'), 'utf8'))
const sizes = new Map<string, Promise<number>>()

for (const [name, entries] of Object.entries(FIRST_LOADS)) {
  const files = new Set(['index.html'])
  for (const entry of entries) collect(entry, files)
  const perKind: Record<string, number> = {}
  for (const file of files) {
    const kind = file.slice(file.lastIndexOf('.') + 1)
    perKind[kind] = (perKind[kind] ?? 0) + (await gzippedBytes(file))
  }
  const sum = Object.values(perKind).reduce((a, b) => a + b, 0)
  const parts = Object.entries(perKind).map(([kind, bytes]) => `${kind} ${inKb(bytes)}`)
  console.log(`first load of ${name}, gzipped: ${parts.join(', ')}; in sum ${inKb(sum)} of ${inKb(LIMIT_BYTES)}`)
  if (sum > LIMIT_BYTES) {
    console.error(`The first load of ${name} is too large. Load what it does not need at once with its own page.`)
    process.exitCode = 1
  }
}

function collect(name: string, files: Set<string>): void {
  const chunk = manifest[name]
  if (chunk === undefined) throw new Error(`The build has no ${name}.`)
  if (files.has(chunk.file)) return
  for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file)
  for (const imported of chunk.imports ?? []) collect(imported, files)
}

function gzippedBytes(file: string): Promise<number> {
  const known = sizes.get(file) ?? readFile(join(FOLDER, file)).then((bytes) => gzipSync(bytes, { level: 9 }).length)
  sizes.set(file, known)
  return known
}

function inKb(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} KB`
}
