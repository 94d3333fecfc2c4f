import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { personIn } from '../../../test/support/actors.ts'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases, openMemory } from '../../../test/support/databases.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { startRunningGateway } from '../../../test/support/running-gateway.ts'
import { startScriptedUpstream } from '../../../test/support/scripted-upstream.ts'
import { models } from '../../config/models-schema.ts'
import { modelRuleOperations } from '../../contract/model-rules.ts'

const RULES = '/models/rules'
const ALIASES = '/models/aliases'
const SET_RULE = {
  match: 'set*',
  upstream: null,
  upstreamLabel: null,
  translate: null,
  defaults: { num_ctx: 2_048 },
  source: 'configuration',
  revision: 0,
}

describeDatabases((open) => {
  test('rules and aliases are set, listed before those of the configuration, and removed', async () => {
    const { call, notes } = await openTestControl(open)
    const defaults = { num_ctx: 32_768, keep_alive: '30m', think: 'low' } as const
    const rule = await call('putModelRule', RULES, { match: 'qwen3*', defaults, translate: 'native' })
    const said = { match: 'qwen3*', upstream: null, upstreamLabel: null, translate: 'native', defaults }
    expect(rule).toEqual({ ...said, source: 'added', revision: 1 })
    expect(await call('listModelRules', RULES)).toEqual({ rules: [rule, SET_RULE] })
    const alias = await call('putModelAlias', ALIASES, { name: 'claude-*', model: 'qwen3:8b' })
    expect(alias).toEqual({
      name: 'claude-*',
      model: 'qwen3:8b',
      modelCanonical: 'qwen3:8b',
      source: 'added',
      revision: 1,
    })
    const set = { name: 'set', model: 'tiny', modelCanonical: 'tiny:latest', source: 'configuration', revision: 0 }
    expect(await call('listModelAliases', ALIASES)).toEqual({ aliases: [alias, set] })
    await call('removeModelRule', `${RULES}?match=${encodeURIComponent('qwen3*')}`)
    await call('removeModelAlias', `${ALIASES}?name=${encodeURIComponent('claude-*')}`)
    expect(await call('listModelRules', RULES)).toEqual({ rules: [SET_RULE] })
    expect(notes.map(({ action }) => action)).toEqual(['rule.set', 'alias.set', 'rule.remove', 'alias.remove'])
  })
})

test.each([
  ['PUT', RULES, { match: 'a b', defaults: { num_ctx: 512 } }, 'match'],
  ['PUT', RULES, { match: 'a', defaults: { num_ctx: 1 } }, 'defaults.num_ctx'],
  ['PUT', RULES, { match: 'a', defaults: { unknown: 1 } }, 'defaults.unknown'],
  ['PUT', RULES, { match: 'a' }, 'defaults'],
  ['PUT', RULES, { match: 'a', translate: 'always' }, 'translate'],
  ['PUT', ALIASES, { name: 'a', model: 'a b' }, 'model'],
  ['DELETE', `${RULES}?match=set*`, undefined, 'match'],
  ['DELETE', `${ALIASES}?name=set`, undefined, 'name'],
])('%s %s %j is refused at its field', async (method, path, body, param) => {
  const { refused } = await openTestControl(openMemory)
  expect(await refused(method, path, body)).toMatchObject({ code: 'invalid_request', param })
})

test('a member reads what holds and changes nothing', async () => {
  const { as } = await openTestControl(openMemory)
  const member = as(personIn('default', 'member'))
  expect((await member.call('listModelRules', RULES)).rules).toHaveLength(1)
  expect((await member.call('listModelAliases', ALIASES)).aliases).toHaveLength(1)
  const rule = { match: 'a', translate: 'off' }
  expect(await member.refused('PUT', RULES, rule)).toMatchObject({ code: 'not_allowed' })
})

test('an alias that one before it leaves no name is listed as overridden', async () => {
  const { call } = await openTestControl(openMemory)
  const marks = async () => (await call('listModelAliases', ALIASES)).aliases.map((one) => [one.name, one.isOverridden])
  await call('putModelAlias', ALIASES, { name: 'other', model: 'tiny' })
  expect(await marks()).toEqual([
    ['other', undefined],
    ['set', undefined],
  ])
  await call('putModelAlias', ALIASES, { name: 'SET:latest', model: 'other' })
  expect(await marks()).toEqual([
    ['other', undefined],
    ['SET:latest', undefined],
    ['set', true],
  ])
  await call('removeModelAlias', `${ALIASES}?name=set`)
  await call('putModelAlias', ALIASES, { name: 's*', model: 'other' })
  expect(await marks()).toEqual([
    ['other', undefined],
    ['s*', undefined],
    ['set', true],
  ])
})

describe('a rule on one upstream', () => {
  test('has its id, whichever way it was named, and its label as long as it is there', async () => {
    await using server = await startScriptedUpstream({ server: 'ollama' })
    const database = await openMemory()
    const gateway = await startRunningGateway(database)
    const { call, refused } = await openTestControl(async () => database, { gateway })
    const { id } = await gateway.upstreamService.create(LOCAL, {
      label: 'studio',
      url: server.origin,
      kind: undefined,
      key: undefined,
    })
    const rule = { match: '*', translate: 'off' }
    for (const upstream of ['studio', id]) {
      expect(await call('putModelRule', RULES, { ...rule, upstream })).toMatchObject({
        upstream: id,
        upstreamLabel: 'studio',
      })
    }
    expect(await refused('PUT', RULES, { ...rule, upstream: 'nowhere' })).toMatchObject({ code: 'not_found' })
    await gateway.upstreamService.remove(LOCAL, id)
    expect((await call('listModelRules', RULES)).rules[0]).toMatchObject({ upstream: id, upstreamLabel: null })
    await call('removeModelRule', `${RULES}?match=*&upstream=${id}`)
    expect((await call('listModelRules', RULES)).rules).toEqual([SET_RULE])
  })

  test('needs a running gateway, which knows them', async () => {
    const { refused } = await openTestControl(openMemory)
    const rule = { match: '*', translate: 'off', upstream: 'studio' }
    expect(await refused('PUT', RULES, rule)).toMatchObject({ code: 'gateway_not_running' })
  })
})

test('the API takes the same defaults as the configuration', () => {
  const { schema } = modelRuleOperations.putModelRule.request.body.content['application/json']
  const bare = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(bare)
    if (typeof value !== 'object' || value === null) return value
    const kept = Object.entries(value).filter(([name]) => !['description', 'examples', 'x-type'].includes(name))
    return Object.fromEntries(kept.map(([name, one]) => [name, bare(one)]))
  }
  const rule = (of: z.ZodType) => bare(z.toJSONSchema(of, { io: 'input' })) as { properties: Record<string, unknown> }
  const configured = (rule(models) as unknown as { items: { properties: Record<string, { properties: object }> } })
    .items
  const asked = rule(schema).properties as Record<string, { properties: object }>
  expect(Object.keys(asked['defaults']?.properties ?? {})).toContain('num_ctx')
  expect(asked['defaults']?.properties).toEqual(configured.properties['defaults']?.properties)
  expect(asked['translate']).toEqual(configured.properties['translate'])
})
