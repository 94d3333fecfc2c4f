import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { ClientTool } from './client-tool.ts'

/** A tool as it was found on this machine. */
export interface InstalledTool {
  /** The program, as PATH has it. */
  readonly path: string
  /** The same with all links followed. */
  readonly realPath: string
  /** What it says of itself; `undefined`: nothing that can be read. */
  readonly version: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Tools of hundreds of megabytes take seconds to say it for the first time. */
const VERSION_TIMEOUT_MS = 20_000
const MAX_OUTPUT_BYTES = 65_536
const VERSION = /(?<![\w.])v?(\d+\.\d+(?:\.\d+)?(?:\.\d+)?(?:-[0-9A-Za-z.-]+|(?:a|b|rc|\.dev)\d+)?)/

/** Looks for a tool in PATH and asks it for its version; `undefined`: it is not there. Never rejects. */
export async function findInstalled(tool: ClientTool, env: Environment): Promise<InstalledTool | undefined> {
  for (const program of tool.programs) {
    const path = await findProgram(program, env)
    if (path === undefined) continue
    return { path, realPath: await realpath(path).catch(() => path), version: await askVersion(path, env) }
  }
  return undefined
}

/** The file that a word starts, by PATH and, on Windows, PATHEXT; `undefined`: none. Relative entries are passed over. */
async function findProgram(
  program: string,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<string | undefined> {
  const isWindows = platform === 'win32'
  const endings = isWindows ? (env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').split(';') : ['']
  for (const folder of (env['PATH'] ?? env['Path'] ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue
    for (const ending of endings) {
      const path = join(folder, `${program}${ending}`)
      if (await isProgram(path, isWindows)) return path
    }
  }
  return undefined
}

/** The first version in what a program says of itself; `undefined`: there is none. */
export function versionIn(text: string): string | undefined {
  return VERSION.exec(text)?.[1]
}

async function isProgram(path: string, isWindows: boolean): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false
    if (!isWindows) await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function askVersion(path: string, env: Environment): Promise<string | undefined> {
  // Batch files, which npm makes on Windows, are run by a shell alone; the path has no other words in it.
  const isBatch = /\.(bat|cmd)$/i.test(path)
  return await new Promise((resolve) => {
    const child = execFile(
      isBatch ? `"${path}"` : path,
      ['--version'],
      {
        env: { ...env },
        timeout: VERSION_TIMEOUT_MS,
        maxBuffer: MAX_OUTPUT_BYTES,
        killSignal: 'SIGKILL',
        shell: isBatch,
      },
      (_error, stdout, stderr) => resolve(versionIn(stdout) ?? versionIn(stderr)),
    )
    child.stdin?.on('error', () => {}).end()
  })
}
