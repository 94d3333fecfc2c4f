import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a build says of itself: the last file that it writes. */
export const BUILD_FACTS = 'dist/build.json'
const FOLDERS = ['src', 'web', 'scripts']
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json']

/** A hash over all that a build is made of: two trees with the same one have the same build. Tests are left out. */
export function hashBuildInputs(root: string): string {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const hash = createHash('sha256')
  for (const path of [...inFolders.sort(), ...FILES.map((file) => join(root, file))]) {
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Whether the build in `dist` is whole and of what is here. */
export function isBuildOf(root: string, inputs: string = hashBuildInputs(root)): boolean {
  try {
    const facts = JSON.parse(readFileSync(join(root, BUILD_FACTS), 'utf8')) as { readonly inputs?: string }
    return facts.inputs === inputs
  } catch {
    return false
  }
}
