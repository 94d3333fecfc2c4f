import { readFileSync, renameSync, rmSync } from 'node:fs'
import { createSecretFile } from '../config/secret-file.ts'
import { randomId } from '../core/id.ts'

/** The text of a lock file; empty where there is none that can be read. */
export function readLockFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Removes a lock file that has this text; another one stays. Two may find the same dead lock: whoever moves it away looks
 * whether it is still that one, and else puts it back.
 */
export function removeLockFile(path: string, text: string): void {
  const aside = `${path}.${randomId(10)}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = readLockFile(aside)
  if (moved !== text) createSecretFile(path, moved)
  rmSync(aside, { force: true })
}

/** Whether a process of that id runs on this machine, whoever's it is. Processes of other containers are not seen. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
