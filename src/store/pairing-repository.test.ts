import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { type Approval, type NewPairing, PairingRepository } from './pairing-repository.ts'
import { TunnelRepository } from './tunnel-repository.ts'

const AT = Date.UTC(2026, 0, 1)
const BOUNDS = { pending: 1_000, pendingPerNetwork: 10 }
const NO_MACHINE = { machine_name: null, machine_platform: null, machine_arch: null, machine_software: null }

const newPairing = (id: string, given: Partial<NewPairing> = {}): NewPairing => ({
  id,
  hash: `hash of ${id}`,
  user_code: `code of ${id}`,
  label: 'gpu',
  machine: 'box',
  platform: 'linux',
  software: 'punku/1',
  address: '192.0.2.1',
  network: '192.0.2.1',
  requested_at: AT,
  expires_at: AT + 600,
  interval_ms: 5,
  ...given,
})

const approval = (id: string, given: Partial<Approval> & { maxTunnels?: number; label?: string } = {}): Approval => ({
  userCode: `code of ${id}`,
  at: AT + 1,
  redeemUntil: AT + 61,
  maxFailures: 3,
  tunnelFor: () => ({
    tunnel: { id: `tunnel of ${id}`, org_id: 'org', created_at: AT + 1, created_by: 'ada', ...NO_MACHINE },
    bounds: {
      maxTunnels: given.maxTunnels ?? 5,
      chooseLabel: (taken) => {
        const label = given.label ?? id
        return taken.has(label) ? undefined : label
      },
    },
  }),
  ...given,
})
const credential = (id: string) => ({ id, hash: `hash of ${id}`, at: AT + 2, expiresAt: AT + 1_000 })

