import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { describeDatabases, type TestDatabase } from '../../../test/support/databases.ts'
import {
  ADA,
  ADDRESS,
  codeOf,
  credentialParts,
  OLD_AGENT,
  rejection,
} from '../../../test/support/tunnel-credentials.ts'
import type { Secret } from '../../core/secret.ts'
import { newToken } from '../../core/token-text.ts'
import { PairingRepository } from '../store/pairing-repository.ts'
import { DEFAULT_PAIRING_LIMITS } from './pairing-limits.ts'
import { TokenError } from './token-error.ts'
import { TunnelTokens } from './tunnel-tokens.ts'

const reveal = (secret: Secret | undefined) => secret?.reveal() ?? expect.unreachable()
/** The right id with a secret that differs in its last character. */
const withWrongSecret = (text: string) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')

describeDatabases((open) => {
  test('an agent waits, is confirmed, and fetches its tokens once', async () => {
    const { clock, start, approve, pairings, accessTokens, tunnels } = await credentialParts(await open())
    const { deviceCode, userCode } = await start()
    const redeem = () => pairings.redeem(deviceCode.reveal(), ADDRESS)
    expect(await rejection(redeem())).toBeInstanceOf(TokenError)
    clock.advance(5_000)
    expect(await codeOf(redeem())).toBe('authorization_pending')
    await approve(userCode)
    clock.advance(1_000)
    const { accessToken, expiresInMs, refreshToken, tunnel } = await redeem()
    expect(expiresInMs).toBe(900_000)
    expect(reveal(refreshToken)).toMatch(/^pr_[0-9a-z]{10}_[0-9a-z]{52}$/)
    expect(await accessTokens.verify(accessToken.reveal())).toMatchObject({ tunnelId: tunnel.id, credentialVersion: 1 })
    expect(await tunnels.listLive('org')).toEqual([tunnel])
    expect(tunnel.pairedAt).toBe(clock.now())
    expect(await codeOf(redeem())).toBe('invalid_grant')
  })

  test('whoever asks too soon is slowed down, by five seconds each time and for good', async () => {
    const { clock, start, approve, redeem } = await credentialParts(await open())
    const { deviceCode, userCode } = await start()
    const pollAfter = async (ms: number) => {
      clock.advance(ms)
      return await codeOf(redeem(deviceCode.reveal()))
    }
    expect(await pollAfter(0)).toBe('authorization_pending')
    expect(await pollAfter(4_999)).toBe('slow_down')
    expect(await pollAfter(5_000)).toBe('slow_down')
    expect(await pollAfter(5_001)).toBe('authorization_pending')
    expect(await pollAfter(14_999)).toBe('slow_down')
    expect(await pollAfter(5_001)).toBe('authorization_pending')
    await approve(userCode)
    expect(await pollAfter(1)).toBeUndefined()
  })

  test('another gateway on the database knows how long to wait, and a clock that went back is no fault', async () => {
    const database = await open()
    const one = await credentialParts(database)
    const another = await credentialParts(database, { clock: one.clock })
    const { deviceCode } = await one.start()
    expect(await codeOf(one.redeem(deviceCode.reveal()))).toBe('authorization_pending')
    expect(await codeOf(another.redeem(deviceCode.reveal()))).toBe('slow_down')
    const behind = await credentialParts(database)
    one.clock.advance(60_000)
    expect(await codeOf(one.redeem(deviceCode.reveal()))).toBe('authorization_pending')
    expect(await codeOf(behind.redeem(deviceCode.reveal()))).toBe('authorization_pending')
  })

  test('whoever asks all the time still gets an answer once a minute', async () => {
    const { clock, start, redeem } = await credentialParts(await open())
    const { deviceCode } = await start()
    const poll = () => codeOf(redeem(deviceCode.reveal()))
    await poll()
    for (let time = 0; time < 30; time++) expect(await poll()).toBe('slow_down')
    clock.advance(60_000)
    expect(await poll()).toBe('authorization_pending')
  })

  test('a denied code tells its agent so, and later nothing', async () => {
    const { clock, start, pairings, redeem } = await credentialParts(await open())
    const { deviceCode, userCode } = await start()
    await pairings.deny(ADA, userCode)
    expect(await codeOf(redeem(deviceCode.reveal()))).toBe('access_denied')
    clock.advance(1_199_999)
    await start()
    expect(await codeOf(redeem(deviceCode.reveal()))).toBe('access_denied')
    clock.advance(1)
    await start()
    expect(await codeOf(redeem(deviceCode.reveal()))).toBe('invalid_grant')
  })

  test('an expired code tells its agent so', async () => {
    const { clock, start, redeem } = await credentialParts(await open())
    const { deviceCode } = await start()
    clock.advance(600_000)
    expect(await codeOf(redeem(deviceCode.reveal()))).toBe('expired_token')
  })

  test('a code that was confirmed in its last second can still be redeemed', async () => {
    const { clock, start, approve, redeem } = await credentialParts(await open())
    const { deviceCode, userCode } = await start()
    const late = await start()
    clock.advance(599_000)
    await approve(userCode)
    await approve(late.userCode)
    clock.advance(59_999)
    expect(await codeOf(redeem(deviceCode.reveal()))).toBeUndefined()
    clock.advance(1)
    expect(await codeOf(redeem(late.deviceCode.reveal()))).toBe('expired_token')
  })

  test('of many who redeem at once, through several gateways, one gets the tokens', async () => {
    const database = await open()
    const parts = await credentialParts(database)
    const another = await credentialParts(database, { clock: parts.clock })
    const { deviceCode, userCode } = await parts.start()
    await parts.approve(userCode)
    const redeem = (index: number) => codeOf((index % 2 === 0 ? parts : another).redeem(deviceCode))
    const codes = await Promise.all(Array.from({ length: 10 }, (_, index) => redeem(index)))
    expect(codes.filter((code) => code === undefined)).toHaveLength(1)
    expect(codes.filter((code) => code === 'invalid_grant')).toHaveLength(9)
    expect(await database.db.selectFrom('tunnel_credentials').selectAll().execute()).toHaveLength(1)
  })

  test('a one-time token is redeemed once, within the hour', async () => {
    const { clock, tunnels, redeem } = await credentialParts(await open())
    const gpu = await tunnels.create(ADA, 'gpu')
    const cpu = await tunnels.create(ADA, 'cpu')
    clock.advance(3_599_999)
    expect((await redeem(gpu.token.reveal())).tunnel).toMatchObject({ id: gpu.tunnel.id })
    expect(await codeOf(redeem(gpu.token.reveal()))).toBe('invalid_grant')
    clock.advance(1)
    expect(await codeOf(redeem(cpu.token.reveal()))).toBe('expired_token')
  })

  test('whoever fetches tokens is on record, as the machine that was confirmed or as an agent', async () => {
    const { start, approve, tunnels, redeem, entries } = await credentialParts(await open())
    const { deviceCode, userCode } = await start({ machine: 'box' })
    const confirmed = await approve(userCode)
    const { tunnel, token } = await tunnels.create(ADA, 'made')
    const before = entries.length
    for (const code of [deviceCode, token]) {
      await redeem(code)
      expect(await codeOf(redeem(code))).toBe('invalid_grant')
    }
    const agent = { action: 'tunnel.pair', org_id: 'org', actor_kind: 'nobody', actor_id: null, address: ADDRESS }
    expect(entries.slice(before)).toMatchObject([
      {
        ...agent,
        actor_name: 'box',
        target_id: confirmed.id,
        after: JSON.stringify({ label: 'box', machine: 'box' }),
      },
      {
        ...agent,
        actor_name: 'an agent',
        target_id: tunnel.id,
        after: JSON.stringify({ label: 'made', machine: null }),
      },
    ])
  })

  test('tokens that cannot be recorded are not given, and can be fetched later', async () => {
    const database = await open()
    const { tunnels, redeem } = await credentialParts(database)
    const { token } = await tunnels.create(ADA, 'gpu')
    await database.db.schema.alterTable('audit').renameTo('hidden').execute()
    await expect(redeem(token)).rejects.toThrow()
    await database.db.schema.alterTable('hidden').renameTo('audit').execute()
    expect(await database.db.selectFrom('tunnel_credentials').selectAll().execute()).toEqual([])
    expect((await redeem(token)).refreshToken).toBeDefined()
  })

  test('a code or token with a wrong secret, of another kind, or of nobody is unknown', async () => {
    const { start, approve, tunnels, pairings, redeem } = await credentialParts(await open())
    const { deviceCode, userCode } = await start()
    await approve(userCode)
    const { token } = await tunnels.create(ADA, 'made')
    const wrong = [
      withWrongSecret(deviceCode.reveal()),
      withWrongSecret(token.reveal()),
      deviceCode.reveal().replace('pd_', 'pt_'),
      token.reveal().replace('pt_', 'pd_'),
      token.reveal().slice(0, 14) + deviceCode.reveal().slice(14),
      newToken('pd').text.reveal(),
      newToken('pr').text.reveal(),
      userCode,
      '',
    ]
    const messages = new Set<string>()
    for (const text of wrong) {
      const error = (await rejection(redeem(text))) as TokenError
      expect(error).toMatchObject({ name: 'TokenError', code: 'invalid_grant' })
      messages.add(error.message)
    }
    expect(messages.size).toBe(1)
    const { refreshToken } = await redeem(deviceCode.reveal())
    expect(await codeOf(redeem(reveal(refreshToken)))).toBe('invalid_grant')
    for (const text of [withWrongSecret(reveal(refreshToken)), token.reveal(), newToken('pr').text.reveal(), '']) {
      expect(await codeOf(pairings.refresh(text, OLD_AGENT))).toBe('invalid_grant')
    }
  })

  test('an unknown token costs the work of a known one', async () => {
    const database = await open()
    let hashes = 0
    const { store, repository, accessTokens, clock } = await credentialParts(database)
    const tokens = new TunnelTokens({
      store,
      pairings: new PairingRepository(database),
      tunnels: repository,
      accessTokens,
      clock,
      limits: DEFAULT_PAIRING_LIMITS,
      hash: () => Buffer.alloc(32, ++hashes),
    })
    await codeOf(tokens.redeem(newToken('pd').text.reveal(), ADDRESS))
    await codeOf(tokens.refresh(newToken('pr').text.reveal(), OLD_AGENT))
    expect(hashes).toBe(3)
  })

  test('a refresh token lives a year after its last use', async () => {
    const { clock, tunnels, pairings, redeem } = await credentialParts(await open())
    const { token, tunnel } = await tunnels.create(ADA, 'gpu')
    const { refreshToken } = await redeem(token.reveal())
    const refresh = () => pairings.refresh(reveal(refreshToken), OLD_AGENT)
    const almostAYear = 365 * 86_400_000 - 1
    for (let year = 0; year < 3; year++) {
      clock.advance(almostAYear)
      expect(await refresh()).toMatchObject({ tunnel: { id: tunnel.id, label: 'gpu' }, expiresInMs: 900_000 })
    }
    expect((await refresh()).refreshToken).toBeUndefined()
    clock.advance(almostAYear + 1)
    expect(await codeOf(refresh())).toBe('invalid_grant')
  })

  test('a revocation ends what was confirmed and not fetched yet', async () => {
    const { start, approve, tunnels, redeem } = await credentialParts(await open())
    const { deviceCode, userCode } = await start()
    await approve(userCode)
    await tunnels.revoke(ADA, 'gpu')
    expect(await codeOf(redeem(deviceCode.reveal()))).toBe('invalid_grant')
  })

  test('no secret is in the database, in an error or in what is shown of an answer', async () => {
    const database = await open()
    const { start, approve, tunnels, pairings, redeem } = await credentialParts(database)
    const waiting = await start()
    const confirmed = await start()
    await approve(confirmed.userCode)
    const used = await start()
    await approve(used.userCode)
    const answer = await redeem(used.deviceCode.reveal())
    const { token } = await tunnels.create(ADA, 'made')
    const secrets = [waiting, confirmed, used].map(({ deviceCode }) => deviceCode)
    secrets.push(token, answer.accessToken, answer.refreshToken ?? expect.unreachable())
    const errors = await Promise.all(
      secrets.map(async (secret) =>
        inspect(await rejection(pairings.refresh(withWrongSecret(secret.reveal()), OLD_AGENT))),
      ),
    )
    const bytes = await bytesOf(database)
    expect(bytes).toContain('org')
    expect(bytes).toContain(waiting.userCode)
    for (const secret of secrets) {
      const text = secret.reveal()
      const hidden = text.startsWith('p') ? text.slice(14) : text
      expect(bytes).not.toContain(hidden)
      expect(errors.join()).not.toContain(hidden.slice(0, -1))
      expect(inspect(answer, { depth: null }) + JSON.stringify(answer)).not.toContain(hidden)
    }
  })
})

/** Everything that a database has stored: SQLite's files as they are, of PostgreSQL every row. */
async function bytesOf(database: TestDatabase): Promise<string> {
  if (database.dialect === 'sqlite') {
    const folder = dirname(fileURLToPath(database.url))
    return readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join()
  }
  const tables = ['tunnels', 'tunnel_credentials', 'pairings'] as const
  const rows = await Promise.all(tables.map((table) => database.db.selectFrom(table).selectAll().execute()))
  return JSON.stringify(rows)
}
