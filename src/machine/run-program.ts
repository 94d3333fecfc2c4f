import { execFile } from 'node:child_process'
import { delimiter } from 'node:path'
import type { Environment } from '../config/environment.ts'

const TIMEOUT_MS = 5_000
const MAX_OUTPUT_BYTES = 4_194_304

/** Where systems keep programs for their administrators, which are not in everybody's PATH. */
const ADMIN_FOLDERS = ['/usr/sbin', '/sbin', '/usr/libexec/ApplicationFirewall']

/** How a program of the system has ended. */
export interface ProgramEnd {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of the system to its end; `undefined`: it is not there, or was not done in time. Never rejects. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<ProgramEnd | undefined>

/** The folders in which programs are looked for: those of PATH, then the administrator's. */
export function programFolders(env: Environment): readonly string[] {
  return [...(env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...ADMIN_FOLDERS]
}

/**
 * Runs the programs of these folders, in English, with nothing else of the environment: there may be secrets in it.
 * @param timeoutMs after which one is ended. Default: 5 s
 */
export function programRunner(folders: readonly string[], timeoutMs = TIMEOUT_MS): RunProgram {
  const env = { PATH: folders.join(delimiter), LC_ALL: 'C', SystemRoot: process.env['SystemRoot'] }
  // What ignores a gentler signal would be waited for without end.
  const options = {
    env,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT_BYTES,
    windowsHide: true,
  } as const
  return (program, args) =>
    new Promise((resolve) => {
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : error.code
        resolve(typeof status === 'number' ? { status, stdout, stderr } : undefined)
      })
      // What it has started and left behind may hold its pipes open.
      child.once('exit', (_code, signal) => {
        if (signal === 'SIGKILL') resolve(undefined)
      })
    })
}
