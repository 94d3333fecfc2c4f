import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModelAliasBody, ModelRuleBody } from '../../src/contract/model-rules.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place } from './punku.ts'

let place: Place
let upstream: ScriptedUpstream
beforeAll(async () => {
  place = new Place()
  upstream = await startScriptedUpstream({ server: 'ollama', models: ['tiny:latest', 'qwen3:8b'] })
  await place.serve('--upstream', upstream.origin)
})
afterAll(async () => {
  place[Symbol.dispose]()
  await upstream.close()
})

const run = (...args: string[]) => place.run('models', ...args)
const listed = async () =>
  JSON.parse((await run('rules', '--json')).stdout) as {
    readonly rules: readonly ModelRuleBody[]
    readonly aliases: readonly ModelAliasBody[]
  }

test('where nothing is said, that is said', async () => {
  expect(await run('rules')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Nothing is said of models: .*\(translate auto\)\.\n$/),
  })
})

test('a rule is set, added to, taken from and removed, however its match is spelled', async () => {
  const set = await run('set', 'Tiny', '--num-ctx', '32768', '--keep-alive', '-1', '--think', 'off')
  expect(set).toEqual({ code: 0, stdout: 'Tiny: num_ctx 32768, keep_alive -1, think false\n', stderr: '' })
  const more = await run('set', 'tiny:latest', '--translate', 'native', '--temperature', '0.2', '--unset', 'keep-alive')
  expect(more.stdout).toBe('tiny:latest: translate native, num_ctx 32768, think false, temperature 0.2\n')
  const label = upstream.origin.replace('http://', '')
  expect((await run('set', '*', '--upstream', label, '--truncate', 'no')).stdout).toBe(
    `* on ${label}: truncate false\n`,
  )
  expect((await listed()).rules.map(({ match, upstream: on, revision }) => [match, on, revision])).toEqual([
    ['tiny:latest', null, 2],
    ['*', label, 1],
  ])
  const { stdout } = await run('rules')
  expect(stdout).toMatch(/^MODELS +ON +SAYS +FROM\ntiny:latest +all +translate native, num_ctx 32768, .* added\n/)
  expect((await run('unset', 'TINY')).stdout).toBe('Removed the rule for TINY.\n')
  expect(await run('unset', '*')).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no such rule') })
  expect(await run('unset', '*', '--upstream', label)).toMatchObject({ code: 0 })
  expect((await listed()).rules).toEqual([])
})

test.each([
  ['true', true],
  ['false', false],
  ['on', true],
  ['high', 'high'],
])('--think %s is %s', async (typed, think) => {
  const set = await run('set', 'thinker', '--think', typed, '--json')
  expect((JSON.parse(set.stdout) as ModelRuleBody).defaults).toEqual({ think })
  await run('unset', 'thinker')
})

test('a model gets another name, and loses it', async () => {
  const made = await run('alias', 'claude-*', 'qwen3:8b')
  expect(made).toEqual({ code: 0, stdout: 'claude-* is qwen3:8b now.\n', stderr: '' })
  expect((await run('rules')).stdout).toMatch(/^ALIAS +MODEL +FROM\nclaude-\* +qwen3:8b +added\n$/)
  const alias = JSON.parse((await run('alias', 'claude-*', 'tiny', '--json')).stdout) as ModelAliasBody
  expect(alias).toEqual({
    name: 'claude-*',
    model: 'tiny',
    modelCanonical: 'tiny:latest',
    source: 'added',
    revision: 2,
  })
  expect((await run('unalias', 'claude-*')).stdout).toBe('Removed the alias claude-*.\n')
  expect((await listed()).aliases).toEqual([])
})

test('an alias that another overrides is listed as such', async () => {
  await run('alias', 'fast', 'tiny')
  await run('alias', 'f*', 'qwen3:8b')
  await run('alias', 'fa*', 'tiny')
  expect((await run('rules')).stdout).toMatch(
    /fast +tiny +added\nf\* +qwen3:8b +added\nfa\* +tiny +added, overridden\n$/,
  )
  for (const name of ['fast', 'f*', 'fa*']) await run('unalias', name)
})

test('an alias that hides a model is told, and so is one of an alias', async () => {
  expect((await run('alias', 'q*', 'qwen3:8b')).stderr).toBe('')
  expect((await run('alias', 'tiny', 'qwen3:8b')).stderr).toBe(
    'tiny is the name of a model, too: nobody can ask for that one now.\n',
  )
  const { code, stderr } = await run('alias', 'fast', 'tiny:latest')
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^tiny:latest is an alias itself, .* models rules .*\n$/)])
  for (const name of ['q*', 'tiny', 'fast']) await run('unalias', name)
})

test('the list of models has their aliases, and says where the rest stands', async () => {
  const before = await run()
  expect([before.stdout, before.stderr]).toEqual([expect.not.stringContaining('ALSO'), ''])
  await run('alias', 'fast', 'Tiny')
  await run('alias', 'claude-*', 'tiny')
  const { stdout, stderr } = await run()
  expect(stdout).toMatch(/^MODEL .* ALSO\n/)
  expect(stdout).toMatch(/^tiny:latest .* fast, claude-\*$/m)
  expect(stderr).toMatch(/^What is said of them, .* models rules .*\n$/)
  expect(await run('--json')).toMatchObject({ code: 0, stderr: '' })
  for (const name of ['fast', 'claude-*']) await run('unalias', name)
})

test('what means no model that is known is stored, and said so', async () => {
  const set = await run('set', 'nobody*', '--num-ctx', '4096')
  expect([set.code, set.stderr]).toEqual([
    0,
    expect.stringMatching(/^No model .* matches nobody\*\. .* models --home \S+\n$/),
  ])
  const alias = await run('alias', 'gpt-9', 'nobody:7b')
  expect([alias.code, alias.stderr]).toEqual([0, expect.stringMatching(/^No model .* matches nobody:7b\. /)])
  expect((await run('set', 'qwen3*', '--num-ctx', '4096')).stderr).toBe('')
})

test.each<[args: readonly string[], said: string]>([
  [['set', 'tiny'], 'Say what holds'],
  [['set', 'tiny', '--num-ctx', 'many'], "--num-ctx takes a whole number from 256 to 100000000, not 'many'"],
  [['set', 'tiny', '--think', 'hard'], '--think takes on, off, low, medium, high, max'],
  [['set', 'tiny', '--top-p', '7'], 'top_p'],
  [['set', 'tiny', '--temperature', 'hot'], "--temperature takes a number, not 'hot'"],
  [['set', 'tiny', '--translate', 'always'], 'Allowed choices are auto, native, off'],
  [['set', 'tiny', '--unset', 'seed'], 'says nothing'],
  [['set', 'tiny', '--unset', 'foo'], '--unset takes translate, num-ctx, keep-alive, think, '],
  [['set', 'tiny', '--seed', '7', '--unset', 'top-p', 'constructor'], "not 'constructor'"],
  [['set', 'tiny', '--keep-alive', '1d'], 'must be a duration in ms, s, m or h, such as 30m'],
  [['set', 'tiny', '--keep-alive', '1w'], 'must be a duration in ms, s, m or h, such as 30m'],
  [['alias', 'a b', 'tiny'], 'without spaces'],
  [['alias', 'tiny:latest', 'tiny'], 'the name of the model itself'],
])('what cannot be done is said: %j', async (args, said) => {
  expect(await run(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(said) })
})
