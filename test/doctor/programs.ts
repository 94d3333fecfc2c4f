import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programRunner, type RunProgram } from '../../src/machine/run-program.ts'

/** Programs of the system, as scripts that say what the real ones say. Disposing it removes them. */
export interface ScriptedPrograms extends Disposable {
  readonly run: RunProgram
  /** Where they are, and any file beside them. */
  readonly folder: string
}

/** @param scripts what each does, in the language of `sh`; a program that is not named is not there */
export function scriptedPrograms(scripts: Readonly<Record<string, string>>): ScriptedPrograms {
  const folder = mkdtempSync(join(tmpdir(), 'punku-programs-'))
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  return {
    run: programRunner([folder]),
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What `timedatectl show -p NTPSynchronized` says of a machine whose clock is kept right. */
export const KEPT_CLOCK = { timedatectl: 'echo NTPSynchronized=yes' } as const
