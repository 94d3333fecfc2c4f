import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'
import { createSecretFile } from '../../config/secret-file.ts'
import type { Clock } from '../../core/clock.ts'
import { randomId } from '../../core/id.ts'

/** No set-up takes as long: a lock that is older was left, and its process id is another's by now. */
const LONGEST_MS = 10 * 60_000

/**
 * Takes the folder of set-ups for this process until disposed. A lock left by a process that died is taken over.
 * @throws ConfigError while another one changes files
 */
export function lockSetups(folder: string, clock: Clock): Disposable {
  const path = join(folder, 'lock')
  const mine = JSON.stringify({ pid: process.pid, at: clock.now(), id: randomId(10) })
  for (let attempt = 0; attempt < 2; attempt++) {
    if (createSecretFile(path, mine)) return { [Symbol.dispose]: () => removeIfSame(path, mine) }
    const other = textOf(path)
    if (isHeld(other, clock.now())) break
    removeIfSame(path, other)
  }
  throw new ConfigError([
    'Another set-up changes files at this moment. Wait until it has ended, and try again. Nothing was changed.',
  ])
}

function isHeld(text: string, now: number): boolean {
  try {
    const { pid, at } = JSON.parse(text) as { readonly pid: number; readonly at: number }
    if (!Number.isInteger(pid) || !(Math.abs(now - at) < LONGEST_MS)) return false
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Two may find the same dead lock: whoever moves it away looks whether it is still that one, and else puts it back. */
function removeIfSame(path: string, text: string): void {
  const aside = `${path}.${randomId(10)}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = textOf(aside)
  if (moved !== text) createSecretFile(path, moved)
  rmSync(aside, { force: true })
}
