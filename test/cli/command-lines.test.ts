import { mkdirSync } from 'node:fs'
import type { Command, Option } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { ADDRESSED, COMMANDS, leavesOf, OTHERS, wordsOf } from '../support/command-lines.ts'
import { runCommand } from '../support/run-command.ts'
import { Place } from './punku.ts'

// What every command does with words that it should not get: from the tree of commands itself, so that a new one is in it.

const place = new Place()
let leaves: readonly {
  readonly name: string
  readonly given: readonly string[]
  readonly options: readonly Option[]
}[] = []

beforeAll(async () => {
  mkdirSync(place.home, { mode: 0o700 })
  const program = await createProgram()
  const given: Readonly<Record<string, readonly string[]>> = {
    ...Object.fromEntries(OTHERS.map((name) => [name, []])),
    ...Object.fromEntries(Object.keys(ADDRESSED).map((name) => [name, ['https://gateway.invalid']])),
    ...COMMANDS,
    run: ['claude'],
  }
  leaves = ['models', 'requests', ...leavesOf(program)].map((name) => ({
    name,
    given: given[name] ?? [],
    options: commandOf(program, name).options,
  }))
})
afterAll(() => place[Symbol.dispose]())

function commandOf(program: Command, name: string): Command {
  return name.split(' ').reduce((at, word) => at.commands.find((command) => command.name() === word) ?? at, program)
}

const PLANTED = 's3cret-of-somebody'
const OWN = `pt_${'a'.repeat(10)}_${'b'.repeat(52)}`

async function refusal(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await place.run(...words)
  expect([words, code, stdout]).toEqual([words, 2, ''])
  expect([words, /\n {4}at |Error:|undefined/.test(stderr)]).toEqual([words, false])
  return stderr
}

describe('every command', () => {
  test('refuses an option that it does not have, and repeats no value', async () => {
    for (const { name, given } of leaves) {
      for (const words of [['--s3cret-option'], [`--token=${PLANTED}`], [`--token=${PLANTED}\nx'`]]) {
        const stderr = await refusal(...wordsOf(name, given), ...words)
        expect(stderr).toMatch(/^error: unknown option '--[\w-]+'\n/)
        expect(stderr).not.toContain(PLANTED)
      }
    }
  })

  test('refuses one argument too many, and repeats none', async () => {
    for (const { name, given } of leaves) {
      // A choice of commands below it: a word there is no argument. And those that take any number of words.
      const open = ['requests', 'sessions', 'sessions compare', 'sessions import', 'run', 'compat check', 'compat pin']
      if (open.includes(name)) continue
      const stderr = await refusal(...wordsOf(name, given), PLANTED, `${PLANTED}\nx`)
      expect(stderr).toMatch(/too many arguments/)
      expect(stderr).not.toContain(PLANTED)
    }
  })

  test('refuses keys and tokens wherever they stand, and says where they may', async () => {
    for (const { name, given } of leaves) {
      for (const words of [[OWN], ['--token', OWN], [`--token=${OWN}`], ['--', OWN], ['--home', `/tmp/${OWN}`]]) {
        const stderr = await refusal(...wordsOf(name, given), ...words)
        expect(stderr).toContain('--token-stdin')
        expect(stderr).not.toContain('aaaa')
      }
    }
  })

  test('refuses addresses with a password, and does not repeat them', async () => {
    for (const { name } of leaves) {
      for (const words of [
        ['--gateway', `https://ana:${PLANTED}@gateway.invalid`],
        [`--gateway=https://${PLANTED}@gateway.invalid`],
        [`http://ana:${PLANTED}@127.0.0.1`],
      ]) {
        expect(await refusal(...name.split(' '), ...words)).not.toContain(PLANTED)
      }
    }
  })

  test('has no option that takes a secret', () => {
    const taking = leaves.flatMap(({ name, options }) =>
      options
        .filter(({ flags, required, optional }) => (required || optional) && /key|token|secret|password/i.test(flags))
        .map(({ flags }) => `${name} ${flags}`),
    )
    // Files, and the name or id of a key.
    expect(taking).toEqual(['requests --key <key>', 'serve --tls-key <file>', 'pair --upstream-key-file <file>'])
  })
})

