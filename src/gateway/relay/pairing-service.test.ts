import { expect, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import {
  ADA,
  ADDRESS,
  ADMIN_ADDRESS,
  codeOf,
  credentialParts,
  EVE,
  rejection,
} from '../../../test/support/tunnel-credentials.ts'
import type { PunkuError } from '../../core/error.ts'
import { newUserCode } from './user-code.ts'

describeDatabases((open) => {
  test('who asks is shown to whoever has the code, however it is typed', async () => {
    const { clock, start, pairings } = await credentialParts(await open())
    const said = { machine: 'Ada’s\x1b[2J box', platform: 'linux', software: 'punku/1\u202e', label: 'gpu' }
    const { deviceCode, userCode, expiresInMs, intervalMs } = await start(said)
    expect([expiresInMs, intervalMs]).toEqual([600_000, 5_000])
    expect(deviceCode.reveal()).toMatch(/^pd_[0-9a-z]{10}_[0-9a-z]{52}$/)
    const typed = ` ${userCode.replace('-', ' ').toLowerCase()}`
    expect(await pairings.find(typed, ADMIN_ADDRESS)).toEqual({
      userCode,
      label: 'gpu',
      machine: 'Ada’s[2J box',
      platform: 'linux',
      software: 'punku/1',
      address: ADDRESS,
      requestedAt: clock.now(),
      expiresAt: clock.now() + 600_000,
      state: 'pending',
    })
  })

  test('an agent that says nothing is shown as nothing, and called a tunnel', async () => {
    const { pairings, approve } = await credentialParts(await open())
    const { userCode } = await pairings.start({ address: ADDRESS })
    const nothing = { label: 'tunnel', machine: '', platform: '', software: '' }
    expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject(nothing)
    expect((await approve(userCode)).machine).toBeUndefined()
  })

  test('a label that can be none is refused at the start', async () => {
    const { start } = await credentialParts(await open())
    expect(await rejection(start({ label: 'a b' }))).toMatchObject({ code: 'invalid_request', param: 'label' })
  })

  test('a code that stands already is drawn again', async () => {
    const codes = ['9KV-DU6', '9KV-DU6', '222-333']
    const { start } = await credentialParts(await open(), { newCode: () => codes.shift() ?? newUserCode() })
    expect([(await start()).userCode, (await start()).userCode]).toEqual(['9KV-DU6', '222-333'])
  })

  test('a confirmation makes the tunnel, and only one', async () => {
    const { clock, start, approve, tunnels, pairings } = await credentialParts(await open())
    const { userCode } = await start({ platform: 'linux', software: 'punku/1' })
    const tunnel = await approve(userCode)
    expect(tunnel).toMatchObject({ orgId: 'org', label: 'gpu', createdBy: 'ada', createdAt: clock.now() })
    expect(tunnel.machine).toEqual({ name: 'gpu', platform: 'linux', arch: '', software: 'punku/1' })
    expect(tunnel.pairedAt).toBeUndefined()
    expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject({ state: 'approved' })
    expect(await codeOf(approve(userCode))).toBe('pairing_not_found')
    expect(await codeOf(pairings.approve(EVE, { userCode }))).toBe('pairing_not_found')
    expect(await codeOf(pairings.deny(ADA, userCode))).toBe('pairing_not_found')
    expect([await tunnels.listLive('org'), await tunnels.listLive('other')]).toEqual([[tunnel], []])
  })

  test('of two orgs that confirm at once one gets the tunnel', async () => {
    const { start, pairings, tunnels } = await credentialParts(await open())
    const { userCode } = await start()
    const codes = await Promise.all([ADA, EVE].map((actor) => codeOf(pairings.approve(actor, { userCode }))))
    expect(codes.toSorted()).toEqual(['pairing_not_found', undefined])
    expect([...(await tunnels.listLive('org')), ...(await tunnels.listLive('other'))]).toHaveLength(1)
  })

  test('a label that is taken gets a number, unless the one who confirms chose it', async () => {
    const { start, approve } = await credentialParts(await open())
    const labels = []
    for (let time = 0; time < 3; time++) labels.push((await approve((await start()).userCode)).label)
    expect(labels).toEqual(['gpu', 'gpu-2', 'gpu-3'])
    const { userCode } = await start()
    const refused = { code: 'invalid_request', param: 'label' }
    expect(await rejection(approve(userCode, 'gpu-2'))).toMatchObject(refused)
    expect(await rejection(approve(userCode, ''))).toMatchObject(refused)
    expect((await approve(userCode, 'chosen')).label).toBe('chosen')
  })

  test('an expired code is refused as such, and forgotten later', async () => {
    const { clock, start, approve, pairings, tunnels } = await credentialParts(await open())
    const { userCode } = await start()
    clock.advance(599_999)
    expect(await codeOf(pairings.find(userCode, ADMIN_ADDRESS))).toBeUndefined()
    clock.advance(1)
    expect(await rejection(approve(userCode))).toMatchObject({ code: 'pairing_expired', status: 410 })
    expect(await codeOf(pairings.find(userCode, ADMIN_ADDRESS))).toBe('pairing_expired')
    expect(await codeOf(pairings.deny(ADA, userCode))).toBe('pairing_expired')
    clock.advance(600_000)
    await start()
    expect(await codeOf(pairings.find(userCode, ADMIN_ADDRESS))).toBe('pairing_not_found')
    expect(await tunnels.listLive('org')).toEqual([])
  })

  test('a denied code makes no tunnel', async () => {
    const { start, approve, pairings, tunnels } = await credentialParts(await open())
    const { userCode } = await start()
    await pairings.deny(ADA, userCode)
    expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject({ state: 'denied' })
    expect(await codeOf(approve(userCode))).toBe('pairing_not_found')
    expect(await tunnels.listLive('org')).toEqual([])
  })

  test('the sixth live tunnel of an org is refused, also when all are confirmed at once', async () => {
    const { start, approve, tunnels } = await credentialParts(await open())
    await tunnels.create(ADA, 'made')
    const codes = []
    for (let time = 0; time < 8; time++) codes.push((await start()).userCode)
    const results = await Promise.all(codes.map((userCode) => codeOf(approve(userCode))))
    expect(results.filter((code) => code === 'tunnel_limit_reached')).toHaveLength(4)
    expect(await tunnels.listLive('org')).toHaveLength(5)
    const refused = codes[results.indexOf('tunnel_limit_reached')] ?? ''
    expect(((await rejection(approve(refused))) as PunkuError).message).toContain('`punku tunnels revoke LABEL`')
    await tunnels.revoke(ADA, 'made')
    expect(await codeOf(approve(refused))).toBeUndefined()
  })

  test('a code dies of five confirmations that failed, and its agent is told', async () => {
    const { start, approve, pairings, tunnels, redeem } = await credentialParts(await open())
    await tunnels.create(ADA, 'taken')
    const { userCode, deviceCode } = await start()
    for (let time = 0; time < 5; time++) {
      const from = { ...ADA, address: `192.0.2.${time}` }
      expect(await codeOf(pairings.approve(from, { userCode, label: 'taken' }))).toBe('invalid_request')
    }
    expect(await codeOf(approve(userCode))).toBe('pairing_not_found')
    expect(await codeOf(redeem(deviceCode.reveal()))).toBe('access_denied')
  })

  test('one address may try ten wrong codes in ten minutes, and then not even the right one', async () => {
    const { clock, start, approve, pairings } = await credentialParts(await open())
    const { userCode } = await start()
    const deny = (code: string) => pairings.deny(ADA, code)
    const wrong = ['222-222', 'nonsense', '222-223', '', '222-224', '222-225', '222-226', '222-227', '222-228']
    for (const code of wrong) expect(await codeOf(approve(code)), code).toBe('pairing_not_found')
    expect(await codeOf(deny('222-229'))).toBe('pairing_not_found')
    clock.advance(60_000)
    const limited = { code: 'pairing_limited', status: 429, isRetryable: true, retryAfterMs: 540_000 }
    expect(await rejection(approve(userCode))).toMatchObject(limited)
    expect(await rejection(pairings.find(userCode, ADMIN_ADDRESS))).toMatchObject(limited)
    expect(await rejection(deny(userCode))).toMatchObject(limited)
    expect(await codeOf(pairings.find(userCode, '203.0.113.9'))).toBeUndefined()
    clock.advance(539_999)
    expect(await codeOf(approve(userCode))).toBe('pairing_limited')
  })

  test('wrong codes tried at once are counted too, and right ones are not', async () => {
    const { start, pairings } = await credentialParts(await open())
    const { userCode } = await start()
    for (let time = 0; time < 30; time++) await pairings.find(userCode, ADMIN_ADDRESS)
    const guess = (index: number) => codeOf(pairings.find(`22${'23456789DFHJKMNPQRTUVWXY'[index]}222`, ADMIN_ADDRESS))
    const codes = await Promise.all(Array.from({ length: 24 }, (_, index) => guess(index)))
    expect(codes.filter((code) => code === 'pairing_not_found')).toHaveLength(10)
    expect(codes.filter((code) => code === 'pairing_limited')).toHaveLength(14)
  })

  test('wrong codes at one gateway count at the others on its database', async () => {
    const database = await open()
    const [one, other] = [await credentialParts(database), await credentialParts(database)]
    for (let time = 0; time < 10; time++) {
      const { pairings } = time % 2 === 0 ? one : other
      expect(await codeOf(pairings.find('222-222', ADMIN_ADDRESS))).toBe('pairing_not_found')
    }
    for (const { pairings } of [one, other]) {
      expect(await codeOf(pairings.find('222-222', ADMIN_ADDRESS))).toBe('pairing_limited')
    }
  })

  test('addresses of one IPv6 network are one', async () => {
    const { pairings, start } = await credentialParts(await open())
    const find = (host: number) => codeOf(pairings.find('222-222', `2001:db8:1:2::${host.toString(16)}`))
    for (let host = 0; host < 10; host++) expect(await find(host)).toBe('pairing_not_found')
    expect(await find(10)).toBe('pairing_limited')
    for (let host = 0; host < 10; host++) await start({ address: `2001:db8:9:9::${host.toString(16)}` })
    expect(await codeOf(start({ address: '2001:db8:9:9:ffff::' }))).toBe('pairing_limited')
  })

  test('strangers cannot fill the database: from one address few wait, and from what one rents', async () => {
    const { clock, start } = await credentialParts(await open(), { limits: { pendingPerPrefix: 15 } })
    for (let time = 0; time < 10; time++) await start()
    clock.advance(1_000)
    const limited = { code: 'pairing_limited', status: 429, retryAfterMs: 599_000 }
    expect(await rejection(start())).toMatchObject(limited)
    for (let host = 2; host < 7; host++) await start({ address: `192.0.2.${host}` })
    expect(await rejection(start({ address: '192.0.2.99' }))).toMatchObject(limited)
    for (let net = 0; net < 15; net++) await start({ address: `2001:db8:1:${net}::1` })
    expect(await codeOf(start({ address: '2001:db8:1:ffff::1' }))).toBe('pairing_limited')
    expect(await codeOf(start({ address: '2001:db8:2::1' }))).toBeUndefined()
    clock.advance(599_000)
    expect(await codeOf(start())).toBeUndefined()
  })

  test('nor can they keep the agents of others out: whoever has the most gives way, and that is told', async () => {
    const full: string[] = []
    const limits = { pending: 30 }
    const { clock, start, pairings } = await credentialParts(await open(), { limits, onFull: (who) => full.push(who) })
    const victim = await start({ address: '203.0.113.9' })
    clock.advance(1)
    const strangers: string[] = []
    for (let index = 0; index < 29; index++) {
      strangers.push((await start({ address: `198.51.${index % 3}.${index}` })).userCode)
      clock.advance(1)
    }
    expect(full).toEqual([])
    const own = [await start({ address: '203.0.113.10' }), await start({ address: '192.0.2.1' })]
    expect(full).toEqual(['198.51.0.0/24', '198.51.1.0/24'])
    for (const { userCode } of [victim, ...own]) {
      expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject({ state: 'pending' })
    }
    const codes = await Promise.all(strangers.slice(0, 4).map((code) => codeOf(pairings.find(code, ADMIN_ADDRESS))))
    expect(codes).toEqual(['pairing_not_found', 'pairing_not_found', undefined, undefined])
    // Whoever has the most already pushes out nobody.
    expect(await codeOf(start({ address: '198.51.2.250' }))).toBe('pairing_limited')
  })

  test('who confirms or refuses is on record, in the same change; a confirmation that fails is not', async () => {
    const { start, approve, pairings, tunnels, entries } = await credentialParts(await open())
    const [first, second] = [await start(), await start({ machine: 'attic' })]
    await approve(first.userCode)
    expect(await codeOf(approve(second.userCode, 'gpu'))).toBe('invalid_request')
    await pairings.deny(ADA, second.userCode)
    expect(await codeOf(pairings.deny(ADA, second.userCode))).toBe('pairing_not_found')
    const by = { actor_kind: 'person', actor_id: ADA.personId, address: ADMIN_ADDRESS, org_id: 'org' }
    const [tunnel] = await tunnels.listLive('org')
    expect(entries).toMatchObject([
      {
        ...by,
        action: 'pairing.approve',
        target_id: tunnel?.id,
        target_name: 'gpu',
        after: JSON.stringify({ label: 'gpu', machine: 'gpu' }),
      },
      { ...by, action: 'pairing.deny', target_name: 'attic', before: JSON.stringify({ machine: 'attic' }) },
    ])
  })

  test('a confirmation costs the same however many tunnels the org has', async () => {
    const counts = []
    for (const count of [5, 50]) {
      const counted = countQueries(await open())
      const { start, approve, tunnels } = await credentialParts(counted, { maxTunnels: 100 })
      for (let number = 0; number < count; number++) await tunnels.create(ADA, `t${number}`)
      const { userCode } = await start()
      counted.takeCounts()
      expect((await approve(userCode)).label).toBe('gpu')
      counts.push(counted.takeCounts())
    }
    expect(counts[1]).toEqual(counts[0])
  })
})
