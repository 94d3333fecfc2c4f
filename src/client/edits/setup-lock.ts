import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../config/config-error.ts'
import { createSecretFile } from '../../config/secret-file.ts'
import type { Clock } from '../../core/clock.ts'
import { randomId } from '../../core/id.ts'
import { parseJson } from '../../core/parse-json.ts'
import { isProcessAlive, readLockFile, removeLockFile } from '../../system/lock-file.ts'

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
    if (createSecretFile(path, mine)) {
      sweep(folder)
      return { [Symbol.dispose]: () => removeLockFile(path, mine) }
    }
    const other = readLockFile(path)
    if (isHeld(other, clock.now())) break
    removeLockFile(path, other)
  }
  throw new ConfigError([
    'Another set-up changes files at this moment. Wait until it has ended, and try again. Nothing was changed.',
  ])
}

/** Half-written files, and what was kept of files before a set-up that never came to its record. */
const HALF_WRITTEN = /^\..+\.[0-9a-f]{12}$/
const KEPT = /^(.+)\.[0-9a-f]{16}\.old$/

/** Takes away what killed set-ups left: nobody else writes here now, and there may be keys in it. */
function sweep(folder: string): void {
  const names = readdirSync(folder)
  for (const name of names) {
    const [, owner] = KEPT.exec(name) ?? []
    const isOrphan = owner !== undefined && !names.includes(`${owner}.json`)
    if (isOrphan || HALF_WRITTEN.test(name)) rmSync(join(folder, name), { force: true })
  }
}

function isHeld(text: string, now: number): boolean {
  const { pid, at } = (parseJson(text) ?? {}) as Partial<Record<'pid' | 'at', number>>
  return Number.isInteger(pid) && Math.abs(now - Number(at)) < LONGEST_MS && isProcessAlive(Number(pid))
}
