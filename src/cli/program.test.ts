import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { VERSION } from '../core/version.ts'
import { createProgram, runCli } from './program.ts'

const home = mkdtempSync(join(tmpdir(), 'punku-program-'))
let stdout = ''
let stderr = ''

beforeEach(() => {
  stdout = ''
  stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.stdout.removeAllListeners('error')
})
afterAll(() => rmSync(home, { recursive: true }))

describe('a command line that cannot be understood ends with 2 and says what was expected', () => {
  test.each<[args: string[], message: string]>([
    [[], 'Usage: punku'],
    [['keys'], 'Usage: punku keys'],
    [['keys', 'create'], "missing required argument 'name'"],
    [['keys', 'create', 'one', 'two'], 'too many arguments'],
    [['keys', 'list', '--colour'], "unknown option '--colour'"],
    [['keys', 'create', 'x', '--routes', 'never'], 'cannot be granted'],
    [['keys', 'create', 'x', '--networks', 'home'], 'A network has to be an address'],
    [['keys', 'create', 'pk_x'], "A key's name is"],
    [['keys', 'rotate', 'x', '--grace', '-1'], "--grace takes a time such as 30d, 12h or 90s, not '-1'."],
    [['requests', '--limit', '0'], "--limit takes a whole number from 1 to 1000, not '0'."],
    [['requests', '--since', 'yesterday'], "--since takes a time such as 30d, 12h or 90s, not 'yesterday'."],
    [['usage', '--by', 'colour'], 'Allowed choices are day, hour, model, key, person, client, session, upstream'],
    [['keys', 'change', 'x'], 'Say what to change'],
    [['keys', 'change', 'x', '--expires', 'soon'], "--expires takes a time such as 30d, 12h or 90s, not 'soon'."],
    [['pair'], "missing required argument 'gateway'"],
    [['pair', 'gateway.example.org'], 'begins with https://'],
    [['pair', 'http://gateway.example.org'], '--allow-plain-http'],
    [['pair', 'https://a.example', '--profile', '../x'], "A profile's name is"],
    [['pair', 'https://a.example', '--upstream', 'ollama'], '--upstream must be a URL'],
    [['connect', '--concurrency', '0'], '--concurrency takes a whole number from 1 to 10000'],
    [['connect', '--max-body', 'big'], "--max-body takes a size such as 512KiB or 64MiB, not 'big'."],
    [['connect', '--profile', '.x'], "A profile's name is"],
    [['serve', '--demo', 'maybe'], 'Allowed choices are auto, always'],
    [['serve', '--log-level', 'loud'], 'Allowed choices are debug, info, warn, error, silent'],
  ])('%j', async (args, message) => {
    expect(await runCli(['--home', home, ...args])).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
  })
})

test.each([
  [['connect'], `paired with no gateway. Pair it: punku pair https://GATEWAY --home ${home}\n`],
  [['connect', '--profile', 'work'], `punku pair https://GATEWAY --profile work --home ${home}\n`],
  [['disconnect'], 'paired with no gateway'],
])('%j on a machine that is not paired ends with 78 and how to pair it', async (args, message) => {
  expect(await runCli(['--home', home, ...args])).toBe(78)
  expect(stdout).toBe('')
  expect(stderr).toContain(message)
})

test('help and version are no errors', async () => {
  expect(await runCli(['--help'])).toBe(0)
  for (const command of [
    'serve',
    'pair',
    'connect',
    'disconnect',
    'keys',
    'models',
    'tunnels',
    'requests',
    'usage',
    'status',
    'config',
    'version',
  ]) {
    expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'))
  }
  stdout = ''
  expect(await runCli(['version', '--json'])).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ punku: VERSION, node: process.versions.node })
  expect(stderr).toBe('')
})

test('a command that is not loaded stands in the list as one that is', async () => {
  const [listed, loaded] = [await createProgram([]), await createProgram()]
  expect(listed.helpInformation()).toBe(loaded.helpInformation())
})
