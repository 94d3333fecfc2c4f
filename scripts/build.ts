// `npm run build`: the program and the dashboard into `dist`. `--if-stale`: only when that is not the build of what is
// here. `--web`: only the dashboard. `--to-pack`: nothing of earlier builds is left.
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUILD_FACTS, hashBuildInputs, isBuildOf } from './build-inputs.ts'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const FACTS = join(ROOT, BUILD_FACTS)
/** What belongs there. */
const NAMES = new Set(['cli', 'sdk', 'chunks', 'web', 'build.json', 'licenses.txt'])

const { values: flags } = parseArgs({
  options: { 'if-stale': { type: 'boolean' }, web: { type: 'boolean' }, 'to-pack': { type: 'boolean' } },
})
const inputs = hashBuildInputs(ROOT)
if (flags.web) await buildDashboard()
else if (!flags['if-stale'] || !isBuildOf(ROOT, inputs)) await buildAll()

async function buildAll(): Promise<void> {
  await mkdir(DIST, { recursive: true })
  const facts = await step('the program', async () => {
    const { buildProgram } = await import('./build-program.ts')
    return await buildProgram(ROOT, DIST, { keepsOld: flags['to-pack'] !== true })
  })
  await buildDashboard()
  for (const name of await readdir(DIST)) {
    if (!NAMES.has(name)) await rm(join(DIST, name), { recursive: true })
  }
  // Last: a build that was cut off is no build.
  writeFileSync(FACTS, `${JSON.stringify({ inputs, ...facts }, undefined, 2)}\n`)
}

async function buildDashboard(): Promise<void> {
  await step('the dashboard', async () => {
    const { buildWeb } = await import('./build-web.ts')
    await buildWeb(ROOT, DIST)
  })
}

async function step<T>(what: string, run: () => Promise<T>): Promise<T> {
  say(`Building ${what} …`)
  const startedAtMs = performance.now()
  const result = await run()
  say(`Built ${what} in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s.`)
  return result
}

/** npx shows nothing of what it runs before the program: whoever waits at a terminal is told there. */
function say(line: string): void {
  process.stdout.write(`${line}\n`)
  if (process.env['npm_command'] !== 'exec') return
  try {
    const terminal = openSync('/dev/tty', 'w')
    writeSync(terminal, `${line}\n`)
    closeSync(terminal)
  } catch {
    // There is no terminal.
  }
}
