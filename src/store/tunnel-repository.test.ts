import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { PairingRepository } from './pairing-repository.ts'
import type { NewTunnel, TunnelBounds } from './tunnel-change.ts'
import { type NewToken, TunnelRepository } from './tunnel-repository.ts'

const AT = Date.UTC(2026, 0, 1)
const NO_MACHINE = { machine_name: null, machine_platform: null, machine_arch: null, machine_software: null }
const MACHINE = { machine_name: 'box', machine_platform: 'linux', machine_arch: 'x64', machine_software: 'punku/1' }

const newTunnel = (id: string, given: Partial<NewTunnel> = {}): NewTunnel => ({
  id,
  org_id: 'org',
  created_at: AT,
  created_by: 'ada',
  ...NO_MACHINE,
  ...given,
})
const within = (label: string, maxTunnels = 5): TunnelBounds => ({
  maxTunnels,
  chooseLabel: (taken) => (taken.has(label) ? undefined : label),
})
const newToken = (id: string, at = AT): NewToken => ({ id, hash: `hash of ${id}`, at, expiresAt: at + 1_000 })

describeDatabases((open) => {
  async function partsOn() {
    const database = await open()
    const tunnels = new TunnelRepository(database)
    const pairings = new PairingRepository(database)
    const insert = (id: string, label = id, given: Partial<NewTunnel> = {}) =>
      tunnels.insert(newTunnel(id, given), within(label), newToken(`token of ${id}`))
    /** Gives a tunnel its refresh token, in exchange for the one-time token that `insert` gave it. */
    const pair = (id: string) =>
      pairings.redeem(`token of ${id}`, { id: `refresh of ${id}`, hash: 'h', at: AT + 1, expiresAt: AT + 9 })
    return { database, tunnels, pairings, insert, pair }
  }

  test('a stored tunnel is live, not paired, and waits for its token', async () => {
    const { tunnels, pairings, insert } = await partsOn()
    const stored = await insert('t1', 'gpu')
    expect(stored).toEqual({
      ...newTunnel('t1'),
      label: 'gpu',
      updated_at: AT,
      credential_version: 1,
      paired_at: null,
      last_seen_at: null,
      revoked_at: null,
    })
    expect(await tunnels.findById('t1')).toEqual(stored)
    expect(await tunnels.findById('t2')).toBeUndefined()
    expect(await pairings.findById('token of t1')).toMatchObject({
      state: 'approved',
      tunnel_id: 't1',
      user_code: null,
    })
  })

  test('tunnels are listed by org, oldest first, and the live ones of all', async () => {
    const { tunnels, insert } = await partsOn()
    await insert('t2', 'b', { created_at: AT + 5 })
    await insert('t1', 'a')
    await insert('t3', 'a', { org_id: 'other' })
    await tunnels.revoke('t1', AT + 6)
    expect((await tunnels.list('org')).map(({ id }) => id)).toEqual(['t1', 't2'])
    expect((await tunnels.listLive()).map(({ id }) => id)).toEqual(['t3', 't2'])
  })

  test('a label and a place are taken until their tunnel is revoked, each in its org', async () => {
    const { tunnels, pairings, insert } = await partsOn()
    await insert('t1', 'gpu')
    expect(await insert('t2', 'gpu')).toBe('label')
    expect(await insert('t3', 'gpu', { org_id: 'other' })).toMatchObject({ label: 'gpu' })
    expect(await tunnels.insert(newTunnel('t4'), within('b', 1), newToken('x'))).toBe('limit')
    expect(await tunnels.findById('t4')).toBeUndefined()
    expect([await pairings.findById('token of t2'), await pairings.findById('x')]).toEqual([undefined, undefined])
    await tunnels.revoke('t1', AT + 1)
    expect(await tunnels.insert(newTunnel('t4'), within('gpu', 1), newToken('x'))).toMatchObject({ id: 't4' })
  })

  test('tunnels made at once stay within the bound', async () => {
    const { tunnels, insert } = await partsOn()
    const results = await Promise.all(Array.from({ length: 12 }, (_, index) => insert(`t${index}`)))
    expect(results.filter((result) => result === 'limit')).toHaveLength(7)
    const live = await tunnels.listLive()
    expect(live).toHaveLength(5)
    expect(new Set(live.map((row) => row.updated_at)).size).toBe(5)
  })

  test('a tunnel gets another label, unless another live one of its org has it', async () => {
    const { tunnels, insert } = await partsOn()
    await insert('t1', 'a')
    await insert('t2', 'b')
    await insert('t3', 'c', { org_id: 'other' })
    expect(await tunnels.rename('t1', 'b', AT + 1)).toBe('taken')
    expect(await tunnels.rename('t1', 'c', AT + 1)).toMatchObject({ id: 't1', label: 'c' })
    expect(await tunnels.rename('t1', 'c', AT + 2)).toMatchObject({ label: 'c' })
    await tunnels.revoke('t2', AT + 3)
    expect(await tunnels.rename('t1', 'b', AT + 4)).toMatchObject({ label: 'b' })
    expect(await tunnels.rename('t2', 'd', AT + 5)).toBe('gone')
    expect(await tunnels.rename('nobody', 'd', AT + 5)).toBe('gone')
  })

  test('a rotation ends the refresh token and any one-time token, and stores a new one', async () => {
    const { tunnels, pairings, insert, pair } = await partsOn()
    await insert('t1')
    expect(await pair('t1')).toMatchObject({ id: 't1', paired_at: AT + 1 })
    expect(await tunnels.rotate('t1', newToken('second', AT + 2))).toMatchObject({
      credential_version: 2,
      paired_at: null,
    })
    expect(await tunnels.findCredential('refresh of t1')).toBeUndefined()
    expect(await tunnels.rotate('t1', newToken('third', AT + 3))).toMatchObject({ credential_version: 3 })
    expect(await pairings.findById('second')).toBeUndefined()
    expect(await pairings.findById('third')).toMatchObject({ tunnel_id: 't1', state: 'approved' })
  })

  test('a rotation or the end of one tunnel leaves the others alone', async () => {
    const { tunnels, pairings, insert, pair } = await partsOn()
    for (const id of ['t1', 't2', 't3']) await insert(id)
    await pair('t2')
    await tunnels.rotate('t1', newToken('second'))
    await tunnels.revoke('t1', AT + 1)
    expect(await tunnels.findCredential('refresh of t2')).toBeDefined()
    expect(await pairings.findById('token of t3')).toBeDefined()
  })

  test('a revoked tunnel stays as a row, and nothing opens or changes it', async () => {
    const { tunnels, pairings, insert, pair } = await partsOn()
    await insert('t1')
    await insert('t2')
    await pair('t1')
    expect(await tunnels.revoke('t1', AT + 1)).toBe(true)
    expect(await tunnels.revoke('t2', AT + 1)).toBe(true)
    const mark = await tunnels.changeMark()
    expect(await tunnels.findCredential('refresh of t1')).toBeUndefined()
    expect(await pairings.findById('token of t2')).toBeUndefined()
    expect(await tunnels.revoke('t1', AT + 2)).toBe(false)
    expect(await tunnels.rotate('t1', newToken('x'))).toBeUndefined()
    expect(await tunnels.findById('t1')).toMatchObject({ revoked_at: AT + 1, credential_version: 1 })
    expect(await tunnels.changeMark()).toBe(mark)
  })

  test('a refresh token that is used lives on, unless its tunnel ended meanwhile', async () => {
    const { tunnels, insert, pair } = await partsOn()
    await insert('t1')
    await pair('t1')
    const mark = await tunnels.changeMark()
    expect(await tunnels.useCredential('refresh of t1', AT + 100)).toMatchObject({ id: 't1' })
    expect(await tunnels.findCredential('refresh of t1')).toMatchObject({ expires_at: AT + 100 })
    expect(await tunnels.changeMark()).toBe(mark)
    await tunnels.revoke('t1', AT + 1)
    expect(await tunnels.useCredential('refresh of t1', AT + 200)).toBeUndefined()
  })

  test('every change moves the mark, even in the same millisecond or by a clock that is behind', async () => {
    const { tunnels, insert, pair } = await partsOn()
    const marks = [await tunnels.changeMark()]
    const changes = [
      () => insert('t1'),
      () => insert('t2'),
      () => pair('t1'),
      () => tunnels.rename('t1', 'c', AT),
      () => tunnels.rotate('t2', newToken('x', AT - 60_000)),
      () => tunnels.revoke('t1', AT),
    ]
    for (const change of changes) {
      await change()
      marks.push(await tunnels.changeMark())
    }
    expect(new Set(marks).size).toBe(marks.length)
  })

  test('when tunnels were last seen only moves forward, and leaves the mark alone', async () => {
    const { tunnels, insert } = await partsOn()
    await insert('t1')
    await insert('t2')
    const mark = await tunnels.changeMark()
    await tunnels.touch(new Map())
    await tunnels.touch(new Map([['t1', { at: AT + 5, machine: MACHINE }]]))
    await tunnels.touch(
      new Map([
        ['t1', { at: AT + 3, machine: NO_MACHINE }],
        ['nobody', { at: AT, machine: MACHINE }],
      ]),
    )
    expect(await tunnels.list('org')).toMatchObject([
      { last_seen_at: AT + 5, ...MACHINE },
      { last_seen_at: null, ...NO_MACHINE },
    ])
    expect(await tunnels.changeMark()).toBe(mark)
  })
})