describeDatabases((open) => {
  async function partsOn() {
    const database = await open()
    const pairings = new PairingRepository(database)
    const start = (id: string, given: Partial<NewPairing> = {}, bounds = BOUNDS, endedBefore = 0) =>
      pairings.insert(newPairing(id, given), bounds, endedBefore)
    return { database, pairings, tunnels: new TunnelRepository(database), start }
  }

  test('a stored pairing is pending, and is found by id and by user code', async () => {
    const { pairings, start } = await partsOn()
    expect(await start('p1')).toBe('stored')
    const stored = { ...newPairing('p1'), state: 'pending', tunnel_id: null, polled_at: null, failures: 0 }
    expect(await pairings.findById('p1')).toEqual(stored)
    expect(await pairings.findByUserCode('code of p1')).toEqual(stored)
    expect(await pairings.findById('code of p1')).toBeUndefined()
    expect(await pairings.findByUserCode('p1')).toBeUndefined()
  })

  test('a user code stands for one pairing', async () => {
    const { pairings, start } = await partsOn()
    await start('p1')
    expect(await start('p2', { user_code: 'code of p1' })).toBe('code_taken')
    expect(await pairings.findById('p2')).toBeUndefined()
  })

  test('so many may be pending, in all and from one network, and what has ended takes no place', async () => {
    const { pairings, start } = await partsOn()
    const bounds = { pending: 3, pendingPerNetwork: 2 }
    await start('p1', { expires_at: AT + 7 }, bounds)
    await start('p2', { expires_at: AT + 9 }, bounds)
    expect(await start('p3', {}, bounds)).toEqual({ freeAt: AT + 7 })
    expect(await start('p3', { network: 'n2', expires_at: AT + 8 }, bounds)).toBe('stored')
    expect(await start('p4', { network: 'n3' }, bounds)).toEqual({ freeAt: AT + 7 })
    await pairings.deny('code of p3', AT + 1)
    expect(await start('p4', { network: 'n3' }, bounds)).toBe('stored')
    expect(await start('p5', { requested_at: AT + 7 }, bounds)).toBe('stored')
  })

  test('pairings that start at once stay within the bound', async () => {
    const { start } = await partsOn()
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => start(`p${index}`)))
    expect(results.filter((result) => result === 'stored')).toHaveLength(10)
  })

  test('what ended long ago is deleted when another one starts', async () => {
    const { pairings, start } = await partsOn()
    await start('old', { expires_at: AT + 10 })
    await start('younger', { expires_at: AT + 11 })
    await start('new', { requested_at: AT + 20 }, BOUNDS, AT + 10)
    expect(await pairings.findById('old')).toBeUndefined()
    expect(await pairings.findById('younger')).toBeDefined()
  })

  test('of two questions at the same time one is noted', async () => {
    const { pairings, start } = await partsOn()
    await start('p1')
    const read = async () => (await pairings.findById('p1')) ?? expect.unreachable()
    const first = await read()
    expect([await pairings.recordPoll(first, AT + 1), await pairings.recordPoll(first, AT + 2)]).toEqual([true, false])
    expect(await pairings.recordPoll(await read(), AT + 3)).toBe(true)
    expect(await read()).toMatchObject({ polled_at: AT + 3 })
  })

  test('the interval grows up to its end', async () => {
    const { pairings, start } = await partsOn()
    await start('p1')
    await start('p2')
    for (let time = 0; time < 4; time++) await pairings.slowDown('p1', 5, 15)
    expect(await pairings.findById('p1')).toMatchObject({ interval_ms: 15 })
    expect(await pairings.findById('p2')).toMatchObject({ interval_ms: 5 })
  })

  test('a confirmation makes the tunnel and leaves time to fetch its tokens', async () => {
    const { pairings, tunnels, start } = await partsOn()
    await start('p1')
    await start('late', { expires_at: AT + 2 })
    const made = await pairings.approve(approval('p1'))
    expect(made).toEqual(await tunnels.findById('tunnel of p1'))
    expect(made).toMatchObject({ org_id: 'org', label: 'p1', credential_version: 1, paired_at: null })
    const approved = { state: 'approved', tunnel_id: 'tunnel of p1', expires_at: AT + 600, failures: 0 }
    expect(await pairings.findById('p1')).toMatchObject(approved)
    await pairings.approve(approval('late'))
    expect(await pairings.findById('late')).toMatchObject({ expires_at: AT + 61 })
  })

  test('a code is confirmed once, by whoever is first', async () => {
    const { pairings, tunnels, start } = await partsOn()
    await start('p1')
    const tries = ['a', 'b', 'c', 'd'].map((id) => pairings.approve({ ...approval(id), userCode: 'code of p1' }))
    const results = await Promise.all(tries)
    expect(results.filter((result) => result === 'unknown')).toHaveLength(3)
    expect(await tunnels.listLive()).toHaveLength(1)
  })

  test('an expired, denied or unknown code makes no tunnel', async () => {
    const { pairings, tunnels, start } = await partsOn()
    await start('p1', { expires_at: AT + 1 })
    await start('p2')
    expect(await pairings.approve(approval('p1'))).toBe('expired')
    expect(await pairings.deny('code of p2', AT)).toBe(true)
    expect(await pairings.approve(approval('p2'))).toBe('unknown')
    expect(await pairings.approve(approval('p3'))).toBe('unknown')
    expect(await tunnels.listLive()).toEqual([])
  })

  test('an approved or unknown code cannot be denied', async () => {
    const { pairings, start } = await partsOn()
    await start('p1')
    await pairings.approve(approval('p1'))
    expect(await pairings.deny('code of p1', AT + 2)).toBe(false)
    expect(await pairings.deny('code of p2', AT + 2)).toBe(false)
    expect(await pairings.findById('p1')).toMatchObject({ state: 'approved' })
  })

  test('after so many confirmations that failed a code is denied', async () => {
    const { pairings, tunnels, start } = await partsOn()
    await start('p1')
    await start('p2')
    await pairings.approve(approval('p1', { label: 'gpu' }))
    expect(await pairings.approve(approval('p2', { maxTunnels: 1 }))).toBe('limit')
    expect(await pairings.approve(approval('p2', { label: 'gpu' }))).toBe('label')
    expect(await pairings.findById('p2')).toMatchObject({ state: 'pending', failures: 2 })
    expect(await pairings.approve(approval('p2', { label: 'gpu' }))).toBe('label')
    expect(await pairings.findById('p2')).toMatchObject({ state: 'denied', failures: 3 })
    expect(await pairings.approve(approval('p2'))).toBe('unknown')
    expect(await tunnels.listLive()).toHaveLength(1)
  })

  test('confirmations at once stay within the bound of tunnels', async () => {
    const { pairings, tunnels, start } = await partsOn()
    const ids = Array.from({ length: 10 }, (_, index) => `p${index}`)
    for (const id of ids) await start(id)
    const results = await Promise.all(ids.map((id) => pairings.approve(approval(id))))
    expect(results.filter((result) => result === 'limit')).toHaveLength(5)
    expect(await tunnels.listLive()).toHaveLength(5)
  })

  test('an approved pairing is redeemed once, by one of all who try', async () => {
    const { pairings, tunnels, start } = await partsOn()
    await start('p1')
    expect(await pairings.redeem('p1', credential('early'))).toBeUndefined()
    await pairings.approve(approval('p1'))
    const results = await Promise.all([1, 2, 3, 4].map((time) => pairings.redeem('p1', credential(`c${time}`))))
    const [won, ...others] = results.filter((result) => result !== undefined)
    expect(others).toEqual([])
    expect(won).toMatchObject({ id: 'tunnel of p1', paired_at: AT + 2 })
    const stored = await Promise.all([1, 2, 3, 4].map((time) => tunnels.findCredential(`c${time}`)))
    expect(stored.filter((row) => row !== undefined)).toHaveLength(1)
    expect(await pairings.findById('p1')).toBeUndefined()
  })
})
