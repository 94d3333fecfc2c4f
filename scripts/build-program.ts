import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bundle, CHUNKS_FOLDER, loadedWith, packagesIn, ROLE_ENTRIES, SDK_ENTRIES } from './bundle.ts'
import { declarationsOf } from './declarations.ts'
import { licensesOf } from './licenses.ts'

/** A process that began before a build may still load chunks of the one before: they stay this long. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000
const PROGRAM = 'cli/main.js'
const EXECUTABLE = 0o755

/** What a role's bundle is: how many bytes are loaded with it, and of which packages. */
export interface RoleFacts {
  readonly bytes: number
  readonly packages: Readonly<Record<string, number>>
}

/** What a build says of itself, in `dist/build.json`. */
export interface BuildFacts {
  readonly roles: Readonly<Record<string, RoleFacts>>
}

/**
 * Builds the program and the SDK into `dist/cli`, `dist/sdk` and `dist/chunks`. Programs of earlier builds that run go on: a chunk's name holds a
 * hash of what is in it, the file that names them all is put in place last, and those of earlier builds stay for a week.
 * @param options.keepsOld false: chunks of earlier builds go at once, for a folder that is to be packed
 */
export async function buildProgram(
  root: string,
  dist: string,
  { keepsOld }: { readonly keepsOld: boolean },
): Promise<BuildFacts> {
  const chunks = await bundle(root)
  const isEntry = ({ fileName }: { readonly fileName: string }) => !fileName.startsWith(`${CHUNKS_FOLDER}/`)
  for (const chunk of chunks.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    const path = join(dist, chunk.fileName)
    if (!isEntry(chunk) && (await isThere(path))) continue
    await writeWhole(path, chunk.code)
    if (chunk.fileName === PROGRAM) await chmod(path, EXECUTABLE)
  }
  for (const [name, text] of declarationsOf(join(root, 'src/sdk'), Object.keys(SDK_ENTRIES))) {
    await writeWhole(join(dist, 'sdk', name), text)
  }
  await writeWhole(join(dist, 'licenses.txt'), licensesOf(packagesIn(chunks)))
  await removeOld(join(dist, CHUNKS_FOLDER), new Set(chunks.map(({ fileName }) => fileName)), keepsOld ? KEPT_MS : 0)
  return {
    roles: Object.fromEntries(
      Object.entries(ROLE_ENTRIES).map(([role, file]) => {
        const loaded = loadedWith(chunks, file)
        const packages = [...packagesIn(loaded)].map(([name, { size }]) => [name, size] as const)
        return [
          role,
          {
            bytes: loaded.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0),
            packages: Object.fromEntries(packages.sort(([, a], [, b]) => b - a)),
          },
        ]
      }),
    ),
  }
}

/** The age of a chunk counts from when it was replaced: one that is current is touched by each build. */
async function removeOld(folder: string, current: ReadonlySet<string>, keptMs: number): Promise<void> {
  const now = new Date()
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (current.has(`${CHUNKS_FOLDER}/${name}`)) await utimes(path, now, now)
    else if (now.getTime() - (await stat(path)).mtimeMs >= keptMs) await rm(path)
  }
}

/** Whoever reads it at the same time finds all of it, or what was there before. */
async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const next = `${path}.${process.pid}`
  await writeFile(next, text)
  await rename(next, path)
}

async function isThere(path: string): Promise<boolean> {
  return await readFile(path).then(
    () => true,
    () => false,
  )
}
