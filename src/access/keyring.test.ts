import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ManualClock } from '../../test/support/clock.ts'
import { describeDatabases } from '../../test/support/databases.ts'
import { LOCAL, MEMBER_RULES } from '../../test/support/key-actors.ts'
import { PunkuError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import { migrate } from '../store/migrations.ts'
import type { Key } from './key.ts'
import { KeyService } from './key-service.ts'
import { hashSecret } from './key-text.ts'
import { Keyring } from './keyring.ts'

const hash = (secret: string) => hashSecret(new Secret('pepper'), secret)
const memberKeyRules = async () => MEMBER_RULES
const ADDRESS = '127.0.0.1'

/** A gateway's keyring, and a service in another process on the same database: nobody tells the keyring of changes. */
function partsOn(database: OpenDatabase) {
  const clock = new ManualClock()
  const repository = new KeyRepository(database)
  const service = new KeyService({ repository, hash, clock, memberKeyRules })
  const seen = { hashes: 0, logs: [] as string[], ended: [] as string[] }
  const keyring = new Keyring({
    repository,
    clock,
    log: pino({}, { write: (line: string) => void seen.logs.push(line) }),
    hash(secret) {
      seen.hashes++
      return hash(secret)
    },
  })
  keyring.onEnd((id, error) => void seen.ended.push(`${id} ${error.code}`))
  const verify = (text: Secret | string, address = ADDRESS): Key | string => {
    try {
      return keyring.verify(typeof text === 'string' ? text : text.reveal(), { address, nowMs: clock.now() })
    } catch (error) {
      return error instanceof PunkuError ? error.code : String(error)
    }
  }
  return { clock, repository, service, keyring, seen, verify }
}

let database: OpenDatabase
let parts: ReturnType<typeof partsOn>

beforeEach(async () => {
  database = openDatabase({ url: ':memory:' })
  await migrate(database)
  parts = partsOn(database)
})
afterEach(() => database.close())

/** A well-formed key that differs from a real one in its last character. */
function withWrongSecret(text: Secret): string {
  const right = text.reveal()
  return right.slice(0, -1) + (right.endsWith('0') ? '1' : '0')
}

const unknownKey = `pk_0123456789_${'0'.repeat(52)}`

test('the right text opens its key', async () => {
  const { keyring, service, verify } = parts
  const { key, text } = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  expect(verify(text)).toEqual(key)
})

test('an unknown id and a wrong secret get one answer after the same work', async () => {
  const { keyring, service, seen } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  const answers = [unknownKey, withWrongSecret(text)].map((presented) => {
    seen.hashes = 0
    try {
      keyring.verify(presented, { address: ADDRESS, nowMs: 0 })
    } catch (error) {
      return { hashes: seen.hashes, code: (error as PunkuError).code, message: (error as PunkuError).message }
    }
    return undefined
  })
  expect(answers[0]).toMatchObject({ hashes: 1, code: 'key_unknown' })
  expect(answers[1]).toEqual(answers[0])
})

test('failures are never remembered, successes are hashed once until the keys change', async () => {
  const { keyring, service, seen, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  for (let time = 0; time < 3; time++) expect(verify(withWrongSecret(text))).toBe('key_unknown')
  expect(seen.hashes).toBe(3)
  for (let time = 0; time < 3; time++) expect(verify(text)).toMatchObject({ name: 'ada' })
  expect(seen.hashes).toBe(4)
  await service.create(LOCAL, { name: 'eve' })
  await keyring.refresh()
  verify(text)
  expect(seen.hashes).toBe(5)
})

test('the secret of one key does not open another', async () => {
  const { keyring, service, verify } = parts
  const [ada, eve] = [await service.create(LOCAL, { name: 'ada' }), await service.create(LOCAL, { name: 'eve' })]
  await keyring.start()
  expect(verify(ada.text.reveal().slice(0, 14) + eve.text.reveal().slice(14))).toBe('key_unknown')
})

test.each(['', 'ollama', 'sk-123', 'pk_', unknownKey.toUpperCase(), '__proto__'])('%j is malformed', async (text) => {
  await parts.keyring.start()
  expect(parts.verify(text)).toBe('key_malformed')
})

test('only who has the secret learns that a key was revoked or has expired', async () => {
  const { keyring, service, clock, verify } = parts
  const ada = await service.create(LOCAL, { name: 'ada', expiresInMs: 1_000 })
  const eve = await service.create(LOCAL, { name: 'eve' })
  await service.revoke(LOCAL, 'eve')
  await keyring.start()
  expect(verify(ada.text)).toMatchObject({ name: 'ada' })
  clock.advance(999)
  expect(verify(ada.text)).toMatchObject({ name: 'ada' })
  clock.advance(1)
  expect([verify(ada.text), verify(withWrongSecret(ada.text))]).toEqual(['key_expired', 'key_unknown'])
  expect([verify(eve.text), verify(withWrongSecret(eve.text))]).toEqual(['key_revoked', 'key_unknown'])
})

test('a key works only in its networks, remembered or not', async () => {
  const { keyring, service, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada', networks: ['10.0.0.0/8'] })
  await keyring.start()
  expect(verify(text, '192.0.2.1')).toBe('network_not_allowed')
  expect(verify(text, '10.0.0.1')).toMatchObject({ name: 'ada' })
  expect(verify(text, '::ffff:10.0.0.1')).toMatchObject({ name: 'ada' })
  expect(verify(text, '192.0.2.1')).toBe('network_not_allowed')
  expect(verify(text, '')).toBe('network_not_allowed')
})

test('both texts of a rotated key work until the grace ends, and then nothing is cut', async () => {
  const { keyring, service, clock, seen, verify } = parts
  const old = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  const renewed = await service.rotate(LOCAL, 'ada', 60_000)
  await keyring.refresh()
  expect([verify(old.text), verify(renewed.text)]).toMatchObject([{ name: 'ada' }, { name: 'ada' }])
  clock.advance(60_000)
  expect(verify(old.text)).toBe('key_expired')
  expect(verify(renewed.text)).toMatchObject({ name: 'ada' })
  await keyring.refresh()
  expect(seen.ended).toEqual([])
})

test('the end of a key is told once: revoked, expired or deleted', async () => {
  const { keyring, service, clock, seen } = parts
  const revoked = await service.create(LOCAL, { name: 'revoked' })
  const expiring = await service.create(LOCAL, { name: 'expiring', expiresInMs: 10_000 })
  const deleted = await service.create(LOCAL, { name: 'deleted' })
  const long = await service.create(LOCAL, { name: 'long revoked' })
  await service.revoke(LOCAL, 'long revoked')
  await keyring.start()
  expect(seen.ended).toEqual([])
  await service.revoke(LOCAL, 'revoked')
  await database.db.deleteFrom('keys').where('id', '=', deleted.key.id).execute()
  await keyring.refresh()
  clock.advance(10_000)
  await service.create(LOCAL, { name: 'another' })
  await keyring.refresh()
  expect(seen.ended.sort()).toEqual(
    [`${revoked.key.id} key_revoked`, `${deleted.key.id} key_revoked`, `${expiring.key.id} key_expired`].sort(),
  )
  expect(await service.show(LOCAL, long.key.id)).toBeDefined()
})

test('a key that is given more time works again, and its next end is told too', async () => {
  const { keyring, service, clock, seen, verify } = parts
  const { key, text } = await service.create(LOCAL, { name: 'ada', expiresInMs: 10_000 })
  await keyring.start()
  clock.advance(10_500)
  expect(verify(text)).toBe('key_expired')
  await service.change(LOCAL, 'ada', { version: 1, expiresInMs: 60_000 })
  await keyring.refresh()
  expect(verify(text)).toMatchObject({ id: key.id, version: 2 })
  await service.revoke(LOCAL, 'ada')
  await keyring.refresh()
  expect(seen.ended).toEqual([`${key.id} key_expired`, `${key.id} key_revoked`])
})

test('a change is held to within a second, and ends no stream', async () => {
  const { keyring, service, clock, seen, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  verify(text)
  await service.change(LOCAL, 'ada', { version: 1, models: ['llama3'], networks: ['10.0.0.0/8'] })
  clock.advance(500)
  await vi.waitFor(() => expect(verify(text)).toBe('network_not_allowed'))
  expect(verify(text, '10.1.2.3')).toMatchObject({ models: [{ text: 'llama3' }], version: 2 })
  expect(seen.ended).toEqual([])
})

test('a key expires for its streams on time even while the database is away', async () => {
  const { keyring, service, clock, seen, verify } = parts
  const { key, text } = await service.create(LOCAL, { name: 'ada', expiresInMs: 10_000 })
  const eve = await service.create(LOCAL, { name: 'eve' })
  await keyring.start()
  await database.close()
  clock.advance(10_500)
  expect(seen.ended).toEqual([`${key.id} key_expired`])
  expect(verify(text)).toBe('key_expired')
  expect(verify(eve.text)).toMatchObject({ name: 'eve' })
  for (let poll = 0; poll < 3; poll++) {
    await expect(keyring.refresh()).rejects.toThrow()
    clock.advance(500)
  }
  await vi.waitFor(() => expect(seen.logs.filter((line) => line.includes('keys cannot be read'))).toHaveLength(1))
})

test('a listener that fails does not keep others from hearing', async () => {
  const { keyring, service, seen } = parts
  const first = partsOn(database)
  const { key } = await service.create(LOCAL, { name: 'ada' })
  const late: string[] = []
  keyring.onEnd(() => {
    throw new Error('broken listener')
  })
  keyring.onEnd((id) => void late.push(id))
  await keyring.start()
  await first.service.revoke(LOCAL, 'ada')
  await keyring.refresh()
  expect(late).toEqual([key.id])
  expect(seen.logs.join()).toContain('broken listener')
})

test('a stored key that cannot be read opens nothing and keeps no other from opening', async () => {
  const { keyring, service, seen, verify } = parts
  const ada = await service.create(LOCAL, { name: 'ada' })
  const eve = await service.create(LOCAL, { name: 'eve' })
  await keyring.start()
  const change = { routes: '["never"]', updated_at: Number.MAX_SAFE_INTEGER }
  await database.db.updateTable('keys').set(change).where('id', '=', ada.key.id).execute()
  await keyring.refresh()
  expect(verify(ada.text)).toBe('key_unknown')
  expect(verify(eve.text)).toMatchObject({ name: 'eve' })
  expect(seen.ended).toEqual([`${ada.key.id} key_revoked`])
})

test('the time of last use is written now and then, and at the end', async () => {
  const { keyring, service, clock, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  clock.advance(1_000)
  verify(text)
  const usedAt = clock.now()
  expect((await service.show(LOCAL, 'ada')).lastUsedAt).toBeUndefined()
  clock.advance(30_000)
  await vi.waitFor(async () => expect((await service.show(LOCAL, 'ada')).lastUsedAt).toBe(usedAt))
  verify(text)
  await keyring.close()
  expect((await service.show(LOCAL, 'ada')).lastUsedAt).toBe(clock.now())
  expect(clock.pendingTimers).toBe(0)
})

test('a secret that ended long ago is forgotten at the next start', async () => {
  const { keyring, service, repository, clock } = parts
  await service.create(LOCAL, { name: 'ada' })
  await service.rotate(LOCAL, 'ada', 0)
  clock.advance(31 * 86_400_000)
  await keyring.start()
  expect(await repository.listSecrets()).toHaveLength(1)
})

test('no refusal shows anything of the key', async () => {
  const { keyring, service } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await keyring.start()
  for (const presented of [withWrongSecret(text), `x${text.reveal()}`]) {
    try {
      keyring.verify(presented, { address: ADDRESS, nowMs: 0 })
      expect.unreachable()
    } catch (error) {
      expect((error as PunkuError).message).not.toContain(presented.slice(15, 30))
    }
  }
})

describeDatabases((open) => {
  test('a revocation by another process takes effect within a second', async () => {
    const shared = await open()
    const { keyring, clock, seen, verify } = partsOn(shared)
    const elsewhere = openDatabase({ url: shared.url })
    try {
      const service = new KeyService({ repository: new KeyRepository(elsewhere), hash, clock, memberKeyRules })
      const { key, text } = await service.create(LOCAL, { name: 'ada' })
      await keyring.start()
      expect(verify(text)).toMatchObject({ name: 'ada' })
      await service.revoke(LOCAL, 'ada')
      clock.advance(500)
      await vi.waitFor(() => expect(seen.ended).toEqual([`${key.id} key_revoked`]))
      expect(verify(text)).toBe('key_revoked')
      await keyring.close()
    } finally {
      await elsewhere.close()
    }
  })
})
