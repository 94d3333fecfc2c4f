import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countQueries } from '../../../test/support/counted-queries.ts'
import { describeDatabases } from '../../../test/support/databases.ts'
import { LOCAL, MEMBER_RULES } from '../../../test/support/key-actors.ts'
import { openTestStore, recordedChange } from '../../../test/support/store.ts'
import { newKey, storedSecrets } from '../../../test/support/stored-keys.ts'
import { PunkuError } from '../../core/error.ts'
import { Secret } from '../../core/secret.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { KeyRepository } from '../store/key-repository.ts'
import { migrate } from '../store/migrations.ts'
import type { Key } from './key.ts'
import { newTerms, showTerms } from './key-grant.ts'
import { KeyService } from './key-service.ts'
import { hashSecret } from './key-text.ts'
import { Keyring } from './keyring.ts'

const hash = (secret: string) => hashSecret(new Secret('pepper'), secret)
const memberKeyRules = async () => MEMBER_RULES
const ADDRESS = '127.0.0.1'
const TERMS = JSON.stringify(showTerms(newTerms({}, undefined)))

/** A gateway's keyring, and a service in another process on the same database: nobody tells the keyring of changes. */
async function partsOn(database: OpenDatabase) {
  const { store, feed, clock } = await openTestStore(database)
  const repository = new KeyRepository(database)
  const service = new KeyService({ store, repository, hash, clock, memberKeyRules })
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
  feed.follow('keys', keyring)
  const start = () => feed.start(() => keyring.start())
  return { clock, repository, store, service, feed, keyring, start, seen, verify }
}

let database: OpenDatabase
let parts: Awaited<ReturnType<typeof partsOn>>

beforeEach(async () => {
  database = openDatabase({ url: ':memory:' })
  await migrate(database)
  parts = await partsOn(database)
})
afterEach(() => database.close())

/** A well-formed key that differs from a real one in its last character. */
function withWrongSecret(text: Secret): string {
  const right = text.reveal()
  return right.slice(0, -1) + (right.endsWith('0') ? '1' : '0')
}

const unknownKey = `pk_0123456789_${'0'.repeat(52)}`

test('the right text opens its key', async () => {
  const { start, service, verify } = parts
  const { key, text } = await service.create(LOCAL, { name: 'ada' })
  await start()
  expect(verify(text)).toEqual(key)
})

