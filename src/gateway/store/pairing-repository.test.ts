import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { openTestStore } from '../../../test/support/store.ts'
import { NO_MACHINE } from '../../../test/support/stored-tunnels.ts'
import { PairingRepository } from './pairing-repository.ts'
import { type NewPairing, PairingWriter } from './pairing-writer.ts'

describeDatabases((open) => {
  async function start() {
    const database = await open()
    const { store, clock } = await openTestStore(database)
    const at = clock.now()
    const newPairing = (id: string, given: Partial<NewPairing> = {}): NewPairing => ({
      id,
      hash: `hash of ${id}`,
      user_code: `code of ${id}`,
      label: 'gpu',
      machine: 'box',
      platform: 'linux',
      software: 'punku/1',
      address: '192.0.2.1',
      network: 'n1',
      expires_at: at + 600,
      interval_ms: 5,
      ...given,
    })
    const write = <T>(run: (pairings: PairingWriter) => Promise<T>): Promise<T> =>
      store.transaction((transaction) => run(new PairingWriter(transaction)))
    return {
      at,
      clock,
      database,
      newPairing,
      pairings: new PairingRepository(database),
      write,
      insert: (id: string, given: Partial<NewPairing> = {}) =>
        write((pairings) => pairings.insert(newPairing(id, given))),
    }
  }

  test('a stored pairing is pending, and is found by id and by user code', async () => {
    const { at, pairings, insert, newPairing } = await start()
    await insert('p1')
    const waiting = { state: 'pending', requested_at: at, tunnel_id: null, polled_at: null, failures: 0 }
    const stored = { ...newPairing('p1'), ...waiting }
    expect(await pairings.findById('p1')).toEqual(stored)
    expect(await pairings.findByUserCode('code of p1')).toEqual(stored)
    expect(await pairings.findById('code of p1')).toBeUndefined()
    expect(await pairings.findByUserCode('p1')).toBeUndefined()
  })

  test('those that wait are counted by network, with the first that ends', async () => {
    const { at, clock, insert, write } = await start()
    const look = () => write((pairings) => pairings.waiting())
    expect(await look()).toEqual([])
    await insert('p1', { expires_at: at + 9 })
    await insert('p2', { expires_at: at + 8 })
    await insert('p3', { expires_at: at + 7, network: 'n2' })
    await insert('p4', { expires_at: at + 6 })
    await write((pairings) => pairings.deny('p4'))
    expect(await look()).toEqual([
      { network: 'n1', count: 2, firstEndsAt: at + 8 },
      { network: 'n2', count: 1, firstEndsAt: at + 7 },
    ])
    clock.advance(8)
    expect(await look()).toEqual([{ network: 'n1', count: 1, firstEndsAt: at + 9 }])
  })

  test('the one of some networks that waits longest is deleted, and none that was answered', async () => {
    const { clock, insert, write } = await start()
    const deleteFirst = (...networks: string[]) => write((pairings) => pairings.deleteFirst(networks))
    for (const [id, network] of [
      ['p1', 'n1'],
      ['p2', 'n1'],
      ['p3', 'n2'],
      ['p4', 'n3'],
    ] as const) {
      await insert(id, { network })
      clock.advance(1)
    }
    await write((pairings) => pairings.deny('p1'))
    const left = async () => (await write((pairings) => pairings.waiting())).map(({ network }) => network)
    await deleteFirst('n2', 'n1')
    expect(await left()).toEqual(['n2', 'n3'])
    await deleteFirst('n2', 'n1')
    await deleteFirst('n2', 'n1')
    expect(await left()).toEqual(['n3'])
  })

  test('what ended long ago is deleted', async () => {
    const { at, pairings, insert, write } = await start()
    await insert('old', { expires_at: at + 10 })
    await insert('younger', { expires_at: at + 11 })
    await write((writer) => writer.deleteEnded(at + 10))
    expect(await pairings.findById('old')).toBeUndefined()
    expect(await pairings.findById('younger')).toBeDefined()
  })

  test('of two questions at the same time one is noted', async () => {
    const { at, pairings, insert } = await start()
    await insert('p1')
    const read = async () => (await pairings.findById('p1')) ?? expect.unreachable()
    const first = await read()
    expect([await pairings.recordPoll(first, at + 1), await pairings.recordPoll(first, at + 2)]).toEqual([true, false])
    expect(await pairings.recordPoll(await read(), at + 3)).toBe(true)
    expect(await read()).toMatchObject({ polled_at: at + 3 })
  })

  test('the interval grows up to its end', async () => {
    const { pairings, insert } = await start()
    await insert('p1')
    await insert('p2')
    for (let time = 0; time < 4; time++) await pairings.slowDown('p1', 5, 15)
    expect(await pairings.findById('p1')).toMatchObject({ interval_ms: 15 })
    expect(await pairings.findById('p2')).toMatchObject({ interval_ms: 5 })
  })

  test('one that is confirmed is taken once, and no other', async () => {
    const { at, database, pairings, insert, write } = await start()
    await insert('p1')
    await insert('p2')
    const times = { created_at: at, updated_at: at, paired_at: null, last_seen_at: null, revoked_at: null }
    const tunnel = { id: 't1', org_id: 'org', label: 'gpu', created_by: 'ada', credential_version: 1, ...NO_MACHINE }
    await database.db
      .insertInto('tunnels')
      .values({ ...tunnel, ...times })
      .execute()
    expect(await write((writer) => writer.take('p1'))).toBe(false)
    await write((writer) => writer.setFailures('p1', 2))
    await write((writer) => writer.approve('p1', 't1', at + 60))
    const approved = { state: 'approved', tunnel_id: 't1', expires_at: at + 60, failures: 2 }
    expect(await pairings.findById('p1')).toMatchObject(approved)
    const tries = await Promise.all([1, 2, 3].map(() => write((writer) => writer.take('p1'))))
    expect(tries.toSorted()).toEqual([false, false, true])
    expect(await pairings.findById('p1')).toBeUndefined()
    expect(await pairings.findById('p2')).toMatchObject({ state: 'pending' })
  })
})
