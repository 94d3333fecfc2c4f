import { join } from 'node:path'
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'
import { leanBuiltins } from './builtin-modules.ts'
import { workerFiles } from './worker-files.ts'

/** Where the chunks lie in `dist`. As deep as `cli/main.js`, and as files of `src`: `core/package-folder.ts` goes by it. */
export const CHUNKS_FOLDER = 'chunks'

/** The files by which a role, or the command line itself, is entered. */
export const ROLE_ENTRIES = {
  cli: 'src/cli/program.ts',
  agent: 'src/agent/connect.ts',
  client: 'src/client/reach-control.ts',
  gateway: 'src/gateway/serve/serve.ts',
} as const

/** What the package gives to programs: for Node, and for any runtime. By the names of `dist/sdk`, without `.js`. */
export const SDK_ENTRIES = {
  punku: 'src/sdk/punku.ts',
  'punku-web': 'src/sdk/punku-web.ts',
} as const

/** All of the package. */
const PACKAGE_ENTRIES: Readonly<Record<string, string>> = {
  'cli/main': 'src/cli/main.ts',
  ...Object.fromEntries(Object.entries(SDK_ENTRIES).map(([name, file]) => [`sdk/${name}`, file])),
}

/** Bundled packages by name; each with the folder it is in, and how many characters of it are in the bundle. */
export type PackageSizes = ReadonlyMap<string, { readonly folder: string; readonly size: number }>

/** Tried by `pg` and left out where it is missing, as it always is: it has to be compiled. */
const NEVER_THERE = ['pg-native']

/** What a package of the old kind has beside its main file, which asks for its parts in a way that no bundler follows. */
const MODULES = { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' }

/** V8 holds a source in half the memory where each of its characters fits into a byte. */
const narrowText: Plugin = {
  name: 'narrow-text',
  renderChunk: (code) =>
    code.replace(/[^\0-\u00ff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
}

/**
 * Bundles the program and the SDK, or the files that are named, with all packages they need; each lazily loaded file and each that
 * runs in a thread becomes a chunk of its own. Nothing is written.
 */
export async function bundle(root: string, entries?: Readonly<Record<string, string>>): Promise<OutputChunk[]> {
  const input = entries ?? PACKAGE_ENTRIES
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(input).map(([name, file]) => [name, join(root, file)])),
    platform: 'node',
    tsconfig: false,
    external: NEVER_THERE,
    resolve: { alias: MODULES },
    plugins: [leanBuiltins((importer) => importer.endsWith('/src/cli/main.ts')), workerFiles, narrowText],
    logLevel: 'warn',
  })
  // Not minified: a fault of ours should show where it came from.
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: `${CHUNKS_FOLDER}/[name]-[hash].js`,
    comments: { legal: true, annotation: false, jsdoc: false },
  })
  await build.close()
  return output.filter((file) => file.type === 'chunk')
}

/** What is loaded with a file of the program: its own chunk, and those that this one cannot do without. */
export function loadedWith(chunks: readonly OutputChunk[], file: string): readonly OutputChunk[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const loaded = new Set<OutputChunk>()
  const add = (chunk: OutputChunk | undefined): void => {
    if (chunk === undefined || loaded.has(chunk)) return
    loaded.add(chunk)
    for (const name of chunk.imports) add(byName.get(name))
  }
  add(chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(`/${file}`))))
  return [...loaded]
}

/** The packages in these chunks. */
export function packagesIn(chunks: readonly OutputChunk[]): PackageSizes {
  const packages = new Map<string, { folder: string; size: number }>()
  for (const { modules } of chunks) {
    for (const [id, { renderedLength }] of Object.entries(modules)) {
      const [, folder, name] = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id) ?? []
      if (folder === undefined || name === undefined || renderedLength === 0) continue
      const known = packages.get(name)
      packages.set(name, { folder, size: (known?.size ?? 0) + renderedLength })
    }
  }
  return packages
}
