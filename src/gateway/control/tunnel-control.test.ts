import { describe, expect, onTestFinished, test } from 'vitest'
import { openTestControl } from '../../../test/support/control.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { LOCAL } from '../../../test/support/key-actors.ts'
import type { LinkStatus } from '../relay/link-status.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrations.ts'

const TOKEN_TEXT = /^pt_[0-9a-z]+_[0-9a-z]{52}$/
const ASKING = {
  label: 'attic',
  machine: 'mac-studio',
  platform: 'darwin arm64',
  software: 'punku/0.1.0',
  address: '203.0.113.5',
} as const

/** A relay whose tunnels have the links that a test gives them. */
function linksOf(given: Readonly<Record<string, Partial<LinkStatus>>>) {
  return {
    status: (tunnelId: string): LinkStatus => ({
      tunnelId,
      state: 'away',
      since: 0,
      roundTripMs: undefined,
      streams: 0,
      address: undefined,
      software: undefined,
      ...given[tunnelId],
    }),
  }
}

describeDatabases((open, isSqlite) => {
  describe('tunnels', () => {
    test('a new one is shown once with its token, and never again', async () => {
      const { call, send, logLines } = await openTestControl(open)
      const { token, tokenExpiresAt, ...made } = await call('createTunnel', '/tunnels', { label: 'studio' })
      expect(token).toMatch(TOKEN_TEXT)
      expect(tokenExpiresAt).toBe('2026-01-01T01:00:00.000Z')
      expect(made).toEqual({
        id: expect.stringMatching(/^tun_[0-9a-z]{12}$/),
        label: 'studio',
        state: 'unpaired',
        createdAt: '2026-01-01T00:00:00.000Z',
        createdBy: 'local admin',
        pairedAt: null,
        lastSeenAt: null,
        revokedAt: null,
        machine: null,
        roundTripMs: null,
        streams: null,
        address: null,
      })
      expect(await call('listTunnels', '/tunnels')).toEqual({ tunnels: [made], next: null })
      expect(await call('showTunnel', '/tunnels/studio')).toEqual(made)
      expect(await call('showTunnel', `/tunnels/${made.id}`)).toEqual(made)
      const shown = await Promise.all(['/tunnels', '/tunnels/studio'].map((path) => send('GET', path)))
      for (const response of shown) expect(await response.text()).not.toContain('pt_')
      expect(logLines.join()).not.toContain('pt_')
    })

    test('the token pairs one machine; from then on the tunnel waits for its link', async () => {
      const { call, pairings, clock } = await openTestControl(open)
      const { token } = await call('createTunnel', '/tunnels', { label: 'studio' })
      clock.advance(1_000)
      await pairings.redeem(token, ASKING.address)
      expect(await call('showTunnel', '/tunnels/studio')).toMatchObject({
        state: 'away',
        pairedAt: '2026-01-01T00:00:01.000Z',
      })
      await expect(pairings.redeem(token, ASKING.address)).rejects.toMatchObject({ code: 'invalid_grant' })
    })

    test('another label, and the same tunnel', async () => {
      const { call, refused } = await openTestControl(open)
      const { id } = await call('createTunnel', '/tunnels', { label: 'studio' })
      expect(await call('renameTunnel', '/tunnels/studio', { label: 'attic' })).toMatchObject({ id, label: 'attic' })
      expect(await refused('GET', '/tunnels/studio')).toMatchObject({ code: 'tunnel_not_found' })
    })

    test('rotation shows a new token of the same tunnel and ends the old one', async () => {
      const { call, pairings } = await openTestControl(open)
      const first = await call('createTunnel', '/tunnels', { label: 'studio' })
      const second = await call('rotateTunnel', '/tunnels/studio/rotate')
      expect(second.id).toBe(first.id)
      expect(second.token).toMatch(TOKEN_TEXT)
      await expect(pairings.redeem(first.token, ASKING.address)).rejects.toMatchObject({ code: 'invalid_grant' })
      expect((await pairings.redeem(second.token, ASKING.address)).tunnel.id).toBe(first.id)
    })

    test('revoking twice is no error', async () => {
      const { call } = await openTestControl(open)
      const { id } = await call('createTunnel', '/tunnels', { label: 'studio' })
      const revoked = await call('revokeTunnel', '/tunnels/studio')
      expect(revoked).toMatchObject({ id, state: 'revoked', revokedAt: '2026-01-01T00:00:00.000Z' })
      expect(await call('revokeTunnel', `/tunnels/${id}`)).toEqual(revoked)
    })

    test('the one above the limit is refused with 402, until one is revoked', async () => {
      const { call, refused } = await openTestControl(open)
      for (const label of ['a', 'b', 'c', 'd', 'e']) await call('createTunnel', '/tunnels', { label })
      const problem = await refused('POST', '/tunnels', { label: 'f' })
      expect(problem).toMatchObject({ status: 402, code: 'tunnel_limit_reached' })
      expect(problem.detail).toMatch(/\b5\b.*punku tunnels revoke/)
      await call('revokeTunnel', '/tunnels/a')
      await call('createTunnel', '/tunnels', { label: 'f' })
    })

    test("another org's are out of reach, by id and by label", async () => {
      const { call, refused, tunnels } = await openTestControl(open)
      const { tunnel } = await tunnels.create({ ...LOCAL, orgId: 'other' }, 'theirs')
      expect(await call('listTunnels', '/tunnels')).toEqual({ tunnels: [], next: null })
      for (const name of [tunnel.id, 'theirs']) {
        const answers = [
          await refused('GET', `/tunnels/${name}`),
          await refused('PATCH', `/tunnels/${name}`, { label: 'mine' }),
          await refused('POST', `/tunnels/${name}/rotate`),
          await refused('DELETE', `/tunnels/${name}`),
        ]
        expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 'tunnel_not_found'))
      }
      expect(await tunnels.show('other', 'theirs')).toEqual(tunnel)
    })
  })

  // What follows is told apart by no database.
  if (!isSqlite) return

  describe('machines that ask to be paired', () => {
    test('are shown as they describe themselves', async () => {
      const { call, pairings } = await openTestControl(open)
      const { userCode } = await pairings.start(ASKING)
      expect(await call('showPairing', `/pairings/${userCode}`)).toEqual({
        ...ASKING,
        userCode,
        requestedAt: '2026-01-01T00:00:00.000Z',
        expiresAt: '2026-01-01T00:10:00.000Z',
        state: 'pending',
      })
    })

    test.each<[given: { label?: string }, label: string]>([
      [{}, 'attic'],
      [{ label: 'studio' }, 'studio'],
    ])('approved with %j, one gets its tunnel, once', async (given, label) => {
      const { call, refused, pairings } = await openTestControl(open)
      const { userCode, deviceCode } = await pairings.start(ASKING)
      const tunnel = await call('approvePairing', `/pairings/${userCode}/approve`, given)
      expect(tunnel).toMatchObject({ label, state: 'unpaired', createdBy: 'local admin' })
      expect((await pairings.redeem(deviceCode.reveal(), ASKING.address)).tunnel.id).toBe(tunnel.id)
      const again = await refused('POST', `/pairings/${userCode}/approve`, {})
      expect(again.status).toBeGreaterThanOrEqual(400)
      expect((await call('listTunnels', '/tunnels')).tunnels).toHaveLength(1)
    })

    test('turned down, one is told so', async () => {
      const { call, pairings } = await openTestControl(open)
      const { userCode, deviceCode } = await pairings.start(ASKING)
      expect(await call('denyPairing', `/pairings/${userCode}/deny`)).toMatchObject({ userCode, state: 'denied' })
      await expect(pairings.redeem(deviceCode.reveal(), ASKING.address)).rejects.toMatchObject({
        code: 'access_denied',
      })
      expect(await call('listTunnels', '/tunnels')).toEqual({ tunnels: [], next: null })
    })

    test('that come too late are told apart from those that never asked', async () => {
      const { refused, pairings, clock } = await openTestControl(open)
      const { userCode } = await pairings.start(ASKING)
      clock.advance(600_001)
      expect(await refused('POST', `/pairings/${userCode}/approve`, {})).toMatchObject({
        status: 410,
        code: 'pairing_expired',
      })
    })
  })
})

