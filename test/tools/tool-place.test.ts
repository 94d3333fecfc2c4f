import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ToolPlace } from './tool-place.ts'

const run = (place: ToolPlace, script: string, limitMs?: number) =>
  place.run(process.execPath, { args: ['-e', script], ...(limitMs !== undefined && { limitMs }) })

/** Starts what goes on by itself, away from its parent's group, and prints its process id. */
const DAEMON = `
const stay = ['-e', 'setInterval(() => {}, 1000)']
const child = require('node:child_process').spawn(process.execPath, stay, { detached: true, stdio: 'inherit' })
child.unref()
console.log(child.pid)
`

/** Empty for a process that has ended, even where nobody has asked how. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

test('what a tool leaves behind ends with it', async () => {
  await using place = await ToolPlace.open()
  const { code, stdout } = await run(place, DAEMON)
  expect(code).toBe(0)
  const pid = Number(stdout)
  expect(pid).toBeGreaterThan(1)
  expect(commandOf(pid)).toBe('')
})

test('a tool that does not end is ended', async () => {
  await using place = await ToolPlace.open()
  expect(await run(place, 'setInterval(() => {}, 1000)', 300)).toMatchObject({ code: null })
})

test('it knows no key and no setting of this machine, and whom it asks beyond is told', async () => {
  await using place = await ToolPlace.open()
  const { stdout } = await run(place, 'console.log(JSON.stringify(process.env))')
  const env = JSON.parse(stdout) as Record<string, string>
  const own = Object.keys(env).filter((name) => /KEY|TOKEN|SECRET/.test(name))
  expect(own).toEqual([])
  for (const name of ['HOME', 'XDG_CONFIG_HOME', 'CODEX_HOME', 'CLAUDE_CONFIG_DIR', 'TMPDIR'])
    expect(env[name]).toMatch(/punku-tool-\w+\//)
  expect(place.strangersAsked).toEqual([])
  const script = 'fetch("https://vendor.example/v1").catch((error) => console.log("refused", error.cause?.message))'
  const asked = await place.run(process.execPath, { args: ['--use-env-proxy', '-e', script] })
  expect(asked.stdout).toContain('refused')
  expect(place.strangersAsked).toEqual(['vendor.example:443'])
})
