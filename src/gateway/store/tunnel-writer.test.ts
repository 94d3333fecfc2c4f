import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { newTunnel, openTunnels } from '../../../test/support/stored-tunnels.ts'
import { PairingRepository } from './pairing-repository.ts'

describeDatabases((open) => {
  async function start() {
    const parts = await openTunnels(await open())
    const marked = async () => {
      const marks = await parts.database.db.selectFrom('changes').selectAll().orderBy('seq').execute()
      return marks.map(({ noun, thing_id }) => `${noun} ${thing_id}`)
    }
    return { ...parts, pairings: new PairingRepository(parts.database), marked }
  }

  test('a stored tunnel is live, not paired, and waits for its token', async () => {
    const { tunnels, pairings, insert, clock } = await start()
    const stored = await insert('t1', { label: 'gpu' })
    expect(stored).toEqual({
      ...newTunnel('t1', { label: 'gpu' }),
      created_at: clock.now(),
      updated_at: clock.now(),
      credential_version: 1,
      paired_at: null,
      last_seen_at: null,
      revoked_at: null,
    })
    expect(await tunnels.find('org', 't1')).toEqual(stored)
    const waiting = { state: 'approved', tunnel_id: 't1', user_code: null }
    expect(await pairings.findById('token of t1')).toMatchObject(waiting)
  })

  test('a label and a place are taken until their tunnel is revoked, each in its org', async () => {
    const { insert, write } = await start()
    await insert('t1', { label: 'gpu' })
    await insert('t2', { label: 'gpu-2' })
    await insert('t3', { label: 'gpu-3', org_id: 'other' })
    const look = () =>
      write(async (tunnels) => ({
        count: await tunnels.countLive('org'),
        isTaken: await tunnels.isLabelTaken('org', 'gpu'),
        isOthers: await tunnels.isLabelTaken('org', 'gpu', 't1'),
        from: [...(await tunnels.labelsFrom('org', 'gpu'))].toSorted(),
      }))
    expect(await look()).toEqual({ count: 2, isTaken: true, isOthers: false, from: ['gpu', 'gpu-2'] })
    await write((tunnels) => tunnels.revoke('t1'))
    expect(await look()).toEqual({ count: 1, isTaken: false, isOthers: false, from: ['gpu-2'] })
  })

  test('each change is marked: whoever follows hears of it', async () => {
    const { insert, pair, write, marked, tunnels, clock } = await start()
    await insert('t1')
    clock.advance(1)
    expect(await pair('t1')).toMatchObject({ paired_at: clock.now(), updated_at: clock.now() })
    await write((writer) => writer.rename('t1', 'gpu'))
    await write((writer) => writer.rotate({ id: 't1', credential_version: 1 }))
    await write((writer) => writer.revoke('t1'))
    expect(await marked()).toEqual(Array(5).fill('tunnels t1'))
    const ended = { label: 'gpu', credential_version: 2, revoked_at: clock.now() }
    expect(await tunnels.find('org', 't1')).toMatchObject(ended)
  })

  test('a rotation ends the refresh token and any one-time token; so does the end; the others are left alone', async () => {
    const { tunnels, pairings, insert, pair, write } = await start()
    for (const id of ['t1', 't2', 't3']) await insert(id)
    for (const id of ['t1', 't2']) await pair(id)
    const rotated = await write((writer) => writer.rotate({ id: 't1', credential_version: 1 }))
    expect(rotated).toMatchObject({ credential_version: 2, paired_at: null })
    expect(await tunnels.findCredential('refresh of t1')).toBeUndefined()
    expect(await pairings.findById('token of t1')).toBeUndefined()
    await write((writer) => writer.revoke('t3'))
    expect(await pairings.findById('token of t3')).toBeUndefined()
    expect(await tunnels.findCredential('refresh of t2')).toBeDefined()
    expect(await pairings.findById('token of t2')).toBeDefined()
  })

  test('all that are left of an org end, with what opened them, and only they are marked', async () => {
    const { tunnels, insert, pair, write, marked } = await start()
    for (const id of ['t1', 't2']) await insert(id)
    await insert('t3', { org_id: 'other' })
    for (const id of ['t2', 't3']) await pair(id)
    await write((writer) => writer.revoke('t1'))
    const before = await marked()
    const ended = await write((writer) => writer.revokeAll('org'))
    expect(ended.map(({ id }) => id)).toEqual(['t2'])
    expect((await marked()).slice(before.length)).toEqual(['tunnels t2'])
    expect(await tunnels.findCredential('refresh of t2')).toBeUndefined()
    expect(await tunnels.findCredential('refresh of t3')).toBeDefined()
    expect((await tunnels.listLive()).map(({ id }) => id)).toEqual(['t3'])
  })
})
