import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type GivenModelRule, isNamePattern } from './model-rule-set.ts'
import { inRuleOrder, ModelRules } from './model-rules.ts'

const ORG = 'default'
const on = (id: string, orgId = ORG) => ({ id, label: `label of ${id}`, orgId })

function rulesOf(models: readonly GivenModelRule[], said: readonly GivenModelRule[] = []): ModelRules {
  const rules = new ModelRules({ models, aliases: [] })
  rules.put(ORG, { models: said, aliases: [] })
  return rules
}

describe('rules', () => {
  test('what an org has said goes before the configuration, for each thing that it says', () => {
    const rules = rulesOf(
      [{ match: '*', translate: 'off', defaults: { num_ctx: 1, top_k: 1 } }],
      [{ match: 'a', defaults: { num_ctx: 2 } }],
    )
    expect(rules.ruleOf(on('x'), 'a:latest')).toEqual({ translate: 'off', defaults: { num_ctx: 2, top_k: 1 } })
    expect(rules.ruleOf(on('x'), 'b:latest').defaults).toEqual({ num_ctx: 1, top_k: 1 })
    expect(rules.ruleOf(on('x', 'org_2'), 'a:latest').defaults).toEqual({ num_ctx: 1, top_k: 1 })
  })

  test('names go before patterns, and those of one upstream before those of all, as they were added', () => {
    const rules = rulesOf(
      [],
      [
        { match: '*', defaults: { top_k: 1 } },
        { match: 'a*', upstream: 'x', defaults: { top_k: 2 } },
        { match: 'a', defaults: { top_k: 3 } },
        { match: 'b*', defaults: { top_k: 4 } },
      ],
    )
    const topK = (id: string, model: string) => rules.ruleOf(on(id), model).defaults?.top_k
    expect([topK('x', 'a:latest'), topK('x', 'ab:latest'), topK('y', 'ab:latest')]).toEqual([3, 2, 1])
    expect(topK('y', 'b:latest')).toBe(1)
  })

  test('an upstream is meant by its id and by its label, also once it has another one', () => {
    const rules = rulesOf([{ match: '*', upstream: 'attic', defaults: { top_k: 1 } }])
    expect(rules.ruleOf({ ...on('x'), label: 'attic' }, 'a:latest').defaults).toEqual({ top_k: 1 })
    expect(rules.ruleOf({ ...on('x'), label: 'studio' }, 'a:latest').defaults).toBeUndefined()
    expect(rules.ruleOf(on('attic'), 'a:latest').defaults).toEqual({ top_k: 1 })
  })

  test('where a request names no model, only what is for all of them holds', () => {
    const rules = rulesOf([
      { match: 'a*', defaults: { top_k: 1 } },
      { match: '*', defaults: { top_k: 2 } },
    ])
    expect(rules.ruleOf(on('x'), undefined).defaults).toEqual({ top_k: 2 })
  })

  test('where nothing is said, all requests have the same answer', () => {
    const rules = rulesOf([])
    expect(rules.ruleOf(on('x'), 'a:latest')).toBe(rules.ruleOf(on('y', 'org_2'), 'b:latest'))
    expect([rules.hasAliases(ORG), rules.modelOf(ORG, 'a:latest')]).toEqual([false, undefined])
  })

  test('what is asked again is told by the same object, and anew once something else is said', () => {
    const rules = rulesOf([{ match: '*', defaults: { top_k: 1 } }])
    const first = rules.ruleOf(on('x'), 'a:latest')
    for (let name = 0; name < 300; name++) rules.ruleOf(on('x'), `other-${name}:latest`)
    expect(rules.ruleOf(on('x'), 'a:latest')).toEqual(first)
    expect(rules.ruleOf(on('x'), 'a:latest')).toBe(rules.ruleOf(on('x'), 'a:latest'))
    rules.put(ORG, { models: [{ match: 'a', defaults: { top_k: 2 } }], aliases: [] })
    expect(rules.ruleOf(on('x'), 'a:latest').defaults).toEqual({ top_k: 2 })
    rules.put(ORG, { models: [], aliases: [] })
    expect([rules.ruleOf(on('x'), 'a:latest'), rules.orgIds]).toEqual([first, []])
  })

  test('the order is of kinds alone: of a kind none passes another', () => {
    const rule = fc.record({
      match: fc.constantFrom('a', 'b', 'a*', '*'),
      upstream: fc.constantFrom(undefined, 'x'),
      defaults: fc.record({ seed: fc.nat() }),
    })
    fc.assert(
      fc.property(fc.array(rule), (given) => {
        const ordered = inRuleOrder(given)
        const kind = ({ match, upstream }: GivenModelRule) => `${isNamePattern(match)} ${upstream}`
        const [before, after] = [Map.groupBy(given, kind), Map.groupBy(ordered, kind)]
        for (const [name, some] of before) expect(after.get(name)).toEqual(some)
        expect(ordered).toHaveLength(given.length)
      }),
      { interruptAfterTimeLimit: 2_000 },
    )
  })
})

describe('other names', () => {
  const rules = new ModelRules({
    models: [],
    aliases: [
      { name: 'claude-*', model: 'small' },
      { name: 'claude-x', model: 'never' },
      { name: 'gpt', model: 'Big:7B' },
    ],
  })
  rules.put('org_2', {
    models: [],
    aliases: [
      { name: 'gp*', model: 'own' },
      { name: 'claude-x', model: 'own' },
    ],
  })

  test.each([
    [ORG, 'claude-x:latest', 'small'],
    [ORG, 'gpt:latest', 'Big:7B'],
    [ORG, 'big:7b', undefined],
    ['org_2', 'claude-x:latest', 'own'],
    ['org_2', 'claude-y:latest', 'small'],
    ['org_2', 'gpt:latest', 'own'],
  ])('in %s %s stands for %s', (orgId, name, model) => {
    expect([rules.modelOf(orgId, name), rules.modelOf(orgId, name)]).toEqual([model, model])
  })

  test('that are names and no patterns are told, each with the model that it really stands for', () => {
    const told = (orgId: string) => rules.namedAliases(orgId).map(({ name, modelCanonical }) => [name, modelCanonical])
    expect(told(ORG)).toEqual([
      ['claude-x', 'small:latest'],
      ['gpt', 'big:7b'],
    ])
    expect(told('org_2')).toEqual([
      ['claude-x', 'own:latest'],
      ['gpt', 'own:latest'],
    ])
  })

  test('what can be no name of a model is refused', () => {
    expect(() => new ModelRules({ models: [], aliases: [{ name: 'a', model: ' ' }] })).toThrow('no name of a model')
    expect(() => rulesOf([{ match: ' ', defaults: {} }])).toThrow('no name of a model')
  })
})
