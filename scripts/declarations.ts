import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isolatedDeclarationSync } from 'rolldown/experimental'

const OWN_FILE = /(\bfrom\s+["'])\.\/([\w-]+)\.ts(["'])/g

/**
 * The type declarations of files in one folder, and of all there that those name, as the texts of `.d.ts` files by their
 * names. Each is made from its source alone, which says the types of what it exports.
 * @throws TypeError for an export whose type is not said
 */
export function declarationsOf(folder: string, entries: readonly string[]): ReadonlyMap<string, string> {
  const made = new Map<string, string>()
  const waiting = [...entries]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (made.has(`${name}.d.ts`)) continue
    const path = join(folder, `${name}.ts`)
    const { code, errors } = isolatedDeclarationSync(path, readFileSync(path, 'utf8'))
    if (errors.length > 0) throw new TypeError(`${path}: ${errors.map(({ message }) => message).join(' ')}`)
    for (const [, , named = ''] of code.matchAll(OWN_FILE)) waiting.push(named)
    // The word is one for whoever writes a class, and none for a declaration of it.
    made.set(`${name}.d.ts`, code.replace(OWN_FILE, '$1./$2.js$3').replaceAll(/^(\s+)override /gm, '$1'))
  }
  return made
}
