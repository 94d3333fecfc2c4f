import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { type NewUpstream, UpstreamRepository } from './upstream-repository.ts'

const AT = Date.UTC(2026, 0, 1)

function newUpstream(id: string, given: Partial<NewUpstream> = {}): NewUpstream {
  const columns = { label: `label of ${id}`, url: 'http://box:1', kind: null, credential: null }
  return { id, org_id: 'default', ...columns, created_at: AT, created_by: 'local admin', ...given }
}

/** A second org. */
const OTHER = { id: 'org_2', slug: 'two', name: 'Two', settings: '{}', version: 1, created_at: AT, updated_at: AT }

describeDatabases((open) => {
  async function openUpstreams() {
    const database = await open()
    await database.db.insertInto('orgs').values(OTHER).execute()
    return { database, upstreams: new UpstreamRepository(database) }
  }

  test('a stored upstream is found by id and by label, in its org only', async () => {
    const { upstreams } = await openUpstreams()
    const row = newUpstream('up_1', { kind: 'openai', credential: 'sealed' })
    expect(await upstreams.insert(row)).toBe(true)
    const stored = { ...row, version: 1, updated_at: AT }
    expect(await upstreams.find('default', 'up_1')).toEqual(stored)
    expect(await upstreams.find('default', 'label of up_1')).toEqual(stored)
    expect(await upstreams.find('org_2', 'up_1')).toBeUndefined()
    expect(await upstreams.find('org_2', 'label of up_1')).toBeUndefined()
    expect(await upstreams.find('default', 'up_2')).toBeUndefined()
  })

  test('an id comes before a label that looks like one', async () => {
    const { upstreams } = await openUpstreams()
    await upstreams.insert(newUpstream('up_1', { label: 'up_2', created_at: AT - 1 }))
    await upstreams.insert(newUpstream('up_2'))
    expect((await upstreams.find('default', 'up_2'))?.id).toBe('up_2')
  })

  test('those of all orgs are listed oldest first', async () => {
    const { upstreams } = await openUpstreams()
    await upstreams.insert(newUpstream('up_3', { created_at: AT + 5 }))
    await upstreams.insert(newUpstream('up_2'))
    await upstreams.insert(newUpstream('up_1', { org_id: 'org_2' }))
    expect((await upstreams.list()).map(({ id }) => id)).toEqual(['up_1', 'up_2', 'up_3'])
  })

  test('a label is taken in its org, and free in another', async () => {
    const { upstreams } = await openUpstreams()
    await upstreams.insert(newUpstream('up_1', { label: 'studio' }))
    expect(await upstreams.insert(newUpstream('up_2', { label: 'studio' }))).toBe(false)
    expect(await upstreams.insert(newUpstream('up_3', { label: 'studio', org_id: 'org_2' }))).toBe(true)
    expect((await upstreams.list()).map(({ id }) => id)).toEqual(['up_1', 'up_3'])
  })

  test('a change is made to the version that was seen, once', async () => {
    const { upstreams } = await openUpstreams()
    const row = newUpstream('up_1')
    await upstreams.insert(row)
    await upstreams.insert(newUpstream('up_2', { label: 'studio' }))
    const seen = { ...row, version: 1 }
    const columns = { label: 'attic', url: 'http://box:2', kind: 'ollama', credential: 'sealed' } as const
    expect(await upstreams.change(seen, { ...columns, label: 'studio' }, AT + 1)).toBe('label_taken')
    const both = await Promise.all([upstreams.change(seen, columns, AT + 1), upstreams.change(seen, columns, AT + 1)])
    expect(both.filter((one) => one !== 'outdated')).toEqual([{ ...row, ...columns, version: 2, updated_at: AT + 1 }])
    expect(await upstreams.change({ ...seen, id: 'up_9' }, columns, AT + 1)).toBe('label_taken')
    expect(await upstreams.change({ ...seen, id: 'up_9' }, { ...columns, label: 'x' }, AT + 1)).toBe('outdated')
  })

  test('one that was removed is gone, once', async () => {
    const { upstreams } = await openUpstreams()
    await upstreams.insert(newUpstream('up_1'))
    expect(await upstreams.remove('up_1')).toBe(true)
    expect(await upstreams.remove('up_1')).toBe(false)
    expect(await upstreams.list()).toEqual([])
  })

  test('those of an org go with it', async () => {
    const { database, upstreams } = await openUpstreams()
    await upstreams.insert(newUpstream('up_1', { org_id: 'org_2' }))
    await database.db.deleteFrom('orgs').where('id', '=', 'org_2').execute()
    expect(await upstreams.list()).toEqual([])
  })

  test('every change is seen by its mark, also when one takes the place of another in the same moment', async () => {
    const { upstreams } = await openUpstreams()
    const marks = [await upstreams.changeMark()]
    const note = async () => marks.push(await upstreams.changeMark())
    await upstreams.insert(newUpstream('up_1'))
    await note()
    await upstreams.insert(newUpstream('up_2'))
    await note()
    await upstreams.remove('up_2')
    await upstreams.insert(newUpstream('up_3'))
    await note()
    await upstreams.change({ ...newUpstream('up_1'), version: 1 }, newUpstream('up_1'), AT)
    await note()
    expect(new Set(marks).size).toBe(marks.length)
  })
})
