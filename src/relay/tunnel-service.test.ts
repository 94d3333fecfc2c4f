import { expect, test } from 'vitest'
import { describeDatabases } from '../../test/support/databases.ts'
import { codeOf, credentialParts, rejection } from '../../test/support/tunnel-credentials.ts'
import type { PunkuError } from '../core/error.ts'

const create = (label: string) => ({ orgId: 'org', label, by: 'ada' })

describeDatabases((open) => {
  test('a new tunnel waits for its agent, whose token is shown once', async () => {
    const { clock, tunnels } = credentialParts(await open())
    const { tunnel, token, expiresAt } = await tunnels.create({ ...create('gpu'), by: 'Ada\n' })
    const now = clock.now()
    expect(tunnel).toEqual({
      id: expect.stringMatching(/^tun_[0-9a-z]{12}$/),
      orgId: 'org',
      label: 'gpu',
      createdAt: now,
      updatedAt: now,
      createdBy: 'Ada',
      credentialVersion: 1,
      pairedAt: undefined,
      lastSeenAt: undefined,
      revokedAt: undefined,
      machine: undefined,
    })
    expect(token.reveal()).toMatch(/^pt_[0-9a-z]{10}_[0-9a-z]{52}$/)
    expect(expiresAt).toBe(now + 3_600_000)
    expect(JSON.stringify(await tunnels.list('org'))).not.toContain('pt_')
  })

  test('tunnels are found by id, by label, and only in their org', async () => {
    const { tunnels } = credentialParts(await open())
    const { tunnel } = await tunnels.create(create('gpu'))
    expect(await tunnels.show('org', tunnel.id)).toEqual(tunnel)
    expect(await tunnels.show('org', 'gpu')).toEqual(tunnel)
    for (const name of [tunnel.id, 'gpu']) {
      expect(await codeOf(tunnels.show('other', name))).toBe('tunnel_not_found')
      expect(await codeOf(tunnels.revoke('other', name))).toBe('tunnel_not_found')
      expect(await codeOf(tunnels.rotate('other', name))).toBe('tunnel_not_found')
      expect(await codeOf(tunnels.rename('other', name, 'b'))).toBe('tunnel_not_found')
    }
    expect(await tunnels.list('other')).toEqual([])
    expect((await tunnels.show('org', 'gpu')).revokedAt).toBeUndefined()
  })

  test('of tunnels that share a label it means the live one, else the newest', async () => {
    const { clock, tunnels } = credentialParts(await open())
    const made = []
    for (let time = 0; time < 2; time++) {
      made.push(await tunnels.create(create('gpu')))
      await tunnels.revoke('org', 'gpu')
      clock.advance(1)
    }
    expect((await tunnels.show('org', 'gpu')).id).toBe(made[1]?.tunnel.id)
    const { tunnel } = await tunnels.create(create('gpu'))
    expect((await tunnels.show('org', 'gpu')).id).toBe(tunnel.id)
  })

  test('what stands for no tunnel is not repeated: it may be a token', async () => {
    const { tunnels } = credentialParts(await open())
    const { token } = await tunnels.create(create('gpu'))
    const errors = [
      await rejection(tunnels.show('org', token.reveal())),
      await rejection(tunnels.create(create(token.reveal()))),
      await rejection(tunnels.rename('org', 'gpu', token.reveal())),
    ] as PunkuError[]
    expect(errors.map(({ code }) => code)).toEqual(['tunnel_not_found', 'invalid_request', 'invalid_request'])
    for (const error of errors)
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(token.reveal().slice(14))
  })

  test('a label that is taken or can be none is refused by name', async () => {
    const { tunnels } = credentialParts(await open())
    await tunnels.create(create('gpu'))
    await tunnels.create(create('cpu'))
    const refused = { code: 'invalid_request', param: 'label' }
    expect(await rejection(tunnels.create(create('gpu')))).toMatchObject(refused)
    expect(await rejection(tunnels.create(create('')))).toMatchObject(refused)
    expect(await rejection(tunnels.rename('org', 'cpu', 'gpu'))).toMatchObject(refused)
    expect(await rejection(tunnels.rename('org', 'cpu', 'a b'))).toMatchObject(refused)
    expect((await tunnels.rename('org', 'cpu', 'cpu.2')).label).toBe('cpu.2')
  })

  test('the sixth live tunnel of an org is refused, with the limit and the way out', async () => {
    const { tunnels } = credentialParts(await open())
    const results = await Promise.allSettled(
      Array.from({ length: 9 }, (_, index) => tunnels.create(create(`t${index}`))),
    )
    const refusals = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as PunkuError)
    expect(refusals).toHaveLength(4)
    for (const error of refusals) {
      expect(error).toMatchObject({ code: 'tunnel_limit_reached', status: 402 })
      expect(error.message).toMatch(/\b5\b.*`punku tunnels revoke LABEL`/)
    }
    await tunnels.create({ ...create('gpu'), orgId: 'other' })
    const [first] = await tunnels.list('org')
    await tunnels.revoke('org', first?.id ?? '')
    expect(await codeOf(tunnels.create(create('one-more')))).toBeUndefined()
    expect(await codeOf(tunnels.create(create('too-many')))).toBe('tunnel_limit_reached')
  })

  test('a rotation ends the credential at once, and its token pairs anew', async () => {
    const { tunnels, pairings, accessTokens } = credentialParts(await open())
    const created = await tunnels.create(create('gpu'))
    const first = await pairings.redeem(created.token.reveal())
    const rotated = await tunnels.rotate('org', 'gpu')
    expect(rotated.tunnel).toMatchObject({ id: created.tunnel.id, credentialVersion: 2, pairedAt: undefined })
    expect(await codeOf(pairings.refresh(first.refreshToken?.reveal() ?? ''))).toBe('invalid_grant')
    const again = await tunnels.rotate('org', 'gpu')
    expect(await codeOf(pairings.redeem(rotated.token.reveal()))).toBe('invalid_grant')
    const second = await pairings.redeem(again.token.reveal())
    expect(await accessTokens.verify(second.accessToken.reveal())).toMatchObject({ credentialVersion: 3 })
    expect(await codeOf(pairings.refresh(second.refreshToken?.reveal() ?? ''))).toBeUndefined()
  })

  test('a revoked tunnel is over: nothing opens it, and nothing about it changes', async () => {
    const { clock, tunnels, pairings } = credentialParts(await open())
    const paired = await pairings.redeem((await tunnels.create(create('gpu'))).token.reveal())
    const { token } = await tunnels.create(create('cpu'))
    const { revokedAt } = await tunnels.revoke('org', 'gpu')
    expect(revokedAt).toBe(clock.now())
    await tunnels.revoke('org', 'cpu')
    expect(await codeOf(pairings.refresh(paired.refreshToken?.reveal() ?? ''))).toBe('invalid_grant')
    expect(await codeOf(pairings.redeem(token.reveal()))).toBe('invalid_grant')
    expect(await codeOf(tunnels.rotate('org', 'gpu'))).toBe('invalid_request')
    expect(await codeOf(tunnels.rename('org', 'gpu', 'b'))).toBe('invalid_request')
    clock.advance(1_000)
    expect((await tunnels.revoke('org', 'gpu')).revokedAt).toBe(revokedAt)
  })

  test('every change is told before it is answered', async () => {
    let told = 0
    const { tunnels } = credentialParts(await open(), {
      async changed() {
        told++
      },
    })
    await tunnels.create(create('gpu'))
    await tunnels.rename('org', 'gpu', 'cpu')
    await tunnels.rotate('org', 'cpu')
    await tunnels.revoke('org', 'cpu')
    expect(told).toBe(4)
  })
})
