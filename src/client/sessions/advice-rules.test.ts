import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { noSums, type SessionSums } from '../../core/session-sums.ts'
import { ADVICE_RULES, adviceOnRun, readAdviceRules } from './advice-rules.ts'
import { measuresOfRun, type RunSummary } from './run-summary.ts'

const folder = mkdtempSync(join(tmpdir(), 'punku-rules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Given {
  readonly hit?: number
  readonly calls?: Readonly<Record<string, number>>
  readonly sessions?: number
  readonly labels?: readonly string[]
}

function ruleFor({ hit, calls = {}, sessions = 1, labels = [] }: Given): string | undefined {
  const told: Partial<SessionSums> = hit === undefined ? {} : { toldPromptTokens: 100, cachedTokens: hit }
  const run: RunSummary = {
    name: 'a',
    source: 'gateway',
    sessions,
    labels,
    clients: [],
    models: [],
    sums: { ...noSums(), ...told },
    wallMs: 0,
    currency: undefined,
    toolCalls: Object.entries(calls).map(([name, count]) => ({ name, count })),
  }
  return adviceOnRun(run, measuresOfRun(run, ADVICE_RULES.tools), ADVICE_RULES)?.rule
}

test.each<[string, Given]>([
  ['it plans', { labels: ['plan'], calls: { Task: 99 }, hit: 10 }],
  ['many subagents', { calls: { Task: 50, spawn_agent: 1 }, hit: 99 }],
  ['much from the cache', { calls: { Task: 50 }, hit: 61 }],
  ['much from the cache', { calls: { Task: 100 }, sessions: 2, hit: 61 }],
  ['it mostly looks', { calls: { Read: 5, Grep: 5, Glob: 1, Edit: 1, Write: 1, Task: 9 }, hit: 29 }],
  ['it mostly looks', { calls: { read_file: 1 }, hit: 0 }],
  ['no other rule holds', { calls: { Read: 10, Edit: 2 }, hit: 29 }],
  ['no other rule holds', { calls: { Read: 11, Edit: 2, Task: 10 }, hit: 29 }],
  ['in between', { calls: { Task: 19 }, hit: 30 }],
  ['in between', { hit: 60 }],
  ['no other rule holds', { calls: { Task: 20 }, hit: 60 }],
  // Of what is not known nothing holds.
  ['no other rule holds', { calls: { Read: 99, Edit: 1 } }],
])('by default, %s: %j', (rule, given) => {
  expect(ruleFor(given)).toBe(rule)
})

test('rules are read from a file as they are printed, and what they have not is refused with its place', () => {
  const file = join(folder, 'rules.json')
  writeFileSync(file, JSON.stringify(ADVICE_RULES))
  expect(readAdviceRules(file)).toEqual(ADVICE_RULES)
  const withWhen = (when: object) => {
    writeFileSync(file, JSON.stringify({ ...ADVICE_RULES, rules: [{ name: 'a', when, says: 'b' }] }))
    return () => readAdviceRules(file)
  }
  expect(withWhen({ subagents: { over: 1 } })).not.toThrow()
  expect(withWhen({ subagent: { over: 1 } })).toThrow('rules.0.when')
  expect(withWhen({ subagents: { more: 1 } })).toThrow('rules.0.when.subagents')
  expect(withWhen({ subagents: {} })).toThrow('must have a bound')
  writeFileSync(file, '{')
  expect(() => readAdviceRules(file)).toThrow('cannot be read as JSON')
})
