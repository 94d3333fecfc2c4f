import { pino } from 'pino'
import { expect, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { holdFirstAnswer } from '../../../test/support/held-database.ts'
import {
  ADA,
  type CredentialOptions,
  credentialParts,
  EVE,
  OLD_AGENT,
} from '../../../test/support/tunnel-credentials.ts'
import type { OpenDatabase } from '../store/database.ts'
import { TunnelRepository } from '../store/tunnel-repository.ts'
import { TunnelRoll } from './tunnel-roll.ts'

const MACHINE = { name: 'box', platform: 'linux', arch: 'x64', software: 'punku/1' }

/** A gateway's roll and its feed, and services that tell neither of changes, as those of another process. */
async function partsOn(database: OpenDatabase, options: CredentialOptions = {}) {
  const parts = await credentialParts(database, options)
  const seen = { logs: [] as string[], changes: [] as string[] }
  const log = pino({}, { write: (line: string) => void seen.logs.push(line) })
  const roll = new TunnelRoll({ repository: parts.repository, clock: parts.clock, log })
  parts.feed.follow('tunnels', roll)
  roll.onChange(({ kind, tunnel }) => void seen.changes.push(`${kind} ${tunnel.label}`))
  return {
    ...parts,
    roll,
    seen,
    async start() {
      await parts.feed.start()
      await roll.start()
    },
    async close() {
      await parts.feed.close()
      await roll.close()
    },
  }
}

describeDatabases((open, isSqlite) => {
  test('the live tunnels of every org are there, and none of them is news', async () => {
    const { roll, seen, tunnels, start, close } = await partsOn(await open())
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    const other = await tunnels.create(EVE, 'gpu')
    const gone = await tunnels.create(ADA, 'gone')
    await tunnels.revoke(ADA, 'gone')
    await start()
    expect(roll.get(tunnel.id)).toEqual(tunnel)
    expect(roll.get(gone.tunnel.id)).toBeUndefined()
    expect(new Set(roll.list())).toEqual(new Set([tunnel, other.tunnel]))
    expect(seen.changes).toEqual([])
    await close()
  })

  test('one change costs the same however many tunnels there are, here and where it is followed', async () => {
    const counts = []
    for (const count of [10, 500]) {
      const database = await open()
      const counted = countQueries(database)
      const { roll, feed, tunnels, start, close } = await partsOn(counted, { maxTunnels: 1_000 })
      const { tunnel } = await tunnels.create(ADA, 'gpu')
      await addTunnels(database, count)
      await start()
      counted.takeCounts()
      await tunnels.rename(ADA, 'gpu', 'cpu')
      await feed.refresh()
      await tunnels.revoke(ADA, 'cpu')
      await feed.refresh()
      counts.push(counted.takeCounts())
      expect([roll.list().length, roll.get(tunnel.id)]).toEqual([count, undefined])
      await close()
    }
    expect(counts[1]).toEqual(counts[0])
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  test('what others do is told once, after the roll has it', async () => {
    const { roll, feed, seen, tunnels, redeem, start, close } = await partsOn(await open())
    await start()
    const { tunnel, token } = await tunnels.create(ADA, 'gpu')
    await feed.refresh()
    await tunnels.rename(ADA, 'gpu', 'cpu')
    await feed.refresh()
    await redeem(token)
    await feed.refresh()
    await tunnels.rotate(ADA, 'cpu')
    await feed.refresh()
    expect(roll.get(tunnel.id)).toMatchObject({ label: 'cpu', credentialVersion: 2 })
    roll.onChange(({ tunnel: { id } }) => expect(roll.get(id)).toBeUndefined())
    await tunnels.revoke(ADA, 'cpu')
    await feed.refresh()
    await feed.refresh()
    expect(seen.changes).toEqual(['added gpu', 'changed cpu', 'changed cpu', 'rotated cpu', 'revoked cpu'])
    expect(seen.logs).toEqual([])
    await close()
  })

  test('a change by another process is seen within a second, and a use is no change', async () => {
    const { clock, seen, tunnels, pairings, redeem, start, close } = await partsOn(await open())
    const { token } = await tunnels.create(ADA, 'gpu')
    const { refreshToken } = await redeem(token)
    await start()
    await pairings.refresh(refreshToken?.reveal() ?? '', OLD_AGENT)
    await tunnels.revoke(ADA, 'gpu')
    clock.advance(500)
    await expect.poll(() => seen.changes).toEqual(['revoked gpu'])
    await close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('a rotation and a new label within one look are a rotation', async () => {
    const { feed, seen, tunnels, start, close } = await partsOn(await open())
    await tunnels.create(ADA, 'gpu')
    await start()
    await tunnels.rotate(ADA, 'gpu')
    await tunnels.rename(ADA, 'gpu', 'cpu')
    await feed.refresh()
    expect(seen.changes).toEqual(['rotated cpu'])
    await close()
  })

  test('a tunnel that is loaded while a change of it is told is not put back to what it was', async () => {
    const database = await open()
    const { tunnels, clock } = await credentialParts(database)
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    const slow = holdFirstAnswer(database)
    const roll = new TunnelRoll({ repository: new TunnelRepository(slow), clock, log: pino({ level: 'silent' }) })
    const loading = roll.start()
    await tunnels.revoke(ADA, 'gpu')
    const told = roll.changed([tunnel.id])
    // Time for what is told to come first, were it not to wait.
    await tunnels.listLive('org')
    slow.release()
    await Promise.all([loading, told])
    expect(roll.list()).toEqual([])
    await roll.close()
  })

  test('after a gap all are read again: what is gone is told, and so is what there is', async () => {
    const { roll, seen, tunnels, start, close } = await partsOn(await open())
    for (const label of ['gone', 'rotated', 'same']) await tunnels.create(ADA, label)
    await start()
    await tunnels.revoke(ADA, 'gone')
    await tunnels.rotate(ADA, 'rotated')
    await tunnels.create(ADA, 'new')
    await roll.reload()
    expect(seen.changes.toSorted()).toEqual(['added new', 'changed same', 'revoked gone', 'rotated rotated'])
    expect(roll.list()).toHaveLength(3)
    await close()
  })

  test('a listener that fails does not keep others from hearing', async () => {
    const { roll, feed, seen, tunnels, start, close } = await partsOn(await open())
    const late: string[] = []
    roll.onChange(() => {
      throw new Error('broken listener')
    })
    roll.onChange(({ kind }) => void late.push(kind))
    await start()
    await tunnels.create(ADA, 'gpu')
    await tunnels.create(ADA, 'cpu')
    await feed.refresh()
    expect(late).toEqual(['added', 'added'])
    expect(seen.logs.join()).toContain('broken listener')
    await close()
  })

  test('when a tunnel was last seen is written with others, half a minute later or at the end', async () => {
    const { clock, roll, seen, tunnels, start, close } = await partsOn(await open())
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    await start()
    const mark = clock.now()
    roll.seen(tunnel.id, MACHINE, mark)
    roll.seen(tunnel.id, { ...MACHINE, name: 'box\x1b[2J' }, mark + 1)
    roll.seen('tun_nobody', MACHINE, mark)
    clock.advance(29_999)
    expect((await tunnels.show('org', 'gpu')).lastSeenAt).toBeUndefined()
    clock.advance(1)
    await expect
      .poll(async () => await tunnels.show('org', 'gpu'))
      .toMatchObject({
        lastSeenAt: mark + 1,
        machine: { ...MACHINE, name: 'box[2J' },
      })
    roll.seen(tunnel.id, MACHINE, mark + 40_000)
    await close()
    expect(await tunnels.show('org', 'gpu')).toMatchObject({ lastSeenAt: mark + 40_000, machine: MACHINE })
    expect(seen.changes).toEqual([])
  })

  test('while the database is away the tunnels stand', async () => {
    const database = await open()
    const { clock, roll, feed, seen, tunnels, start } = await partsOn(database)
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    await start()
    await database.close()
    for (let poll = 0; poll < 3; poll++) {
      clock.advance(500)
      await expect(feed.refresh()).rejects.toThrow()
    }
    expect(roll.get(tunnel.id)).toEqual(tunnel)
    expect(seen.changes).toEqual([])
  })

  test('a sighting that could not be written is written later, and that is said once', async () => {
    const database = await open()
    const counted = countQueries(database)
    const { clock, roll, seen, tunnels } = await partsOn(counted)
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    await roll.start()
    roll.seen(tunnel.id, MACHINE, clock.now())
    await database.db.schema.alterTable('tunnels').renameColumn('last_seen_at', 'hidden').execute()
    for (let time = 0; time < 3; time++) {
      counted.takeCounts()
      clock.advance(30_000)
      await expect.poll(() => counted.takeCounts().statements).toBe(1)
    }
    await database.db.schema.alterTable('tunnels').renameColumn('hidden', 'last_seen_at').execute()
    await roll.close()
    expect(await tunnels.show('org', 'gpu')).toMatchObject({ machine: MACHINE })
    expect(seen.logs).toMatchObject([expect.stringContaining('when tunnels were last seen cannot be written')])
  })
})

/** Live tunnels of the org, and as many that are revoked. */
async function addTunnels({ db }: OpenDatabase, count: number): Promise<void> {
  const one = (id: string, revoked_at: number | null) => ({
    id,
    org_id: ADA.orgId,
    label: id,
    created_at: 1,
    updated_at: 1,
    created_by: 'ada',
    credential_version: 1,
    paired_at: null,
    last_seen_at: null,
    revoked_at,
    machine_name: null,
    machine_platform: null,
    machine_arch: null,
    machine_software: null,
  })
  const numbers = Array.from({ length: count }, (_, number) => number)
  for (const kind of ['live', 'revoked']) {
    await db
      .insertInto('tunnels')
      .values(numbers.map((number) => one(`${kind}${number}`, kind === 'live' ? null : 2)))
      .execute()
  }
}
