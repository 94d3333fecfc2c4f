import { chmodSync, lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from '../core/wording.ts'
import type { Fix, HopFinding } from '../diagnosis/walk.ts'

/** A file of secrets, or its folder, that other users of this machine may open. */
interface OpenPath {
  readonly path: string
  /** What it should be. */
  readonly mode: number
}

/** Whether what a state folder keeps secret is this user's alone; the fix closes it, and changes nothing in it. */
export function lookAtSecrets(home: string, platform: NodeJS.Platform): HopFinding {
  if (platform === 'win32') return { state: 'skipped', said: 'Windows guards the folder by a list of its own.' }
  const open = openPaths(home)
  const [first, ...others] = open
  if (first === undefined) return { state: 'ok', said: `Nobody but this user reads ${join(home, 'secrets')}.` }
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return {
    state: 'broken',
    said: `Other users of this machine can read ${first.path}${more}. Secrets that others can read are refused at the next start.`,
    advice: `Close it: ${open.map(chmodLine).join(' && ')}. If somebody else may have read it, replace what is in it.`,
    fix: closing(open),
  }
}

function closing(open: readonly OpenPath[]): Fix {
  return {
    does: `Set the mode of ${open.map(({ path, mode }) => `${path} to ${mode.toString(8)}`).join(', of ')}`,
    async apply() {
      for (const { path, mode } of open) chmodSync(path, mode)
    },
  }
}

function chmodLine({ path, mode }: OpenPath): string {
  return `chmod ${mode.toString(8)} ${shellWord(path)}`
}

/** Files in a folder that only this user enters are open to nobody; they are named all the same, as the program refuses them. */
function openPaths(home: string): readonly OpenPath[] {
  const folder = join(home, 'secrets')
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isDirectory()) return []
  const inside = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  )
  return [folder, ...inside].flatMap((path) => {
    const at = lstatSync(path, { throwIfNoEntry: false })
    return at !== undefined && isOpen(at) ? [{ path, mode: at.isDirectory() ? 0o700 : 0o600 }] : []
  })
}

function isOpen(stats: Stats): boolean {
  return (stats.isFile() || stats.isDirectory()) && stats.uid === process.getuid?.() && (stats.mode & 0o077) !== 0
}
