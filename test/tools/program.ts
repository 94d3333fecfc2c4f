import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Folders of programs, as `PATH` has them, that are looked through before `PATH` itself. */
export const TOOL_FOLDERS = 'PUNKU_TEST_TOOLS'

/** A program of this machine, or `undefined` and one loud line. For `describe.skipIf(program === undefined)`. */
export function programOrSkip(name: string): string | undefined {
  const folders = [process.env[TOOL_FOLDERS], process.env['PATH']].join(delimiter).split(delimiter)
  const found = folders.map((folder) => join(folder, name)).find(isProgram)
  if (found === undefined) skipLoudly(name, `it is neither in ${TOOL_FOLDERS} nor in PATH`)
  return found
}

/** Says that the tests of a tool do not run, and why. */
export function skipLoudly(tool: string, reason: string): void {
  process.stderr.write(`SKIPPED: the tests with the real ${tool}: ${reason}\n`)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
