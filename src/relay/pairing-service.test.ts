import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { ADDRESS, ADMIN_ADDRESS, codeOf, credentialParts, rejection } from '../../test/support/tunnel-credentials.ts'
import type { PunkuError } from '../core/error.ts'
import { newUserCode } from './user-code.ts'

describeDatabases((open) => {
  test('who asks is shown to whoever has the code, however it is typed', async () => {
    const { clock, start, pairings } = credentialParts(await open())
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
    const { pairings, approve } = credentialParts(await open())
    const { userCode } = await pairings.start({ address: ADDRESS })
    const nothing = { label: 'tunnel', machine: '', platform: '', software: '' }
    expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject(nothing)
    expect((await approve(userCode)).machine).toBeUndefined()
  })

  test('a label that can be none is refused at the start', async () => {
    const { start } = credentialParts(await open())
    expect(await rejection(start({ label: 'a b' }))).toMatchObject({ code: 'invalid_request', param: 'label' })
  })

  test('a code that stands already is drawn again', async () => {
    const codes = ['9KV-DU6', '9KV-DU6', '222-333']
    const { start } = credentialParts(await open(), { newCode: () => codes.shift() ?? newUserCode() })
    expect([(await start()).userCode, (await start()).userCode]).toEqual(['9KV-DU6', '222-333'])
  })

  test('a confirmation makes the tunnel, and only one', async () => {
    const { clock, start, approve, tunnels, pairings } = credentialParts(await open())
    const { userCode } = await start({ platform: 'linux', software: 'punku/1' })
    const tunnel = await approve(userCode)
    expect(tunnel).toMatchObject({ orgId: 'org', label: 'gpu', createdBy: 'ada', createdAt: clock.now() })
    expect(tunnel.machine).toEqual({ name: 'gpu', platform: 'linux', arch: '', software: 'punku/1' })
    expect(tunnel.pairedAt).toBeUndefined()
    expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject({ state: 'approved' })
    expect(await codeOf(approve(userCode))).toBe('pairing_not_found')
    expect(await codeOf(approve(userCode, { orgId: 'other' }))).toBe('pairing_not_found')
    expect(await codeOf(pairings.deny({ userCode, address: ADMIN_ADDRESS }))).toBe('pairing_not_found')
    expect([await tunnels.list('org'), await tunnels.list('other')]).toEqual([[tunnel], []])
  })

  test('of two orgs that confirm at once one gets the tunnel', async () => {
    const { start, approve, tunnels } = credentialParts(await open())
    const { userCode } = await start()
    const codes = await Promise.all(['org', 'other'].map((orgId) => codeOf(approve(userCode, { orgId }))))
    expect(codes.toSorted()).toEqual(['pairing_not_found', undefined])
    expect([...(await tunnels.list('org')), ...(await tunnels.list('other'))]).toHaveLength(1)
  })

  test('a label that is taken gets a number, unless the one who confirms chose it', async () => {
    const { start, approve } = credentialParts(await open())
    const labels = []
    for (let time = 0; time < 3; time++) labels.push((await approve((await start()).userCode)).label)
    expect(labels).toEqual(['gpu', 'gpu-2', 'gpu-3'])
    const { userCode } = await start()
    const refused = { code: 'invalid_request', param: 'label' }
    expect(await rejection(approve(userCode, { label: 'gpu-2' }))).toMatchObject(refused)
    expect(await rejection(approve(userCode, { label: '' }))).toMatchObject(refused)
    expect((await approve(userCode, { label: 'chosen' })).label).toBe('chosen')
  })

  test('an expired code is refused as such, and forgotten later', async () => {
    const { clock, start, approve, pairings, tunnels } = credentialParts(await open())
    const { userCode } = await start()
    clock.advance(599_999)
    expect(await codeOf(pairings.find(userCode, ADMIN_ADDRESS))).toBeUndefined()
    clock.advance(1)
    expect(await rejection(approve(userCode))).toMatchObject({ code: 'pairing_expired', status: 410 })
    expect(await codeOf(pairings.find(userCode, ADMIN_ADDRESS))).toBe('pairing_expired')
    expect(await codeOf(pairings.deny({ userCode, address: ADMIN_ADDRESS }))).toBe('pairing_expired')
    clock.advance(600_000)
    await start()
    expect(await codeOf(pairings.find(userCode, ADMIN_ADDRESS))).toBe('pairing_not_found')
    expect(await tunnels.list('org')).toEqual([])
  })

  test('a denied code makes no tunnel', async () => {
    const { start, approve, pairings, tunnels } = credentialParts(await open())
    const { userCode } = await start()
    await pairings.deny({ userCode, address: ADMIN_ADDRESS })
    expect(await pairings.find(userCode, ADMIN_ADDRESS)).toMatchObject({ state: 'denied' })
    expect(await codeOf(approve(userCode))).toBe('pairing_not_found')
    expect(await tunnels.list('org')).toEqual([])
  })

  test('the sixth live tunnel of an org is refused, also when all are confirmed at once', async () => {
    const { start, approve, tunnels } = credentialParts(await open())
    await tunnels.create({ orgId: 'org', label: 'made', by: 'ada' })
    const codes = []
    for (let time = 0; time < 8; time++) codes.push((await start()).userCode)
    const results = await Promise.all(codes.map((userCode) => codeOf(approve(userCode))))
    expect(results.filter((code) => code === 'tunnel_limit_reached')).toHaveLength(4)
    expect(await tunnels.list('org')).toHaveLength(5)
    const refused = codes[results.indexOf('tunnel_limit_reached')] ?? ''
    expect(((await rejection(approve(refused))) as PunkuError).message).toContain('`punku tunnels revoke LABEL`')
    await tunnels.revoke('org', 'made')
    expect(await codeOf(approve(refused))).toBeUndefined()
  })

  test('a code dies of five confirmations that failed, and its agent is told', async () => {
    const { start, approve, pairings, tunnels } = credentialParts(await open())
    await tunnels.create({ orgId: 'org', label: 'taken', by: 'ada' })
    const { userCode, deviceCode } = await start()
    for (let time = 0; time < 5; time++) {
      expect(await codeOf(approve(userCode, { label: 'taken', address: `192.0.2.${time}` }))).toBe('invalid_request')
    }
    expect(await codeOf(approve(userCode))).toBe('pairing_not_found')
    expect(await codeOf(pairings.redeem(deviceCode.reveal()))).toBe('access_denied')
  })

  test('one address may try ten wrong codes in ten minutes, and then not even the right one', async () => {
    const { clock, start, approve, pairings } = credentialParts(await open())
    const { userCode } = await start()
    const deny = (code: string) => pairings.deny({ userCode: code, address: ADMIN_ADDRESS })
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
    const { start, pairings } = credentialParts(await open())
    const { userCode } = await start()
    for (let time = 0; time < 30; time++) await pairings.find(userCode, ADMIN_ADDRESS)
    const guess = (index: number) => codeOf(pairings.find(`22${'23456789DFHJKMNPQRTUVWXY'[index]}222`, ADMIN_ADDRESS))
    const codes = await Promise.all(Array.from({ length: 24 }, (_, index) => guess(index)))
    expect(codes.filter((code) => code === 'pairing_not_found')).toHaveLength(10)
    expect(codes.filter((code) => code === 'pairing_limited')).toHaveLength(14)
  })

  test('addresses of one IPv6 network are one', async () => {
    const { pairings, start } = credentialParts(await open())
    const find = (host: number) => codeOf(pairings.find('222-222', `2001:db8:1:2::${host.toString(16)}`))
    for (let host = 0; host < 10; host++) expect(await find(host)).toBe('pairing_not_found')
    expect(await find(10)).toBe('pairing_limited')
    for (let host = 0; host < 10; host++) await start({ address: `2001:db8:9:9::${host.toString(16)}` })
    expect(await codeOf(start({ address: '2001:db8:9:9:ffff::' }))).toBe('pairing_limited')
  })

  test('strangers cannot fill the database: so many wait, and from one address fewer', async () => {
    const { clock, start } = credentialParts(await open(), { limits: { pending: 15 } })
    for (let time = 0; time < 10; time++) await start()
    clock.advance(1_000)
    const limited = { code: 'pairing_limited', status: 429, retryAfterMs: 599_000 }
    expect(await rejection(start())).toMatchObject(limited)
    for (let host = 0; host < 5; host++) await start({ address: `203.0.113.${host}` })
    expect(await rejection(start({ address: '203.0.113.99' }))).toMatchObject(limited)
    clock.advance(599_000)
    expect(await codeOf(start({ address: '203.0.113.99' }))).toBeUndefined()
  })

  test('a new tunnel is told before the confirmation is answered', async () => {
    let told = 0
    const { start, approve } = credentialParts(await open(), {
      async changed() {
        told++
      },
    })
    const { userCode } = await start()
    expect(told).toBe(0)
    await approve(userCode)
    expect(told).toBe(1)
  })
})