describe('whatever the database', () => {
  const open = async () => {
    const database = openDatabase({ url: ':memory:' })
    onTestFinished(() => database.close())
    await migrate(database)
    return database
  }

  describe('the link of a tunnel', () => {
    const link = { roundTripMs: 12.5, streams: 3, address: '203.0.113.5' }

    test.each<[state: LinkStatus['state'], told: object]>([
      ['connected', { state: 'connected', ...link }],
      ['resuming', { state: 'resuming', ...link }],
      ['away', { state: 'unpaired', roundTripMs: null, streams: null, address: null }],
    ])('%s', async (state, told) => {
      const states: Record<string, Partial<LinkStatus>> = {}
      const { call } = await openTestControl(open, { links: linksOf(states) })
      const { id } = await call('createTunnel', '/tunnels', { label: 'studio' })
      states[id] = { state, ...link }
      expect(await call('showTunnel', '/tunnels/studio')).toMatchObject(told)
      expect((await call('listTunnels', '/tunnels')).tunnels).toMatchObject([told])
      // However long it takes to end.
      expect(await call('revokeTunnel', '/tunnels/studio')).toMatchObject({ state: 'revoked', address: null })
    })
  })

  test.each([
    ['GET', '/tunnels/nobody', undefined],
    ['PATCH', '/tunnels/nobody', { label: 'somebody' }],
    ['DELETE', '/tunnels/nobody', undefined],
    ['POST', '/tunnels/nobody/rotate', undefined],
  ])('%s %s: there is no such tunnel', async (method, path, body) => {
    const { refused } = await openTestControl(open)
    expect(await refused(method, path, body)).toMatchObject({ status: 404, code: 'tunnel_not_found' })
  })

  test.each([
    ['GET', '/pairings/9KV-DU6', undefined],
    ['POST', '/pairings/9KV-DU6/approve', {}],
    ['POST', '/pairings/9KV-DU6/deny', undefined],
  ])('%s %s: nobody shows this code', async (method, path, body) => {
    const { refused } = await openTestControl(open)
    expect(await refused(method, path, body)).toMatchObject({ status: 404, code: 'pairing_not_found' })
  })

  test('a code cannot be found by trying', async () => {
    const { refused } = await openTestControl(open)
    const tried = []
    for (let at = 0; at < 11; at++) tried.push((await refused('GET', '/pairings/9KV-DU6')).code)
    expect(tried).toEqual([...tried.slice(1).map(() => 'pairing_not_found'), 'pairing_limited'])
  })

  test('a whole token in the place of a label is refused and not repeated', async () => {
    const { call, send } = await openTestControl(open)
    const { token } = await call('createTunnel', '/tunnels', { label: 'studio' })
    const response = await send('GET', `/tunnels/${token}`)
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain(token)
  })

  test.each<[body: unknown, code: string, param: string | undefined]>([
    ['{"label":', 'invalid_json', undefined],
    ['[]', 'invalid_request', undefined],
    [{}, 'invalid_request', 'label'],
    [{ label: 5 }, 'invalid_request', 'label'],
    [{ label: '' }, 'invalid_request', 'label'],
    [{ label: 'x'.repeat(65) }, 'invalid_request', 'label'],
    [{ label: '../x' }, 'invalid_request', 'label'],
    [{ label: 'a', orgId: 'other' }, 'invalid_request', 'orgId'],
    [{ label: 'a', by: 'somebody' }, 'invalid_request', 'by'],
  ])('no tunnel is made of, or renamed by, %j', async (body, code, param) => {
    const { refused, call } = await openTestControl(open)
    const made = await refused('POST', '/tunnels', body)
    expect([made.status, made.code, made.param]).toEqual([400, code, param])
    await call('createTunnel', '/tunnels', { label: 'studio' })
    const renamed = await refused('PATCH', '/tunnels/studio', body)
    expect([renamed.status, renamed.code, renamed.param]).toEqual([400, code, param])
    expect((await call('listTunnels', '/tunnels')).tunnels).toMatchObject([{ label: 'studio' }])
  })

  test.each<[body: unknown, param: string]>([
    [{ label: '' }, 'label'],
    [{ orgId: 'other' }, 'orgId'],
    [{ address: '203.0.113.9' }, 'address'],
  ])('nobody is approved with %j', async (body, param) => {
    const { refused, call, pairings } = await openTestControl(open)
    const { userCode } = await pairings.start(ASKING)
    expect(await refused('POST', `/pairings/${userCode}/approve`, body)).toMatchObject({
      code: 'invalid_request',
      param,
    })
    expect(await call('showPairing', `/pairings/${userCode}`)).toMatchObject({ state: 'pending' })
  })
})