const NO_NUMBER = [
  '',
  ' ',
  ' 5',
  '5 ',
  '10x',
  '1e309',
  '1e2',
  '-0',
  '-1',
  '+5',
  '0x10',
  '1.5',
  '٣',
  'NaN',
  'Infinity',
  '9'.repeat(400),
]
const NO_TIME = [
  '',
  ' ',
  '5',
  '0s',
  '-5s',
  '1e309d',
  '5 s',
  'x',
  '0.0001ms',
  '0.4ms',
  `${'9'.repeat(400)}d`,
  '5S',
  '1h30m',
]
const NO_SIZE = ['', '5', '0B', '-1MiB', '1e309B', '0.4B', '5mib', `${'9'.repeat(400)}GiB`]

describe('a value of the wrong form', () => {
  /** Options with a value of that form, by the words of their flags. */
  const optionsOf = (form: RegExp) =>
    leaves.flatMap(({ name, given, options }) =>
      options
        .filter(({ flags }) => form.test(flags))
        .map(({ long }) => ({ words: wordsOf(name, given), long: long ?? '' })),
    )

  test.each([
    ['a number', /<(count|number)>/, NO_NUMBER, 6],
    ['a time', /<time>/, NO_TIME, 6],
    ['a size', /<size>/, NO_SIZE, 1],
  ] as const)('in the place of %s is refused in a line', async (_, form, wrong, atLeast) => {
    const options = optionsOf(form)
    expect(options.length).toBeGreaterThanOrEqual(atLeast)
    for (const { words, long } of options) {
      for (const value of wrong) {
        const stderr = await refusal(...words, `${long}=${value}`)
        expect([stderr.trimEnd().split('\n').length, stderr]).toEqual([1, expect.stringContaining(long)])
      }
    }
  })

  test('is not one that is only very long ago', async () => {
    for (const words of [['usage'], ['requests'], ['audit', 'list']]) {
      for (const time of ['99999999d', '104249991d', '9007199254740991ms']) {
        const { code, stderr } = await place.run(...words, '--since', time)
        // The database of this folder, or that no gateway runs.
        expect([words, code === 0 || code === 69, /\n {4}at /.test(stderr)]).toEqual([words, true, false])
      }
    }
  })

  test('given twice counts as it was said last', async () => {
    const { code, stdout } = await place.run('keys', 'list', '--limit', 'x', '--limit', '5', '--json')
    expect([code, JSON.parse(stdout)]).toEqual([0, []])
  })

  test('behind -- is an argument, whatever it looks like', async () => {
    const args = ['--home', place.home, 'keys', 'show', '--', '--json']
    expect(await runCommand({ args })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No key has this id or name.'),
    })
  })
})

describe('an environment of odd values', () => {
  const run = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    runCommand({ args, cwd: place.folder, env: { PUNKU_HOME: place.home, ...env } })

  test('an empty variable is none', async () => {
    const env = { PUNKU_GATEWAY: '', PUNKU_LISTEN: '', PUNKU_UPSTREAM: '', PUNKU_LOG_LEVEL: '', XDG_CONFIG_HOME: '' }
    expect(await run(env, 'keys', 'list')).toMatchObject({ code: 0, stderr: '' })
    expect(await run(env, 'config', 'check')).toMatchObject({ code: 0, stdout: 'The configuration is valid.\n' })
  })

  test.each([
    'x',
    '',
    'https://',
    `https://ana:${PLANTED}@gateway.invalid`,
    `https://${PLANTED}@gateway.invalid`,
    '\u001b[2J\nx',
  ])('PUNKU_GATEWAY %j is told in a line, and not repeated', async (value) => {
    const { code, stdout, stderr } = await run({ PUNKU_GATEWAY: value }, 'keys', 'list')
    expect([code, stdout === '']).toEqual(value === '' ? [0, false] : [78, true])
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(stderr).not.toMatch(/s3cret|\u001b/)
    expect(stderr.split('\n').length).toBeLessThanOrEqual(2)
  })

  test.each(['\u001b[2Jx', 'x\ny', '127.0.0.1:x', '127.0.0.1:99999', 'x'.repeat(100_000), '127.0.0.1:1,,:'])(
    'PUNKU_LISTEN %# is told, and steers no terminal',
    async (value) => {
      const { code, stdout, stderr } = await run({ PUNKU_LISTEN: value, [`PUNKU_\u001b[2J`]: '1' }, 'config', 'check')
      expect(code === 0 || code === 78).toBe(true)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      expect(`${stdout}${stderr}`).not.toMatch(/\u001b/)
    },
  )

  test('a name that is no option is told', async () => {
    const { stdout } = await run({ PUNKU_LISTN: 'x', 'PUNKU_A\nFORGED': 'x' }, 'config', 'check')
    expect(stdout).toMatch(/^warning: PUNKU_LISTN in the environment is no option/m)
    expect(stdout).not.toMatch(/^FORGED/m)
  })
})
