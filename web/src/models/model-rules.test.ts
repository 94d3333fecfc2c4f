import { describe, expect, it } from 'vitest'
import type { ModelRuleBody } from '../../../src/contract/model-rules.ts'
import {
  aliasesFor,
  fieldsOfRule,
  linesFor,
  liveAliasesFor,
  ownRuleOf,
  ruleOfFields,
  rulesFor,
  ruleWords,
} from './model-rules.ts'

function rule(match: string, given: Partial<ModelRuleBody> = {}): ModelRuleBody {
  const everywhere = { upstream: null, upstreamLabel: null, translate: null }
  return { match, ...everywhere, defaults: { num_ctx: 4_096 }, source: 'added', revision: 1, ...given }
}

const RULES = [
  rule('tiny', { defaults: { num_ctx: 8_192, think: false } }),
  rule('tiny', { upstream: 'up_1' }),
  rule('t*', { defaults: { num_ctx: 1_024, seed: 7 }, translate: 'native' }),
  rule('other'),
  rule('tiny:latest', { source: 'configuration', revision: 0 }),
]

describe('what is said of a model', () => {
  it('is all that fits it, and one rule of it is its own', () => {
    expect(rulesFor('tiny:latest', RULES).map(({ match }) => match)).toEqual(['tiny', 'tiny', 't*', 'tiny:latest'])
    expect(ownRuleOf('tiny:latest', RULES)).toBe(RULES[0])
    expect(ownRuleOf('two:latest', RULES)).toBeUndefined()
  })

  it.each<[what: string, rules: readonly ModelRuleBody[], on: readonly string[], lines: readonly string[]]>([
    ['is the same on all', [rule('*', { translate: 'off' })], ['a', 'b'], ['num_ctx 4096, translate off']],
    ['is native on an Ollama', [rule('*', { defaults: {}, translate: 'native' })], ['a'], ['translate native']],
    ['is native on no other server', [rule('*', { defaults: {}, translate: 'native' })], ['b'], []],
    [
      'differs where a rule is for one upstream, by id or label',
      [
        rule('*', { upstream: 'a', translate: 'auto', defaults: { keep_alive: '30' } }),
        rule('*', { upstream: 'label of b', defaults: { seed: 7 } }),
        rule('*', { translate: 'native', defaults: {} }),
      ],
      ['a', 'b', 'c'],
      ['keep_alive 30, translate auto on label of a', 'seed 7 on label of b'],
    ],
    [
      'is of the upstream that it is on alone',
      [rule('*', { upstream: 'a', translate: 'auto' }), rule('*', { translate: 'native', defaults: {} })],
      ['a'],
      ['num_ctx 4096, translate auto'],
    ],
    ['is nothing where rules are for others', [rule('*', { upstream: 'a' })], ['b'], []],
    [
      'is told once for several',
      [rule('*', { upstream: 'a' }), rule('two')],
      ['a', 'b'],
      ['num_ctx 4096 on label of a'],
    ],
  ])('%s', (_, rules, on, lines) => {
    const upstreams = [
      { id: 'a', server: 'ollama' },
      { id: 'b', server: 'vllm' },
      { id: 'c', server: null },
    ]
    const places = on.map((upstream) => ({ upstream, upstreamLabel: `label of ${upstream}` }))
    expect(linesFor({ canonical: 'tiny:latest', places }, rules, upstreams)).toEqual(lines)
  })

  it('is told by the first that says it', () => {
    expect(ruleWords(RULES.slice(0, 3))).toEqual(['num_ctx 8192', 'seed 7', 'think off', 'translate native'])
    expect(ruleWords([])).toEqual([])
  })

  it('is named by the aliases that stand for it, however they spell it', () => {
    const alias = { source: 'added', revision: 1 } as const
    const aliases = [
      { name: 'claude-*', model: 'Tiny', modelCanonical: 'tiny:latest', ...alias },
      { name: 'gpt', model: 'other', modelCanonical: 'other:latest', ...alias },
    ]
    expect(aliasesFor('tiny:latest', aliases).map(({ name }) => name)).toEqual(['claude-*'])
    const overridden = {
      name: 'fast',
      model: 'tiny',
      modelCanonical: 'tiny:latest',
      isOverridden: true,
      ...alias,
    } as const
    expect(aliasesFor('tiny:latest', [...aliases, overridden])).toHaveLength(2)
    expect(liveAliasesFor('tiny:latest', [...aliases, overridden]).map(({ name }) => name)).toEqual(['claude-*'])
  })
})

describe('a rule that is typed', () => {
  it.each([
    { defaults: { num_ctx: 4_096, temperature: 0 }, translate: 'off' },
    { defaults: { keep_alive: '30m', think: true, truncate: false } },
    { defaults: { think: 'high' } },
    { defaults: {}, translate: 'native' },
  ] as const)('is the same as it was: %j', (given) => {
    expect(ruleOfFields(fieldsOfRule({ translate: null, ...given }))).toEqual(given)
  })

  it('is none where nothing is typed', () => {
    expect(ruleOfFields(fieldsOfRule(undefined))).toBeUndefined()
    expect(ruleOfFields({ ...fieldsOfRule(undefined), keepAlive: ' ' })).toBeUndefined()
  })
})
