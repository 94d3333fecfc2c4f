import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../config/environment.ts'
import { PACKAGE_FOLDER } from '../core/package-folder.ts'

const OTHERS_MAY_WRITE = 0o022

/**
 * Lets Node keep what it has compiled, so that the next command starts in less time. What is kept is run as code, and so
 * stands in a folder of this user that no other may write to; without one nothing is kept. Never throws.
 */
export function keepCompiled(env: Environment): void {
  // Whoever names a folder has it in use already.
  if (env['NODE_COMPILE_CACHE'] !== undefined || env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return
  const packageFolder = fileURLToPath(PACKAGE_FOLDER)
  const modules = join(packageFolder, 'node_modules')
  try {
    // In a checkout `npm ci` empties it.
    const folder =
      existsSync(modules) && isOwn(packageFolder) && isOwn(modules)
        ? join(modules, '.cache', 'punku')
        : join(cacheFolder(env), 'punku')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (isOwn(folder)) enableCompileCache(folder)
  } catch {
    // The folder cannot be made: the program starts as it does the first time.
  }
}

/** Where this platform's programs keep what can be made anew. */
function cacheFolder(env: Environment): string {
  const home = env['HOME'] || homedir()
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches')
  if (process.platform === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local')
  return env['XDG_CACHE_HOME']?.startsWith('/') ? env['XDG_CACHE_HOME'] : join(home, '.cache')
}

/** Whether it is a folder of this user that nobody else can write to. Windows has no such bits: there it is the user's place. */
export function isOwn(folder: string): boolean {
  const stats = lstatSync(folder)
  if (!stats.isDirectory()) return false
  return process.platform === 'win32' || (stats.uid === process.getuid?.() && (stats.mode & OTHERS_MAY_WRITE) === 0)
}
