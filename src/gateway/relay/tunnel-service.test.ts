import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import { ADA, codeOf, credentialParts, EVE, OLD_AGENT, rejection } from '../../../test/support/tunnel-credentials.ts'
import type { PunkuError } from '../../core/error.ts'
import { revokeTunnelsWithin } from './tunnel-service.ts'

describeDatabases((open) => {
  test('a new tunnel waits for its agent, whose token is shown once', async () => {
    const { clock, tunnels } = await credentialParts(await open())
    const { tunnel, token, expiresAt } = await tunnels.create({ ...ADA, name: 'Ada\n' }, 'gpu')
    const now = clock.now()
    expect(tunnel).toEqual({
      id: expect.stringMatching(/^tun_[0-9a-z]{12}$/),
      orgId: 'org',
      label: 'gpu',
      createdAt: now,
      createdBy: 'Ada',
      credentialVersion: 1,
      pairedAt: undefined,
      lastSeenAt: undefined,
      revokedAt: undefined,
      machine: undefined,
    })
    expect(token.reveal()).toMatch(/^pt_[0-9a-z]{10}_[0-9a-z]{52}$/)
    expect(expiresAt).toBe(now + 3_600_000)
    expect(JSON.stringify(await tunnels.listLive('org'))).not.toContain('pt_')
  })

  test('tunnels are found by id, by label, and only in their org', async () => {
    const { tunnels } = await credentialParts(await open())
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    expect(await tunnels.show('org', tunnel.id)).toEqual(tunnel)
    expect(await tunnels.show('org', 'gpu')).toEqual(tunnel)
    for (const name of [tunnel.id, 'gpu']) {
      expect(await codeOf(tunnels.show('other', name))).toBe('tunnel_not_found')
      expect(await codeOf(tunnels.revoke(EVE, name))).toBe('tunnel_not_found')
      expect(await codeOf(tunnels.rotate(EVE, name))).toBe('tunnel_not_found')
      expect(await codeOf(tunnels.rename(EVE, name, 'b'))).toBe('tunnel_not_found')
    }
    expect(await tunnels.listLive('other')).toEqual([])
    expect((await tunnels.show('org', 'gpu')).revokedAt).toBeUndefined()
  })

  test('of tunnels that share a label it means the live one, else the newest', async () => {
    const { clock, tunnels } = await credentialParts(await open())
    const made = []
    for (let time = 0; time < 2; time++) {
      made.push(await tunnels.create(ADA, 'gpu'))
      await tunnels.revoke(ADA, 'gpu')
      clock.advance(1)
    }
    expect((await tunnels.show('org', 'gpu')).id).toBe(made[1]?.tunnel.id)
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    expect((await tunnels.show('org', 'gpu')).id).toBe(tunnel.id)
  })

  test('what stands for no tunnel is not repeated: it may be a token', async () => {
    const { tunnels } = await credentialParts(await open())
    const { token } = await tunnels.create(ADA, 'gpu')
    const errors = [
      await rejection(tunnels.show('org', token.reveal())),
      await rejection(tunnels.create(ADA, token.reveal())),
      await rejection(tunnels.rename(ADA, 'gpu', token.reveal())),
    ] as PunkuError[]
    expect(errors.map(({ code }) => code)).toEqual(['tunnel_not_found', 'invalid_request', 'invalid_request'])
    for (const error of errors)
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(token.reveal().slice(14))
  })

  test('a label that is taken or can be none is refused by name', async () => {
    const { tunnels } = await credentialParts(await open())
    await tunnels.create(ADA, 'gpu')
    await tunnels.create(ADA, 'cpu')
    const refused = { code: 'invalid_request', param: 'label' }
    expect(await rejection(tunnels.create(ADA, 'gpu'))).toMatchObject(refused)
    expect(await rejection(tunnels.create(ADA, ''))).toMatchObject(refused)
    expect(await rejection(tunnels.rename(ADA, 'cpu', 'gpu'))).toMatchObject(refused)
    expect(await rejection(tunnels.rename(ADA, 'cpu', 'a b'))).toMatchObject(refused)
    expect((await tunnels.rename(ADA, 'cpu', 'cpu.2')).label).toBe('cpu.2')
  })

  test('the sixth live tunnel of an org is refused, with the limit and the way out', async () => {
    const { tunnels } = await credentialParts(await open())
    const results = await Promise.allSettled(Array.from({ length: 9 }, (_, index) => tunnels.create(ADA, `t${index}`)))
    const refusals = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as PunkuError)
    expect(refusals).toHaveLength(4)
    for (const error of refusals) {
      expect(error).toMatchObject({ code: 'tunnel_limit_reached', status: 402 })
      expect(error.message).toMatch(/\b5\b.*`punku tunnels revoke LABEL`/)
    }
    await tunnels.create(EVE, 'gpu')
    const [first] = await tunnels.listLive('org')
    await tunnels.revoke(ADA, first?.id ?? '')
    expect(await codeOf(tunnels.create(ADA, 'one-more'))).toBeUndefined()
    expect(await codeOf(tunnels.create(ADA, 'too-many'))).toBe('tunnel_limit_reached')
  })

  test('a rotation ends the credential at once, and its token pairs anew', async () => {
    const { tunnels, pairings, accessTokens, redeem } = await credentialParts(await open())
    const created = await tunnels.create(ADA, 'gpu')
    const first = await redeem(created.token.reveal())
    const rotated = await tunnels.rotate(ADA, 'gpu')
    expect(rotated.tunnel).toMatchObject({ id: created.tunnel.id, credentialVersion: 2, pairedAt: undefined })
    expect(await codeOf(pairings.refresh(first.refreshToken?.reveal() ?? '', OLD_AGENT))).toBe('invalid_grant')
    const again = await tunnels.rotate(ADA, 'gpu')
    expect(await codeOf(redeem(rotated.token.reveal()))).toBe('invalid_grant')
    const second = await redeem(again.token.reveal())
    expect(await accessTokens.verify(second.accessToken.reveal())).toMatchObject({ credentialVersion: 3 })
    expect(await codeOf(pairings.refresh(second.refreshToken?.reveal() ?? '', OLD_AGENT))).toBeUndefined()
  })

  test('a revoked tunnel is over: nothing opens it, and nothing about it changes', async () => {
    const { clock, tunnels, pairings, redeem } = await credentialParts(await open())
    const paired = await redeem((await tunnels.create(ADA, 'gpu')).token.reveal())
    const { token } = await tunnels.create(ADA, 'cpu')
    const { revokedAt } = await tunnels.revoke(ADA, 'gpu')
    expect(revokedAt).toBe(clock.now())
    await tunnels.revoke(ADA, 'cpu')
    expect(await codeOf(pairings.refresh(paired.refreshToken?.reveal() ?? '', OLD_AGENT))).toBe('invalid_grant')
    expect(await codeOf(redeem(token.reveal()))).toBe('invalid_grant')
    expect(await codeOf(tunnels.rotate(ADA, 'gpu'))).toBe('invalid_request')
    expect(await codeOf(tunnels.rename(ADA, 'gpu', 'b'))).toBe('invalid_request')
    clock.advance(1_000)
    expect((await tunnels.revoke(ADA, 'gpu')).revokedAt).toBe(revokedAt)
  })

  test('each change has its entry, and to revoke the revoked is none', async () => {
    const { tunnels, entries } = await credentialParts(await open())
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    await tunnels.rename(ADA, 'gpu', 'cpu')
    await tunnels.rotate(ADA, 'cpu')
    const revoked = await tunnels.revoke(ADA, 'cpu')
    expect(await tunnels.revoke(ADA, 'cpu')).toEqual(revoked)
    const by = {
      actor_kind: 'person',
      actor_id: ADA.personId,
      address: ADA.address,
      org_id: 'org',
      target_id: tunnel.id,
    }
    const recorded = (action: string, before: object | null, after: object | null) => ({
      ...by,
      action,
      before: before && JSON.stringify(before),
      after: after && JSON.stringify(after),
    })
    expect(entries).toMatchObject([
      recorded('tunnel.create', null, { label: 'gpu' }),
      recorded('tunnel.rename', { label: 'gpu' }, { label: 'cpu' }),
      recorded('tunnel.rotate', null, null),
      recorded('tunnel.revoke', { label: 'cpu' }, null),
    ])
  })

  test('what cannot be recorded is not done', async () => {
    const database = await open()
    const { tunnels } = await credentialParts(database)
    const { tunnel } = await tunnels.create(ADA, 'gpu')
    await database.db.schema.alterTable('audit').renameTo('hidden').execute()
    for (const change of [
      () => tunnels.create(ADA, 'cpu'),
      () => tunnels.rename(ADA, 'gpu', 'cpu'),
      () => tunnels.rotate(ADA, 'gpu'),
      () => tunnels.revoke(ADA, 'gpu'),
    ]) {
      await expect(change()).rejects.toThrow()
    }
    await database.db.schema.alterTable('hidden').renameTo('audit').execute()
    expect(await tunnels.listLive('org')).toEqual([tunnel])
  })

  test('the live tunnels of an org end as a part of a change, each with an entry; those of others stay', async () => {
    const { store, tunnels, entries } = await credentialParts(await open())
    for (const label of ['gone', 'one', 'two']) await tunnels.create(ADA, label)
    await tunnels.revoke(ADA, 'gone')
    const other = await tunnels.create(EVE, 'gpu')
    const before = entries.length
    for (let time = 0; time < 2; time++) await store.change(ADA, (change) => revokeTunnelsWithin(change, 'org'))
    const ended = entries.slice(before).map(({ action, target_name }) => `${action} ${target_name}`)
    expect(ended.toSorted()).toEqual(['tunnel.revoke one', 'tunnel.revoke two'])
    expect([await tunnels.listLive('org'), await tunnels.listLive('other')]).toEqual([[], [other.tunnel]])
  })
})
