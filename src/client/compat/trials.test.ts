import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keepTrial, readTrials, type Trial, tryTool } from './trials.ts'
import { verdictOf } from './verdict.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'punku-trials-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A program in the place of `punku`. */
function ownProgram(code: string): [string, ...string[]] {
  const file = join(newFolder(), 'punku.mjs')
  writeFileSync(file, code)
  return [process.execPath, file]
}

const tried = (code: string, timeoutMs = 60_000) =>
  tryTool('claude', { program: ownProgram(code), runFlags: ['--profile', 'home'], env: {}, timeoutMs })

test('a tool works that ends well and has said something', async () => {
  expect(await tried("console.log('ready')")).toEqual({ isWorking: true, said: '' })
  expect(await tried('')).toEqual({ isWorking: false, said: 'It ended with code 0.' })
  expect(await tried("console.log('x'); console.error('no such model'); process.exitCode = 3")).toMatchObject({
    isWorking: false,
    said: expect.stringMatching(/^It ended with code 3\. [\s\S]*no such model/),
  })
})

test('it is run as a person would, in a folder of its own', async () => {
  const { said } = await tried('console.error(JSON.stringify([process.argv.slice(2), process.cwd()])); process.exit(1)')
  expect(said).toContain('"run","claude","--profile","home","--","-p"')
  expect(said).not.toContain(process.cwd())
})

test('one that does not end is ended', async () => {
  expect(await tried('setInterval(() => {}, 1000)', 300)).toEqual({ isWorking: false, said: 'It did not end in time.' })
})

test('what was tried is kept for the versions it was tried with', () => {
  const home = newFolder()
  const trial: Trial = { tool: 'pi', version: '9.0.0', punku: '1.0.0', at: 0, isWorking: false, said: 'Broken.' }
  keepTrial(home, trial)
  keepTrial(home, { ...trial, isWorking: true, said: '' })
  const trials = readTrials(home)
  expect(trials).toHaveLength(1)
  const of = (version: string | undefined, punku = '1.0.0') => verdictOf('pi', version, { trials, punku }).state
  expect([of('9.0.0'), of('9.0.1'), of('9.0.0', '1.0.1'), of('1.6.0'), of(undefined)]).toEqual([
    'works',
    'untried',
    'untried',
    'works',
    'unreadable',
  ])
  writeFileSync(join(home, 'compat-trials.json'), '{')
  expect(readTrials(home)).toEqual([])
})
