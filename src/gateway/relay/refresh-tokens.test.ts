import { expect, test } from 'vitest'
import { describeDatabases } from '../../../test/support/databases.ts'
import {
  ADA,
  ADDRESS,
  codeOf,
  credentialParts,
  OLD_AGENT,
  rejection,
} from '../../../test/support/tunnel-credentials.ts'
import { Secret } from '../../core/secret.ts'
import { tokenId } from '../../core/token-text.ts'
import { hashSecret } from '../access/key-text.ts'
import type { OpenDatabase } from '../store/database.ts'
import { RefreshTokens } from './refresh-tokens.ts'
import type { Tunnel } from './tunnel.ts'

const PEPPER = new Secret('pepper')
const KEEPS = { keepsNew: true, address: ADDRESS } as const

/** A tunnel that is paired, and what its agent then does. */
async function paired(database: OpenDatabase) {
  const copies: string[] = []
  const onCopied = (tunnel: Tunnel, address: string) => copies.push(`${tunnel.label} ${address}`)
  const parts = await credentialParts(database, { onCopied })
  const { token, tunnel } = await parts.tunnels.create(ADA, 'gpu')
  const first = (await parts.redeem(token)).refreshToken?.reveal() ?? ''
  const next = async (text: string, asked: typeof KEEPS | typeof OLD_AGENT = KEEPS) =>
    (await parts.pairings.refresh(text, asked)).refreshToken?.reveal() ?? 'none'
  const version = async () => (await parts.tunnels.show('org', tunnel.id)).credentialVersion
  const isGood = async (text: string) => (await codeOf(parts.pairings.refresh(text, KEEPS))) === undefined
  return { ...parts, database, tunnel, first, next, version, isGood, copies }
}

describeDatabases((open) => {
  test('each use gives a new one, in place of the one it came with', async () => {
    const { first, next, isGood } = await paired(await open())
    const second = await next(first)
    const third = await next(second)
    expect(new Set([first, second, third]).size).toBe(3)
    for (const text of [second, third]) expect(tokenId(text, ['pr'])).toBe(tokenId(first, ['pr']))
    expect(await isGood(third)).toBe(true)
  })

  test('the one before is good until the new one was used: its answer may have been lost', async () => {
    const { clock, first, next, copies, version } = await paired(await open())
    await next(first)
    clock.advance(7 * 86_400_000)
    const again = await next(first)
    const third = await next(again)
    expect(await next(again)).not.toBe(third)
    expect([copies, await version()]).toEqual([[], 1])
  })

  test('of many at once with one token all are answered, and what the last one got is good', async () => {
    const { database, first, next, copies, isGood } = await paired(await open())
    const tokens = await Promise.all(Array.from({ length: 8 }, () => next(first)))
    expect(new Set(tokens).size).toBe(8)
    const { hash } = await database.db.selectFrom('tunnel_credentials').select('hash').executeTakeFirstOrThrow()
    const last = tokens.find((token) => hashSecret(PEPPER, token).toString('hex') === hash) ?? 'none'
    expect(await isGood(last)).toBe(true)
    expect(copies).toEqual([])
  })

  test('a copy that is used later ends the credential, at once and on record', async () => {
    const { first, next, tunnels, pairings, tunnel, version, copies, entries } = await paired(await open())
    const second = await next(first)
    const third = await next(second)
    const refused = await rejection(pairings.refresh(first, { keepsNew: false, address: '203.0.113.9' }))
    expect(refused).toMatchObject({
      code: 'invalid_grant',
      message: expect.stringContaining('two have this credential'),
    })
    // Whoever has the newest one is out too: nobody can tell which of the two is the agent.
    expect(await codeOf(pairings.refresh(third, KEEPS))).toBe('invalid_grant')
    expect([copies, await version()]).toEqual([['gpu 203.0.113.9'], 2])
    const entry = { action: 'tunnel.copied', actor_kind: 'nobody', address: '203.0.113.9', org_id: 'org' }
    expect(entries.at(-1)).toMatchObject({ ...entry, target_id: tunnel.id, target_name: 'gpu' })
    // The tunnel stands, and its owner pairs it anew.
    expect((await tunnels.rotate(ADA, 'gpu')).tunnel.revokedAt).toBeUndefined()
  })

  test('a copy that is faster than its agent is found out by the agent', async () => {
    const { first, next, isGood, copies } = await paired(await open())
    const second = await next(first)
    const ofThief = await next(await next(second))
    expect(await isGood(second)).toBe(false)
    expect(await isGood(ofThief)).toBe(false)
    expect(copies).toHaveLength(1)
  })

  test('whoever keeps the one it was paired with goes on with it; but not once a new one was taken', async () => {
    const { first, next, copies, isGood } = await paired(await open())
    for (let time = 0; time < 3; time++) expect(await next(first, OLD_AGENT)).toBe('none')
    const second = await next(first)
    const third = await next(second, OLD_AGENT)
    expect(third).not.toBe('none')
    expect(await isGood(first)).toBe(false)
    expect(copies).toHaveLength(1)
  })

  test('one from before there were turns is replaced, and known when a copy comes', async () => {
    const { database, first, next, isGood, copies } = await paired(await open())
    const id = tokenId(first, ['pr']) ?? ''
    const legacy = `pr_${id}_${'0'.repeat(52)}`
    const hash = hashSecret(PEPPER, legacy).toString('hex')
    await database.db.updateTable('tunnel_credentials').set({ hash }).execute()
    const third = await next(await next(await next(legacy)))
    expect(await isGood(legacy)).toBe(false)
    expect(await isGood(third)).toBe(false)
    expect(copies).toHaveLength(1)
  })

  test('a database that was put back from a backup takes what was given out after it', async () => {
    const { database, first, next, isGood, copies } = await paired(await open())
    const second = await next(first)
    const backup = await database.db.selectFrom('tunnel_credentials').selectAll().executeTakeFirstOrThrow()
    const fourth = await next(await next(second))
    await database.db.updateTable('tunnel_credentials').set(backup).execute()
    expect(await isGood(await next(fourth))).toBe(true)
    expect(copies).toEqual([])
  })

  test('what was never given out ends nothing', async () => {
    const { first, next, isGood, copies, version } = await paired(await open())
    const third = await next(await next(first))
    const id = tokenId(first, ['pr']) ?? ''
    const forged = [
      `pr_${id}_${'0'.repeat(52)}`,
      new RefreshTokens((text) => hashSecret(new Secret('another pepper'), text)).next(id, 9).reveal(),
      first.replace(id, 'a'.repeat(10)),
      `${first.slice(0, 14)}00000009${first.slice(22)}`,
    ]
    for (const text of forged) expect(await isGood(text)).toBe(false)
    expect([copies, await version()]).toEqual([[], 1])
    expect(await isGood(third)).toBe(true)
  })
})
