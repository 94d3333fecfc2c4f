import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ensurePrivateFolder } from '../../config/home.ts'
import { createSecretFile } from '../../config/secret-file.ts'
import { isProcessAlive } from '../../system/lock-file.ts'
import type { PlannedFile } from './tool-plan.ts'

/** The files of one run, in a folder that this user alone can enter. Disposing it removes them. */
export interface RunFolder extends Disposable {
  readonly path: string
  write(files: readonly PlannedFile[]): void
}

/** Where the files of a run will stand, before its folder is made. */
export function runFolderPath(home: string, session: string): string {
  return join(runsFolder(home), `${hostMark()}.${process.pid}.${session}`)
}

/**
 * Makes the folder of a run in the state folder, which must stand (`ensureHome`), and removes those that runs of this
 * machine left behind when they were killed: keys are in them.
 */
export function openRunFolder(home: string, session: string): RunFolder {
  ensurePrivateFolder(runsFolder(home))
  sweep(home)
  const path = runFolderPath(home, session)
  ensurePrivateFolder(path)
  return {
    path,
    write(files) {
      for (const { name, text } of files) createSecretFile(join(path, name), text)
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

function sweep(home: string): void {
  for (const name of readdirSync(runsFolder(home))) {
    const [host, mark] = name.split('.')
    const pid = Number(mark)
    // Another machine, or a container, may run on the same state folder: its processes are not seen from here.
    if (host !== hostMark() || !Number.isInteger(pid) || isProcessAlive(pid)) continue
    const path = join(runsFolder(home), name)
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { recursive: true, force: true })
  }
}

function runsFolder(home: string): string {
  return join(home, 'run', 'tools')
}

/** The machine's name without dots, which part a folder's name. */
function hostMark(): string {
  return hostname().replaceAll(/[^\w-]/g, '_') || 'host'
}
