import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { programOrSkip, skipLoudly, TOOL_FOLDERS } from './program.ts'
import { type ToolEnd, ToolPlace } from './tool-place.ts'

/** A client library that is no dependency of ours, in a language with a runtime here. */
export interface Library {
  readonly name: string
  readonly version: string
  /** Runs a script that imports it. */
  run(place: ToolPlace, script: string, env: Readonly<Record<string, string>>): Promise<ToolEnd>
}

/** A package of npm that was installed beside the programs of the first folder that has it, or `undefined` and one loud line. */
export function npmLibraryOrSkip(name: string): Library | undefined {
  const folders = (process.env[TOOL_FOLDERS] ?? '').split(delimiter).filter(Boolean)
  const places = folders.flatMap((folder) => createRequire(join(folder, 'any.js')).resolve.paths(name) ?? [])
  const found = places.find((place) => existsSync(join(place, name, 'package.json')))
  if (found === undefined) {
    skipLoudly(name, `it is beside no program in ${TOOL_FOLDERS}`)
    return undefined
  }
  const { version } = JSON.parse(readFileSync(join(found, name, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  return {
    name,
    version,
    run: (place, script, env) =>
      place.run(process.execPath, { args: ['--input-type=module', '-e', script], env, cwd: dirname(found) }),
  }
}

/** A package that the first `python3` in `PUNKU_TEST_TOOLS` or `PATH` can import, or `undefined` and one loud line. */
export async function pythonLibraryOrSkip(name: string): Promise<Library | undefined> {
  const python = programOrSkip('python3')
  if (python === undefined) return undefined
  await using asked = await ToolPlace.open()
  const script = `import importlib.metadata as packages; print(packages.version('${name}'))`
  const { code, stdout } = await asked.run(python, { args: ['-c', script] })
  if (code !== 0) {
    skipLoudly(name, `${python} does not have it`)
    return undefined
  }
  return {
    name,
    version: stdout.trim(),
    run: (place, text, env) => place.run(python, { args: ['-c', text], env }),
  }
}
