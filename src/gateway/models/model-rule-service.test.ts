import { expect, onTestFinished, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import { openTestStore } from '../../../test/support/store.ts'
import { createLog } from '../../core/log.ts'
import type { OpenDatabase } from '../store/database.ts'
import { ModelRuleRepository } from '../store/model-rule-repository.ts'
import { MAX_ORG_RULES, ModelRuleService, removeModelRulesWithin, type WantedModelRule } from './model-rule-service.ts'
import { ModelRules } from './model-rules.ts'
import { StoredModelRules } from './stored-model-rules.ts'

const ORG = LOCAL.orgId
const CONFIGURED = {
  models: [{ match: 'set*', defaults: { num_ctx: 2_048 } }],
  aliases: [{ name: 'set', model: 'tiny' }],
}
const UPSTREAM = { id: 'up_1', label: 'studio', orgId: ORG }

function wanted(match: string, given: Partial<WantedModelRule> = {}): WantedModelRule {
  return { match, upstream: undefined, version: undefined, translate: undefined, defaults: { top_k: 1 }, ...given }
}

/** A process on the database. */
async function startOn(database: OpenDatabase) {
  const { store, feed, entries, clock } = await openTestStore(database)
  store.followedBy(() => feed.refresh())
  const repository = new ModelRuleRepository(database)
  const rules = new ModelRules(CONFIGURED)
  const stored = new StoredModelRules({ repository, rules, log: createLog({ level: 'silent', format: 'json' }) })
  feed.follow('models', stored)
  await feed.start(() => stored.start())
  onTestFinished(() => feed.close())
  const service = new ModelRuleService({ store, repository, configured: CONFIGURED })
  return { store, entries, clock, rules, service }
}

describeDatabases((open) => {
  test('what is set holds at once, here after the next start, and in another process within a second', async () => {
    const database = await open()
    const [here, there] = [await startOn(database), await startOn(database)]
    await here.service.putRule(LOCAL, wanted('A*', { defaults: { num_ctx: 512 } }))
    await here.service.putAlias(LOCAL, { name: 'Fast', model: 'tiny', version: undefined })
    const { rules: next } = await startOn(database)
    for (const rules of [here.rules, next]) {
      expect(rules.ruleOf(UPSTREAM, 'ab:latest').defaults).toEqual({ num_ctx: 512 })
      expect(rules.modelOf(ORG, 'fast:latest')).toBe('tiny')
    }
    there.clock.advance(500)
    await expect.poll(() => there.rules.ruleOf(UPSTREAM, 'ab:latest').defaults).toEqual({ num_ctx: 512 })
    await here.service.removeRule(LOCAL, { match: 'a*', upstream: undefined })
    await here.service.removeAlias(LOCAL, 'fast:latest')
    expect(here.rules.orgIds).toEqual([])
    there.clock.advance(500)
    await expect.poll(() => there.rules.orgIds).toEqual([])
  })

  test('each change is recorded, with what was and what is', async () => {
    const { service, entries } = await startOn(await open())
    await service.putRule(LOCAL, wanted('a'))
    await service.putRule(LOCAL, wanted('A:latest', { translate: 'off', defaults: {} }))
    await service.removeRule(LOCAL, { match: 'a', upstream: undefined })
    await service.putAlias(LOCAL, { name: 'b', model: 'tiny', version: undefined })
    await service.removeAlias(LOCAL, 'b')
    const rule = { upstream: null, translate: null }
    const said = entries.map(({ action, target_name, before, after }) => [
      action,
      target_name,
      JSON.parse(before ?? 'null'),
      JSON.parse(after ?? 'null'),
    ])
    const second = { ...rule, match: 'A:latest', translate: 'off' }
    expect(said).toEqual([
      ['rule.set', 'a', null, { ...rule, match: 'a', top_k: 1 }],
      ['rule.set', 'A:latest', { ...rule, match: 'a', top_k: 1 }, second],
      ['rule.remove', 'A:latest', second, null],
      ['alias.set', 'b', null, { name: 'b', model: 'tiny' }],
      ['alias.remove', 'b', { name: 'b', model: 'tiny' }, null],
    ])
  })

  test('lists are in the order in which they decide, those of the configuration last', async () => {
    const { service } = await startOn(await open())
    for (const match of ['*', 'a']) await service.putRule(LOCAL, wanted(match))
    await service.putRule(LOCAL, wanted('*', { upstream: 'up_1' }))
    for (const name of ['b*', 'b']) await service.putAlias(LOCAL, { name, model: 'tiny', version: undefined })
    const rules = await service.listRules(ORG)
    expect(rules.map(({ match, upstream, version }) => [match, upstream, version])).toEqual([
      ['a', undefined, 1],
      ['*', 'up_1', 1],
      ['*', undefined, 1],
      ['set*', undefined, undefined],
    ])
    const aliases = await service.listAliases(ORG)
    expect(aliases.map(({ name, version }) => [name, version])).toEqual([
      ['b', 1],
      ['b*', 1],
      ['set', undefined],
    ])
  })

  test('of several who change one at once, those who saw an older version are told', async () => {
    const { service } = await startOn(await open())
    expect((await service.putRule(LOCAL, wanted('a', { version: 0 }))).version).toBe(1)
    const tries = await Promise.allSettled([1, 1, 1].map((version) => service.putRule(LOCAL, wanted('a', { version }))))
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    await expect(service.putRule(LOCAL, wanted('a', { version: 0 }))).rejects.toMatchObject({
      code: 'version_conflict',
    })
    const alias = { name: 'b', model: 'tiny' }
    expect((await service.putAlias(LOCAL, { ...alias, version: 0 })).version).toBe(1)
    await expect(service.putAlias(LOCAL, { ...alias, version: 2 })).rejects.toMatchObject({ code: 'version_conflict' })
    expect((await service.putAlias(LOCAL, { ...alias, version: 1 })).version).toBe(2)
  })

  test('an org has as many as it may have, and others as before', async () => {
    const database = await open()
    const { service, store } = await startOn(database)
    const rows = Array.from({ length: MAX_ORG_RULES }, (_, at) => `name-${at}`)
    const columns = { org_id: ORG, version: 1, created_at: 0, updated_at: 0, created_by: 'x' }
    await database.db
      .insertInto('model_rules')
      .values(rows.map((match) => ({ ...columns, match, canonical: match, upstream: '', defaults: '{"top_k":1}' })))
      .execute()
    await database.db
      .insertInto('model_aliases')
      .values(rows.map((name) => ({ ...columns, name, canonical: name, model: 'tiny' })))
      .execute()
    await expect(service.putRule(LOCAL, wanted('more'))).rejects.toMatchObject({ code: 'limit_reached' })
    const more = { name: 'more', model: 'tiny', version: undefined }
    await expect(service.putAlias(LOCAL, more)).rejects.toMatchObject({ code: 'limit_reached' })
    await store.change(LOCAL, (change) => removeModelRulesWithin(change, ORG))
    expect((await service.putAlias(LOCAL, more)).version).toBe(1)
  })

  test('what can be no rule and no alias is refused at its field', async () => {
    const { service } = await startOn(await open())
    const invalid = (param: string) => ({ code: 'invalid_request', param })
    await expect(service.putRule(LOCAL, wanted(' a'))).rejects.toMatchObject(invalid('match'))
    await expect(service.putRule(LOCAL, wanted('a', { defaults: {} }))).rejects.toMatchObject(invalid('defaults'))
    const alias = { name: 'a', model: 'tiny', version: undefined }
    await expect(service.putAlias(LOCAL, { ...alias, name: ' ' })).rejects.toMatchObject(invalid('name'))
    await expect(service.putAlias(LOCAL, { ...alias, model: 'b*' })).rejects.toMatchObject(invalid('model'))
    await expect(service.putAlias(LOCAL, { ...alias, model: 'A:latest' })).rejects.toMatchObject(invalid('model'))
    const missing = service.removeRule(LOCAL, { match: 'a', upstream: undefined })
    await expect(missing).rejects.toMatchObject({ code: 'not_found' })
    await expect(service.removeAlias(LOCAL, 'a')).rejects.toMatchObject({ code: 'not_found' })
    const set = service.removeRule(LOCAL, { match: 'SET*', upstream: undefined })
    await expect(set).rejects.toMatchObject(invalid('match'))
    await expect(service.removeAlias(LOCAL, 'set')).rejects.toMatchObject(invalid('name'))
  })
})
