import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { posix, win32 } from 'node:path'
import type { Environment } from '../../config/environment.ts'

/** What to start: a program, and the arguments that come before all others. */
export interface FoundProgram {
  readonly file: string
  readonly args: readonly string[]
}

/** Whether there is a file that this user may start, and its text where it is a script. Tests of another platform pass their own. */
export interface ProgramFiles {
  readonly isProgram: (path: string) => boolean
  readonly textOf: (path: string) => string
}

const realFiles: ProgramFiles = {
  isProgram(path) {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  },
  textOf: (path) => readFileSync(path, 'latin1'),
}

/**
 * Finds a program as a shell does: by its path, or in the folders of `PATH`. On Windows endings are tried as `PATHEXT` has
 * them, and what npm puts there in a program's place, a script for `cmd`, is read for what it starts: a script would take
 * the arguments as commands. `undefined`: there is none, or a script that is none of npm's.
 */
export function findProgram(
  name: string,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  files: ProgramFiles = realFiles,
): FoundProgram | undefined {
  const { delimiter, join } = platform === 'win32' ? win32 : posix
  const isPath = platform === 'win32' ? /[\\/]/.test(name) : name.includes('/')
  const pathVariable = Object.entries(env).find(([key]) => (platform === 'win32' ? key.toUpperCase() : key) === 'PATH')
  const folders = isPath ? [''] : (pathVariable?.[1] ?? '').split(delimiter).filter((folder) => folder !== '')
  const endings = platform === 'win32' ? endingsFor(name, env) : ['']
  for (const folder of folders) {
    for (const ending of endings) {
      const file = (folder === '' ? name : join(folder, name)) + ending
      if (!files.isProgram(file)) continue
      if (platform !== 'win32' || !/\.(cmd|bat)$/i.test(file)) return { file, args: [] }
      const behind = behindShim(file, files)
      if (behind !== undefined) return behind
    }
  }
  return undefined
}

function endingsFor(name: string, env: Environment): readonly string[] {
  const known = (env['PATHEXT'] || '.COM;.EXE;.BAT;.CMD').split(';').filter((ending) => ending !== '')
  return known.some((ending) => name.toUpperCase().endsWith(ending.toUpperCase())) ? [''] : known
}

/** What npm's script starts: `"%dp0%\node_modules\tool\cli.js" %*`, by Node, or a program of its own. */
function behindShim(shim: string, files: ProgramFiles): FoundProgram | undefined {
  const [, target] = /"%(?:~?dp0|dp0)%?\\([^"%]+\.(?:[cm]?js|exe))"\s+%\*/i.exec(files.textOf(shim)) ?? []
  if (target === undefined) return undefined
  const file = win32.join(win32.dirname(shim), target)
  return /\.exe$/i.test(file) ? { file, args: [] } : { file: process.execPath, args: [file] }
}
