import { spawn } from 'node:child_process'
import type { Environment } from '../../config/environment.ts'
import type { ClientTool } from './client-tool.ts'
import { type FoundProgram, findProgram } from './find-program.ts'

/** Some need seconds on a busy machine until they know who they are. */
const ANSWER_LIMIT_MS = 20_000
const MAX_OUTPUT_BYTES = 65_536
/** How long after its end the pipes of a program are waited for. */
const LEFT_BEHIND_MS = 1_000

/** A tool as it is on this machine. */
export interface InstalledTool {
  /** The program's file. */
  readonly file: string
  /** As it says it itself: `1.2.3` or `1.2.3-rc.1`; `undefined`: it does not say, or failed as it was asked. */
  readonly version: string | undefined
}

/**
 * The tool as the shell would start it, and the version that it says; `undefined`: it is not in `PATH`. One that does not
 * answer in 20 s is ended.
 */
export async function findInstalled(
  tool: Pick<ClientTool, 'programs'>,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Promise<InstalledTool | undefined> {
  for (const name of tool.programs) {
    const program = findProgram(name, env, platform)
    if (program !== undefined) return { file: program.file, version: versionIn(await versionText(program, env)) }
  }
  return undefined
}

/** The first version of three numbers in a text, with what follows a hyphen; `undefined`: there is none. */
export function versionIn(text: string): string | undefined {
  return /(?<![\d.])\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*)?/.exec(text)?.[0]
}

/** What it writes when it is asked for its version; some write it as if it were an error. */
function versionText({ file, args }: FoundProgram, env: Environment): Promise<string> {
  return new Promise((resolve) => {
    const written: Buffer[] = []
    let bytes = 0
    const child = spawn(file, [...args, '--version'], {
      env: { ...env, NO_COLOR: '1', DISABLE_AUTOUPDATER: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: ANSWER_LIMIT_MS,
      killSignal: 'SIGKILL',
      windowsHide: true,
    })
    const end = () => {
      // What it has started and left behind may hold the pipes open.
      child.stdout.destroy()
      child.stderr.destroy()
      resolve(Buffer.concat(written).toString())
    }
    const take = (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= MAX_OUTPUT_BYTES) written.push(piece)
      else child.kill('SIGKILL')
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    // A crash names versions of other things.
    const fail = () => {
      written.length = 0
      end()
    }
    child.once('error', fail)
    // Without a code: it was ended from here, as it wrote on and on.
    const endBy = (code: number | null) => ((code ?? 0) === 0 ? end() : fail())
    child.once('close', endBy)
    // What it wrote may come later than its end; what it left behind may hold the pipes for ever.
    child.once('exit', (code) => setTimeout(endBy, LEFT_BEHIND_MS, code).unref())
  })
}
