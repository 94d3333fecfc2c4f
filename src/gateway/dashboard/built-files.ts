import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}
const ENCODINGS = { br: '.br', gzip: '.gz' } as const

/** One form of a file's bytes, under an ETag of its own: two forms are not the same bytes. */
export interface FileForm {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly etag: string
}

/** A file of the built dashboard, held in memory. */
export interface BuiltFile {
  readonly type: string
  readonly plain: FileForm
  /** As the build compressed it; undefined: it did not. */
  readonly br: FileForm | undefined
  readonly gzip: FileForm | undefined
}

/** What the build left: the page as a text, and every other file by its path in the folder, as in `assets/a-1b2c.js`. */
export interface BuiltDashboard {
  readonly page: string
  readonly files: ReadonlyMap<string, BuiltFile>
}

/** Reads a built dashboard. Resolves to undefined when the folder holds none. */
export async function readBuiltFiles(folder: string): Promise<BuiltDashboard | undefined> {
  const page = await readFile(join(folder, 'index.html'), 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined
    throw thrown
  })
  if (page === undefined) return undefined
  const names = new Set(await readdir(join(folder, 'assets'), { recursive: true }))
  const files = new Map<string, BuiltFile>()
  for (const name of names) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const form = async (suffix: string) =>
      suffix === '' || names.has(`${name}${suffix}`) ? readForm(join(folder, 'assets', `${name}${suffix}`)) : undefined
    const [plain, br, gzip] = await Promise.all(['', ENCODINGS.br, ENCODINGS.gzip].map(form))
    if (plain !== undefined) files.set(`assets/${name.replaceAll(sep, '/')}`, { type, plain, br, gzip })
  }
  return { page, files }
}

async function readForm(path: string): Promise<FileForm> {
  const bytes = new Uint8Array(await readFile(path))
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
}
