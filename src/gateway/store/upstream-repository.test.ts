import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { UpstreamRepository } from './upstream-repository.ts'
import { type NewUpstream, UpstreamWriter } from './upstream-writer.ts'

const OTHER = 'org_2'

function newUpstream(id: string, given: Partial<NewUpstream> = {}): NewUpstream {
  const columns = { label: `label of ${id}`, url: 'http://box:1', kind: null, credential: null }
  return { id, org_id: 'default', ...columns, created_by: 'local admin', ...given }
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
    const write = <T>(run: (upstreams: UpstreamWriter) => Promise<T>): Promise<T> =>
      recordedChange(store, (change) => run(new UpstreamWriter(change)))
    return {
      clock,
      upstreams: new UpstreamRepository(database),
      write,
      insert: (id: string, given: Partial<NewUpstream> = {}) =>
        write((upstreams) => upstreams.insert(newUpstream(id, given))),
      async marked() {
        const marks = await database.db.selectFrom('changes').selectAll().orderBy('seq').execute()
        return marks.map(({ noun, thing_id }) => `${noun} ${thing_id}`)
      },
    }
  }

  test('a stored upstream is found by id and by label, in its org only', async () => {
    const { clock, upstreams, insert } = await start()
    const stored = await insert('up_1', { kind: 'openai', credential: 'sealed' })
    const times = { version: 1, created_at: clock.now(), updated_at: clock.now() }
    expect(stored).toEqual({ ...newUpstream('up_1', { kind: 'openai', credential: 'sealed' }), ...times })
    expect(await upstreams.find('default', 'up_1')).toEqual(stored)
    expect(await upstreams.find('default', 'label of up_1')).toEqual(stored)
    expect(await upstreams.find(OTHER, 'up_1')).toBeUndefined()
    expect(await upstreams.find(OTHER, 'label of up_1')).toBeUndefined()
  })

  test('one with the id is meant before one with the label', async () => {
    const { upstreams, insert } = await start()
    await insert('up_1', { label: 'up_2' })
    await insert('up_2')
    expect((await upstreams.find('default', 'up_2'))?.id).toBe('up_2')
  })

  test('those of every org are listed, oldest first, or some by their ids', async () => {
    const { clock, upstreams, insert } = await start()
    await insert('up_2')
    await insert('up_1', { org_id: OTHER })
    clock.advance(5)
    await insert('up_0')
    expect((await upstreams.list()).map(({ id }) => id)).toEqual(['up_1', 'up_2', 'up_0'])
    expect((await upstreams.listByIds(['up_0', 'up_9'])).map(({ id }) => id)).toEqual(['up_0'])
  })

  test('a label is taken in its org, and free in another', async () => {
    const { insert, write } = await start()
    await insert('up_1', { label: 'studio' })
    const taken = await write((upstreams) =>
      Promise.all([
        upstreams.isLabelTaken('default', 'studio'),
        upstreams.isLabelTaken('default', 'studio', 'up_1'),
        upstreams.isLabelTaken(OTHER, 'studio'),
      ]),
    )
    expect(taken).toEqual([true, false, false])
  })

  test('each change is marked: whoever follows hears of it, and what is changed is in its next version', async () => {
    const { clock, upstreams, insert, write, marked } = await start()
    const row = await insert('up_1')
    clock.advance(1)
    const columns = { label: 'attic', url: 'http://box:2', kind: 'ollama', credential: 'sealed' } as const
    const changed = await write((writer) => writer.set(row, columns))
    expect(changed).toEqual({ ...row, ...columns, version: 2, updated_at: clock.now() })
    await write((writer) => writer.remove('up_1'))
    expect(await marked()).toEqual(Array(3).fill('upstreams up_1'))
    expect(await upstreams.list()).toEqual([])
  })

  test('all of an org are removed, and only they are marked', async () => {
    const { upstreams, insert, write, marked } = await start()
    await insert('up_1')
    const row = await insert('up_2', { org_id: OTHER })
    expect(await write((writer) => writer.removeAll(OTHER))).toEqual([row])
    expect((await marked()).slice(2)).toEqual(['upstreams up_2'])
    expect((await upstreams.list()).map(({ id }) => id)).toEqual(['up_1'])
  })
})
