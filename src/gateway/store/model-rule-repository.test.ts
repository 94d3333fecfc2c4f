import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { ModelRuleRepository } from './model-rule-repository.ts'
import { ModelRuleWriter } from './model-rule-writer.ts'

const OTHER = 'org_2'
const BY = { created_by: 'local admin' }
const TERMS = { translate: 'off', defaults: '{"num_ctx":1024}' } as const

function newRule(canonical: string, given: { readonly org_id?: string; readonly upstream?: string } = {}) {
  return { org_id: 'default', canonical, upstream: '', match: canonical.toUpperCase(), ...TERMS, ...BY, ...given }
}

function newAlias(canonical: string, given: { readonly org_id?: string } = {}) {
  return { org_id: 'default', canonical, name: canonical.toUpperCase(), model: 'tiny', ...BY, ...given }
}

describeDatabases((open) => {
  async function start() {
    const database = await open()
    const org = { slug: 'two', name: 'Two', settings: '{}', version: 1, created_at: 0, updated_at: 0 }
    await database.db
      .insertInto('orgs')
      .values({ id: OTHER, ...org })
      .execute()
    const { store, clock } = await openTestStore(database)
    return {
      clock,
      database,
      repository: new ModelRuleRepository(database),
      write: <T>(run: (writer: ModelRuleWriter) => Promise<T>): Promise<T> =>
        recordedChange(store, (change) => run(new ModelRuleWriter(change))),
      async marked() {
        const marks = await database.db.selectFrom('changes').selectAll().orderBy('seq').execute()
        return marks.map(({ noun, thing_id }) => `${noun} ${thing_id}`)
      },
    }
  }

  test('what an org says is listed as it was added, with its org or with all', async () => {
    const { clock, repository, write } = await start()
    const at = { version: 1, created_at: clock.now(), updated_at: clock.now() }
    expect(await write((writer) => writer.insertRule(newRule('b')))).toEqual({ ...newRule('b'), ...at })
    expect(await write((writer) => writer.insertAlias(newAlias('b')))).toEqual({ ...newAlias('b'), ...at })
    clock.advance(1)
    await write((writer) => writer.insertRule(newRule('a')))
    await write((writer) => writer.insertRule(newRule('a', { upstream: 'up_1' })))
    await write((writer) => writer.insertAlias(newAlias('a')))
    await write((writer) => writer.insertRule(newRule('c', { org_id: OTHER })))
    await write((writer) => writer.insertAlias(newAlias('c', { org_id: OTHER })))
    const rules = async (...orgIds: string[]) =>
      (await repository.rules(orgIds)).map(({ canonical, upstream }) => canonical + upstream)
    expect(await rules('default')).toEqual(['b', 'a', 'aup_1'])
    expect(await rules('default', OTHER)).toEqual(['b', 'a', 'aup_1', 'c'])
    expect((await repository.rules()).length).toBe(4)
    const names = async (...orgIds: string[]) => (await repository.aliases(orgIds)).map(({ name }) => name)
    expect(await names('default')).toEqual(['B', 'A'])
    expect(await names(OTHER)).toEqual(['C'])
    expect((await repository.aliases()).length).toBe(3)
  })

  test('there is one of a name and an upstream in an org', async () => {
    const { write } = await start()
    await write((writer) => writer.insertRule(newRule('a')))
    await write((writer) => writer.insertAlias(newAlias('a')))
    await expect(write((writer) => writer.insertRule(newRule('a')))).rejects.toThrow()
    await expect(write((writer) => writer.insertAlias(newAlias('a')))).rejects.toThrow()
  })

  test('each change marks the org, and what is changed is in its next version', async () => {
    const { clock, repository, write, marked } = await start()
    const rule = await write((writer) => writer.insertRule(newRule('a')))
    const alias = await write((writer) => writer.insertAlias(newAlias('a')))
    await write((writer) => writer.insertRule(newRule('a', { upstream: 'up_1' })))
    clock.advance(1)
    const terms = { match: 'A', translate: null, defaults: '{}' }
    const next = { version: 2, updated_at: clock.now() }
    expect(await write((writer) => writer.setRule(rule, terms))).toEqual({ ...rule, ...terms, ...next })
    const meant = { name: 'a', model: 'other' }
    expect(await write((writer) => writer.setAlias(alias, meant))).toEqual({ ...alias, ...meant, ...next })
    expect(await write((writer) => writer.removeRule(rule))).toMatchObject({ canonical: 'a', upstream: '' })
    expect(await write((writer) => writer.removeAlias(alias))).toMatchObject({ model: 'other' })
    expect(await write((writer) => writer.removeAlias(alias))).toBeUndefined()
    expect((await repository.rules()).map(({ upstream }) => upstream)).toEqual(['up_1'])
    expect(await marked()).toEqual(Array(8).fill('models default'))
  })

  test('all of an org are removed, and go with it', async () => {
    const { database, repository, write } = await start()
    for (const org_id of ['default', OTHER]) {
      await write((writer) => writer.insertRule(newRule('a', { org_id })))
      await write((writer) => writer.insertAlias(newAlias('a', { org_id })))
    }
    const removed = await write((writer) => writer.removeAll('default'))
    expect([removed.rules, removed.aliases]).toMatchObject([[{ org_id: 'default' }], [{ org_id: 'default' }]])
    expect((await repository.rules()).map(({ org_id }) => org_id)).toEqual([OTHER])
    await database.db.deleteFrom('orgs').where('id', '=', OTHER).execute()
    expect([await repository.rules(), await repository.aliases()]).toEqual([[], []])
  })
})
