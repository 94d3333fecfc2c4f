import { expect, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { NO_MACHINE, openTunnels } from '../../../test/support/stored-tunnels.ts'
import { type TunnelPage, TunnelRepository } from './tunnel-repository.ts'

const MACHINE = { machine_name: 'box', machine_platform: 'linux', machine_arch: 'x64', machine_software: 'punku/1' }

describeDatabases((open) => {
  const start = async () => await openTunnels(await open())

  test('tunnels are listed by org, newest first, and the live ones of one or of all, oldest first', async () => {
    const { tunnels, insert, write, clock } = await start()
    await insert('t1', { label: 'a' })
    await insert('t3', { label: 'a', org_id: 'other' })
    clock.advance(5)
    await insert('t2', { label: 'b' })
    await write((writer) => writer.revoke('t1'))
    const ids = async (given: Partial<TunnelPage> = {}) =>
      (await tunnels.list('org', { after: undefined, limit: 9, ...given })).map(({ id }) => id)
    expect(await ids()).toEqual(['t2', 't1'])
    expect(await ids({ limit: 1 })).toEqual(['t2'])
    expect(await ids({ after: { at: clock.now(), id: 't2' } })).toEqual(['t1'])
    expect(await ids({ isRevoked: true })).toEqual(['t1'])
    expect(await ids({ isRevoked: false })).toEqual(['t2'])
    expect(await ids({ isRevoked: true, revokedHere: ['t2', 't3'] })).toEqual(['t2', 't1'])
    expect(await ids({ isRevoked: false, revokedHere: ['t2'] })).toEqual([])
    expect((await tunnels.listLive()).map(({ id }) => id)).toEqual(['t3', 't2'])
    expect((await tunnels.listLive('org')).map(({ id }) => id)).toEqual(['t2'])
    expect((await tunnels.listByIds(['t1', 't3', 'nobody'])).map(({ id }) => id).toSorted()).toEqual(['t1', 't3'])
  })

  test('one is found by its id, else by its label: the live one, or the newest', async () => {
    const { tunnels, insert, write, clock } = await start()
    for (const id of ['t1', 't2']) {
      await insert(id, { label: 'gpu' })
      await write((writer) => writer.revoke(id))
      clock.advance(1)
    }
    expect(await tunnels.find('org', 'gpu')).toMatchObject({ id: 't2' })
    await insert('t0', { label: 'gpu' })
    expect(await tunnels.find('org', 'gpu')).toMatchObject({ id: 't0' })
    expect(await tunnels.find('org', 't1')).toMatchObject({ id: 't1' })
    expect([await tunnels.find('other', 'gpu'), await tunnels.find('other', 't1')]).toEqual([undefined, undefined])
  })

  test('a refresh token that is used lives on, unless its tunnel ended meanwhile', async () => {
    const { tunnels, insert, pair, write, clock } = await start()
    await insert('t1')
    await pair('t1')
    const at = clock.now()
    expect(await tunnels.useCredential('refresh of t1', at + 100)).toMatchObject({ id: 't1', credential_version: 1 })
    expect(await tunnels.findCredential('refresh of t1')).toMatchObject({ expires_at: at + 100 })
    await write((writer) => writer.revoke('t1'))
    expect(await tunnels.useCredential('refresh of t1', at + 200)).toBeUndefined()
  })

  test('when tunnels were last seen only moves forward', async () => {
    const { tunnels, insert, clock } = await start()
    await insert('t1')
    await insert('t2')
    const at = clock.now()
    await tunnels.touch(new Map())
    await tunnels.touch(new Map([['t1', { at: at + 5, machine: MACHINE }]]))
    await tunnels.touch(
      new Map([
        ['t1', { at: at + 3, machine: NO_MACHINE }],
        ['nobody', { at, machine: MACHINE }],
      ]),
    )
    expect(await tunnels.listLive('org')).toMatchObject([
      { last_seen_at: at + 5, ...MACHINE },
      { last_seen_at: null, ...NO_MACHINE },
    ])
  })

  test('many sightings are few statements', async () => {
    const { database, insert, clock } = await start()
    await insert('t1')
    const counted = countQueries(database)
    const sightings = Array.from({ length: 1_001 }, (_, number) => {
      return [`t${number}`, { at: clock.now(), machine: MACHINE }] as const
    })
    await new TunnelRepository(counted).touch(new Map(sightings))
    expect(counted.takeCounts().statements).toBe(3)
    expect(await new TunnelRepository(database).listLive('org')).toMatchObject([MACHINE])
  })
})