test('an unknown id and a wrong secret get one answer after the same work', async () => {
  const { keyring, start, service, seen } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await start()
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

test('failures are never remembered, successes are hashed once until their key changes', async () => {
  const { feed, start, service, seen, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await start()
  for (let time = 0; time < 3; time++) expect(verify(withWrongSecret(text))).toBe('key_unknown')
  expect(seen.hashes).toBe(3)
  for (let time = 0; time < 3; time++) expect(verify(text)).toMatchObject({ name: 'ada' })
  expect(seen.hashes).toBe(4)
  await service.create(LOCAL, { name: 'eve' })
  await feed.refresh()
  verify(text)
  expect(seen.hashes).toBe(4)
  await service.change(LOCAL, 'ada', { version: 1, models: ['llama3'] })
  await feed.refresh()
  verify(text)
  expect(seen.hashes).toBe(5)
})

test('the secret of one key does not open another', async () => {
  const { start, service, verify } = parts
  const [ada, eve] = [await service.create(LOCAL, { name: 'ada' }), await service.create(LOCAL, { name: 'eve' })]
  await start()
  expect(verify(ada.text.reveal().slice(0, 14) + eve.text.reveal().slice(14))).toBe('key_unknown')
})

test.each(['', 'ollama', 'sk-123', 'pk_', unknownKey.toUpperCase(), '__proto__'])('%j is malformed', async (text) => {
  await parts.start()
  expect(parts.verify(text)).toBe('key_malformed')
})

test('only who has the secret learns that a key was revoked or has expired', async () => {
  const { start, service, clock, verify } = parts
  const ada = await service.create(LOCAL, { name: 'ada', expiresInMs: 1_000 })
  const eve = await service.create(LOCAL, { name: 'eve' })
  await service.revoke(LOCAL, 'eve')
  await start()
  expect(verify(ada.text)).toMatchObject({ name: 'ada' })
  clock.advance(999)
  expect(verify(ada.text)).toMatchObject({ name: 'ada' })
  clock.advance(1)
  expect([verify(ada.text), verify(withWrongSecret(ada.text))]).toEqual(['key_expired', 'key_unknown'])
  expect([verify(eve.text), verify(withWrongSecret(eve.text))]).toEqual(['key_revoked', 'key_unknown'])
})

test('a key works only in its networks, remembered or not', async () => {
  const { start, service, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada', networks: ['10.0.0.0/8'] })
  await start()
  expect(verify(text, '192.0.2.1')).toBe('network_not_allowed')
  expect(verify(text, '10.0.0.1')).toMatchObject({ name: 'ada' })
  expect(verify(text, '::ffff:10.0.0.1')).toMatchObject({ name: 'ada' })
  expect(verify(text, '192.0.2.1')).toBe('network_not_allowed')
  expect(verify(text, '')).toBe('network_not_allowed')
})

test('both texts of a rotated key work until the grace ends, and then nothing is cut', async () => {
  const { feed, start, service, clock, seen, verify } = parts
  const old = await service.create(LOCAL, { name: 'ada' })
  await start()
  const renewed = await service.rotate(LOCAL, 'ada', 60_000)
  await feed.refresh()
  expect([verify(old.text), verify(renewed.text)]).toMatchObject([{ name: 'ada' }, { name: 'ada' }])
  clock.advance(60_000)
  expect(verify(old.text)).toBe('key_expired')
  expect(verify(renewed.text)).toMatchObject({ name: 'ada' })
  await feed.refresh()
  expect(seen.ended).toEqual([])
})

test('the end of a key is told once: revoked, expired or deleted', async () => {
  const { store, feed, start, service, clock, seen } = parts
  const revoked = await service.create(LOCAL, { name: 'revoked' })
  const expiring = await service.create(LOCAL, { name: 'expiring', expiresInMs: 10_000 })
  const deleted = await service.create(LOCAL, { name: 'deleted' })
  const long = await service.create(LOCAL, { name: 'long revoked' })
  await service.revoke(LOCAL, 'long revoked')
  await start()
  expect(seen.ended).toEqual([])
  await service.revoke(LOCAL, 'revoked')
  await recordedChange(store, async ({ db, changed }) => {
    await db.deleteFrom('keys').where('id', '=', deleted.key.id).execute()
    changed('keys', deleted.key.id)
  })
  await feed.refresh()
  clock.advance(10_000)
  await service.create(LOCAL, { name: 'another' })
  await feed.refresh()
  expect(seen.ended.sort()).toEqual(
    [`${revoked.key.id} key_revoked`, `${deleted.key.id} key_revoked`, `${expiring.key.id} key_expired`].sort(),
  )
  expect(await service.show(LOCAL, long.key.id)).toBeDefined()
})

test('a key that is given more time works again, and its next end is told too', async () => {
  const { feed, start, service, clock, seen, verify } = parts
  const { key, text } = await service.create(LOCAL, { name: 'ada', expiresInMs: 10_000 })
  await start()
  clock.advance(10_500)
  expect(verify(text)).toBe('key_expired')
  await service.change(LOCAL, 'ada', { version: 1, expiresInMs: 60_000 })
  await feed.refresh()
  expect(verify(text)).toMatchObject({ id: key.id, version: 2 })
  await service.revoke(LOCAL, 'ada')
  await feed.refresh()
  expect(seen.ended).toEqual([`${key.id} key_expired`, `${key.id} key_revoked`])
})

test('a change is held to within a second, and ends no stream', async () => {
  const { start, service, clock, seen, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await start()
  verify(text)
  await service.change(LOCAL, 'ada', { version: 1, models: ['llama3'], networks: ['10.0.0.0/8'] })
  clock.advance(500)
  await expect.poll(() => verify(text)).toBe('network_not_allowed')
  expect(verify(text, '10.1.2.3')).toMatchObject({ models: [{ text: 'llama3' }], version: 2 })
  expect(seen.ended).toEqual([])
})

test('a key expires for its streams on time even while the database is away', async () => {
  const { feed, start, service, clock, seen, verify } = parts
  const { key, text } = await service.create(LOCAL, { name: 'ada', expiresInMs: 10_000 })
  const eve = await service.create(LOCAL, { name: 'eve' })
  await start()
  await database.close()
  clock.advance(10_500)
  expect(seen.ended).toEqual([`${key.id} key_expired`])
  expect(verify(text)).toBe('key_expired')
  expect(verify(eve.text)).toMatchObject({ name: 'eve' })
  await expect(feed.refresh()).rejects.toThrow()
})

test('a listener that fails does not keep others from hearing', async () => {
  const { feed, keyring, start, service, seen } = parts
  const { key } = await service.create(LOCAL, { name: 'ada' })
  const late: string[] = []
  keyring.onEnd(() => {
    throw new Error('broken listener')
  })
  keyring.onEnd((id) => void late.push(id))
  await start()
  await service.revoke(LOCAL, 'ada')
  await feed.refresh()
  expect(late).toEqual([key.id])
  expect(seen.logs.join()).toContain('broken listener')
})

test('a stored key that cannot be read opens nothing and keeps no other from opening', async () => {
  const { store, feed, start, service, seen, verify } = parts
  const ada = await service.create(LOCAL, { name: 'ada' })
  const eve = await service.create(LOCAL, { name: 'eve' })
  await start()
  const { terms } = await database.db.selectFrom('keys').select('terms').executeTakeFirstOrThrow()
  await recordedChange(store, async ({ db, changed }) => {
    const unreadable = { terms: terms.replace('"inference"', '"never"') }
    await db.updateTable('keys').set(unreadable).where('id', '=', ada.key.id).execute()
    changed('keys', ada.key.id)
  })
  await feed.refresh()
  expect(verify(ada.text)).toBe('key_unknown')
  expect(verify(eve.text)).toMatchObject({ name: 'eve' })
  expect(seen.ended).toEqual([`${ada.key.id} key_revoked`])
})

test('the time of last use is written now and then, and at the end', async () => {
  const { feed, keyring, start, service, clock, verify } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await start()
  clock.advance(1_000)
  verify(text)
  const usedAt = clock.now()
  expect((await service.show(LOCAL, 'ada')).lastUsedAt).toBeUndefined()
  clock.advance(30_000)
  await expect.poll(async () => (await service.show(LOCAL, 'ada')).lastUsedAt).toBe(usedAt)
  verify(text)
  await feed.close()
  await keyring.close()
  expect((await service.show(LOCAL, 'ada')).lastUsedAt).toBe(clock.now())
  expect(clock.pendingTimers).toBe(0)
})

test('a secret that ended long ago is forgotten at the next start', async () => {
  const { start, service, repository, clock } = parts
  await service.create(LOCAL, { name: 'ada' })
  await service.rotate(LOCAL, 'ada', 0)
  clock.advance(31 * 86_400_000)
  await start()
  expect(await storedSecrets(repository)).toHaveLength(1)
})

test('a key that is revoked before it was ever loaded is told to nobody', async () => {
  const { feed, start, service, seen, verify } = parts
  await start()
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await service.revoke(LOCAL, 'ada')
  await feed.refresh()
  expect(verify(text)).toBe('key_revoked')
  expect(seen.ended).toEqual([])
})

test('keys that changed while nobody knows which are read anew: changed, new and gone', async () => {
  const { feed, start, service, seen, verify } = parts
  const ada = await service.create(LOCAL, { name: 'ada' })
  const eve = await service.create(LOCAL, { name: 'eve' })
  const zoe = await service.create(LOCAL, { name: 'zoe' })
  await start()
  for (const { text } of [ada, eve, zoe]) verify(text)
  await service.revoke(LOCAL, 'ada')
  await database.db.deleteFrom('keys').where('id', '=', eve.key.id).execute()
  const bob = await service.create(LOCAL, { name: 'bob' })
  await database.db.deleteFrom('changes').execute()
  await feed.refresh()
  expect([ada, eve].map(({ text }) => verify(text))).toEqual(['key_revoked', 'key_unknown'])
  expect([zoe, bob].map(({ text }) => verify(text))).toMatchObject([{ name: 'zoe' }, { name: 'bob' }])
  expect(seen.ended.sort()).toEqual([ada, eve].map(({ key }) => `${key.id} key_revoked`).sort())
})

test('no refusal shows anything of the key', async () => {
  const { keyring, start, service } = parts
  const { text } = await service.create(LOCAL, { name: 'ada' })
  await start()
  for (const presented of [withWrongSecret(text), `x${text.reveal()}`]) {
    try {
      keyring.verify(presented, { address: ADDRESS, nowMs: 0 })
      expect.unreachable()
    } catch (error) {
      expect((error as PunkuError).message).not.toContain(presented.slice(15, 30))
    }
  }
})

/** Many keys at once, straight into the tables. */
async function addKeys({ db }: OpenDatabase, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, at) => `many${at}`)
  for (let from = 0; from < count; from += 500) {
    const some = ids.slice(from, from + 500)
    const more = { version: 1, updated_at: 0, revoked_at: null, last_used_at: null }
    await db
      .insertInto('keys')
      .values(some.map((id) => ({ ...newKey(id), ...more, terms: TERMS })))
      .execute()
    const secret = { hash: '00'.repeat(32), created_at: 0, expires_at: null }
    await db
      .insertInto('key_secrets')
      .values(some.map((key_id) => ({ ...secret, key_id })))
      .execute()
  }
}

describeDatabases((open) => {
  test('one change costs the same however many keys there are, and touches that key alone', async () => {
    const costs = []
    for (const count of [10, 2_000]) {
      const database = await open()
      await addKeys(database, count)
      const counted = countQueries(database)
      const { service, feed, start, keyring, verify } = await partsOn(counted)
      const ada = await service.create(LOCAL, { name: 'ada' })
      const eve = await service.create(LOCAL, { name: 'eve' })
      await start()
      const before = verify(eve.text)
      counted.takeCounts()
      await service.change(LOCAL, 'ada', { version: 1, models: ['llama3'] })
      const change = counted.takeCounts()
      await feed.refresh()
      const follow = counted.takeCounts()
      costs.push({ change, follow })
      expect(verify(ada.text)).toMatchObject({ version: 2, models: [{ text: 'llama3' }] })
      expect(verify(eve.text)).toBe(before)
      await feed.close()
      await keyring.close()
    }
    expect(costs[1]).toEqual(costs[0])
    // The marks, the key and its secret: one of each, and the mark that was told last.
    expect(costs[0]?.follow).toEqual({ statements: 3, rows: 4 })
  })

  test('many keys are read some at a time, and the loop turns in between', async () => {
    const database = await open()
    await addKeys(database, 1_000)
    const { service, feed, start, keyring, verify } = await partsOn(database)
    const ada = await service.create(LOCAL, { name: 'ada' })
    let turns = 0
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    await start()
    isOver = true
    expect(turns).toBeGreaterThanOrEqual(4)
    expect(verify(ada.text)).toMatchObject({ name: 'ada' })
    await feed.close()
    await keyring.close()
  })

  test('a revocation by another process takes effect within a second', async () => {
    const shared = await open()
    const { keyring, feed, start, clock, seen, verify } = await partsOn(shared)
    const elsewhere = openDatabase({ url: shared.url })
    try {
      const { service } = await partsOn(elsewhere)
      const { key, text } = await service.create(LOCAL, { name: 'ada' })
      await start()
      expect(verify(text)).toMatchObject({ name: 'ada' })
      await service.revoke(LOCAL, 'ada')
      clock.advance(500)
      await expect.poll(() => seen.ended).toEqual([`${key.id} key_revoked`])
      expect(verify(text)).toBe('key_revoked')
      await feed.close()
      await keyring.close()
    } finally {
      await elsewhere.close()
    }
  })
})
