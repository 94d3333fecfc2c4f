import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { credentialParts } from '../../test/support/tunnel-credentials.ts'
import type { OpenDatabase } from '../store/database.ts'
import { TunnelRoll } from './tunnel-roll.ts'

const MACHINE = { name: 'box', platform: 'linux', arch: 'x64', software: 'punku/1' }

/** A gateway's roll, and the services of another process on the same database: nobody tells the roll of changes. */
function partsOn(database: OpenDatabase) {
  const parts = credentialParts(database)
  const seen = { logs: [] as string[], changes: [] as string[] }
  const log = pino({}, { write: (line: string) => void seen.logs.push(line) })
  const roll = new TunnelRoll({ repository: parts.repository, clock: parts.clock, log })
  roll.onChange(({ kind, tunnel }) => void seen.changes.push(`${kind} ${tunnel.label}`))
  const create = (label: string) => parts.tunnels.create({ orgId: 'org', label, by: 'ada' })
  return { ...parts, roll, seen, create }
}

describeDatabases((open) => {
  test('the live tunnels of every org are there, and none of them is news', async () => {
    const { roll, seen, create, tunnels } = partsOn(await open())
    const { tunnel } = await create('gpu')
    const other = await tunnels.create({ orgId: 'other', label: 'gpu', by: 'eve' })
    const gone = await create('gone')
    await tunnels.revoke('org', 'gone')
    await roll.start()
    expect(roll.get(tunnel.id)).toEqual(tunnel)
    expect(roll.get(gone.tunnel.id)).toBeUndefined()
    expect(new Set(roll.list())).toEqual(new Set([tunnel, other.tunnel]))
    expect(seen.changes).toEqual([])
    await roll.close()
  })

  test('what others do is told once, after the roll has it', async () => {
    const { roll, seen, create, tunnels, pairings } = partsOn(await open())
    await roll.start()
    const { tunnel, token } = await create('gpu')
    await roll.refresh()
    await tunnels.rename('org', 'gpu', 'cpu')
    await roll.refresh()
    await pairings.redeem(token.reveal())
    await roll.refresh()
    await tunnels.rotate('org', 'cpu')
    await roll.refresh()
    expect(roll.get(tunnel.id)).toMatchObject({ label: 'cpu', credentialVersion: 2 })
    roll.onChange(({ tunnel: { id } }) => expect(roll.get(id)).toBeUndefined())
    await tunnels.revoke('org', 'cpu')
    await roll.refresh()
    await roll.refresh()
    expect(seen.changes).toEqual(['added gpu', 'changed cpu', 'changed cpu', 'rotated cpu', 'revoked cpu'])
    expect(seen.logs).toEqual([])
    await roll.close()
  })

  test('a change by another process is seen within a second, and a use is no change', async () => {
    const { clock, roll, seen, create, tunnels, pairings } = partsOn(await open())
    const { token } = await create('gpu')
    const { refreshToken } = await pairings.redeem(token.reveal())
    await roll.start()
    await pairings.refresh(refreshToken?.reveal() ?? '')
    await tunnels.revoke('org', 'gpu')
    clock.advance(500)
    await vi.waitFor(() => expect(seen.changes).toEqual(['revoked gpu']))
    await roll.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('a rotation and a new label within one look are a rotation', async () => {
    const { roll, seen, create, tunnels } = partsOn(await open())
    await create('gpu')
    await roll.start()
    await tunnels.rotate('org', 'gpu')
    await tunnels.rename('org', 'gpu', 'cpu')
    await roll.refresh()
    expect(seen.changes).toEqual(['rotated cpu'])
    await roll.close()
  })

  test('the tunnels are read only when a change was marked', async () => {
    const database = await open()
    const { roll, create, tunnels } = partsOn(database)
    const { tunnel } = await create('gpu')
    await roll.start()
    await database.db.updateTable('tunnels').set({ created_by: 'nobody' }).execute()
    await roll.refresh()
    expect(roll.get(tunnel.id)?.createdBy).toBe('ada')
    await tunnels.rename('org', 'gpu', 'cpu')
    await roll.refresh()
    expect(roll.get(tunnel.id)?.createdBy).toBe('nobody')
    await roll.close()
  })

  test('a listener that fails does not keep others from hearing', async () => {
    const { roll, seen, create } = partsOn(await open())
    const late: string[] = []
    roll.onChange(() => {
      throw new Error('broken listener')
    })
    roll.onChange(({ kind }) => void late.push(kind))
    await roll.start()
    await create('gpu')
    await create('cpu')
    await roll.refresh()
    expect(late).toEqual(['added', 'added'])
    expect(seen.logs.join()).toContain('broken listener')
    await roll.close()
  })

  test('when a tunnel was last seen is written with others, half a minute later or at the end', async () => {
    const { clock, roll, seen, create, tunnels } = partsOn(await open())
    const { tunnel } = await create('gpu')
    await roll.start()
    const mark = clock.now()
    roll.seen(tunnel.id, MACHINE, mark)
    roll.seen(tunnel.id, { ...MACHINE, name: 'box\x1b[2J' }, mark + 1)
    roll.seen('tun_nobody', MACHINE, mark)
    clock.advance(29_999)
    await roll.refresh()
    expect((await tunnels.show('org', 'gpu')).lastSeenAt).toBeUndefined()
    clock.advance(501)
    await vi.waitFor(async () =>
      expect(await tunnels.show('org', 'gpu')).toMatchObject({
        lastSeenAt: mark + 1,
        machine: { ...MACHINE, name: 'box[2J' },
      }),
    )
    roll.seen(tunnel.id, MACHINE, mark + 40_000)
    await roll.close()
    expect(await tunnels.show('org', 'gpu')).toMatchObject({ lastSeenAt: mark + 40_000, machine: MACHINE })
    expect(seen.changes).toEqual([])
  })

  test('while the database is away the tunnels stand, and it is said once', async () => {
    const database = await open()
    const { clock, roll, seen, create } = partsOn(database)
    const { tunnel } = await create('gpu')
    await roll.start()
    await database.close()
    for (let poll = 0; poll < 3; poll++) {
      clock.advance(500)
      await expect(roll.refresh()).rejects.toThrow()
    }
    await vi.waitFor(() => expect(seen.logs.filter((line) => line.includes('tunnels cannot be read'))).toHaveLength(1))
    expect(roll.get(tunnel.id)).toEqual(tunnel)
    expect(seen.changes).toEqual([])
  })

  test('a sighting that could not be written is written later', async () => {
    const database = await open()
    const { clock, roll, seen, create, tunnels } = partsOn(database)
    const { tunnel } = await create('gpu')
    await roll.start()
    roll.seen(tunnel.id, MACHINE, clock.now())
    await database.db.schema.alterTable('tunnels').renameColumn('last_seen_at', 'hidden').execute()
    clock.advance(30_000)
    await vi.waitFor(() => expect(seen.logs.join()).toContain('tunnels cannot be read'))
    await database.db.schema.alterTable('tunnels').renameColumn('hidden', 'last_seen_at').execute()
    await roll.close()
    expect(await tunnels.show('org', 'gpu')).toMatchObject({ machine: MACHINE })
  })
})
