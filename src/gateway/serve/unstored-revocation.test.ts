import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../test/support/clock.ts'
import { fillDisk, refuseWrites } from '../../../test/support/full-disk.ts'
import { LOCAL, memberOf } from '../../../test/support/key-actors.ts'
import { ensureHome } from '../../config/home.ts'
import { loadConfig } from '../../config/load.ts'
import { Troubles } from '../metering/troubles.ts'
import { openState } from './state.ts'

/** More than what is left of the pages that are there already has room for. */
const MANY = 60

async function open() {
  const home = mkdtempSync(join(tmpdir(), 'punku-full-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  ensureHome(home)
  const clock = new ManualClock()
  const lines: string[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
  const troubles = new Troubles({ clock, log })
  const config = loadConfig({ home, env: {}, flags: { tunnels: { max: MANY } } })
  const state = await openState({ home, config, clock, log, troubles })
  onTestFinished(async () => {
    await state[Symbol.asyncDispose]()
    troubles[Symbol.dispose]()
  })
  await state.feed.start(async () => void (await Promise.all([state.keyring.start(), state.roll.start()])))
  return { ...state, clock, troubles, lines }
}

/** Revokes one after the other until one could not be stored, and gives that one. */
async function untilUnstored<T>(things: readonly T[], revoke: (thing: T) => Promise<unknown>): Promise<T> {
  for (const thing of things) {
    const refused = await revoke(thing).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refused === undefined) continue
    expect(refused).toMatchObject({ code: 'revoked_unstored', message: expect.stringContaining('could not be stored') })
    return thing
  }
  throw new Error('all of them could be stored')
}

test('a key that is revoked on a full disk opens nothing from then on, and is stored once there is room', async () => {
  const { database, clock, keyring, keys, troubles, unstored, store, lines } = await open()
  const verify = (text: string) => keyring.verify(text, { address: '127.0.0.1', nowMs: clock.now() })
  const issued = []
  for (let count = 0; count < MANY; count++) issued.push(await keys.create(LOCAL, { name: `key ${count}` }))
  const ended: string[] = []
  keyring.onEnd((id) => void ended.push(id))
  const actions: string[] = []
  store.onRecorded(({ action, target_id }) => void actions.push(`${action} ${target_id}`))

  const full = await fillDisk(database)
  const { key, text } = await untilUnstored(issued, (one) => keys.revoke(LOCAL, one.key.name))
  expect(() => verify(text.reveal())).toThrow(/was revoked/)
  expect(ended.at(-1)).toBe(key.id)
  expect(troubles.list()).toMatchObject([
    { kind: 'revocations_unstored', text: expect.stringContaining(`Revoked here and not stored yet: key ${key.id}.`) },
  ])

  await full[Symbol.asyncDispose]()
  clock.advance(5_000)
  await expect.poll(() => unstored.count).toBe(0)
  expect((await keys.show(LOCAL, key.id)).revokedAt).toBeDefined()
  expect(actions.at(-1)).toBe(`key.revoke ${key.id}`)
  expect(() => verify(text.reveal())).toThrow(/was revoked/)
  expect(troubles.list()).toEqual([])
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['revocations.unstored'])
})

test('so does a tunnel', async () => {
  const { database, clock, roll, tunnels, unstored } = await open()
  const made = []
  for (let count = 0; count < MANY; count++) made.push(await tunnels.create(LOCAL, `tunnel-${count}`))
  const changes: string[] = []
  roll.onChange(({ kind, tunnel }) => void changes.push(`${kind} ${tunnel.id}`))

  const full = await fillDisk(database)
  const { tunnel } = await untilUnstored(made, (one) => tunnels.revoke(LOCAL, one.tunnel.label))
  expect(roll.get(tunnel.id)).toBeUndefined()
  expect(changes.at(-1)).toBe(`revoked ${tunnel.id}`)

  await full[Symbol.asyncDispose]()
  clock.advance(5_000)
  await expect.poll(() => unstored.count).toBe(0)
  expect((await tunnels.show('default', tunnel.id)).revokedAt).toBeDefined()
})

test('what is shown of them is what is in effect, on every page and in every count', async () => {
  const { database, clock, keys, tunnels } = await open()
  const issued = []
  for (let count = 0; count < 3; count++) {
    issued.push(await keys.create(LOCAL, { name: `key ${count}` }))
    await tunnels.create(LOCAL, `tunnel-${count}`)
    clock.advance(1_000)
  }
  const page = (limit: number, isRevoked?: boolean) => ({ after: undefined, limit, isRevoked })
  await using _writes = await refuseWrites(database)
  await expect(keys.revoke(LOCAL, 'key 1')).rejects.toMatchObject({ code: 'revoked_unstored' })
  await expect(tunnels.revoke(LOCAL, 'tunnel-1')).rejects.toMatchObject({ code: 'revoked_unstored' })
  const revokedAt = clock.now()

  expect(await keys.show(LOCAL, 'key 1')).toMatchObject({ revokedAt })
  const listed = async (limit: number, isRevoked?: boolean) => [
    (await keys.list(LOCAL, page(limit, isRevoked))).map((key) => [key.name, key.revokedAt]),
    (await tunnels.list('default', page(limit, isRevoked))).map((tunnel) => [tunnel.label, tunnel.revokedAt]),
  ]
  const rows = (list: readonly (readonly [number, number | undefined])[]) =>
    ['key ', 'tunnel-'].map((name) => list.map(([index, at]) => [`${name}${index}`, at]))
  expect(await listed(2)).toEqual(
    rows([
      [2, undefined],
      [1, revokedAt],
    ]),
  )
  expect(await listed(2, false)).toEqual(
    rows([
      [2, undefined],
      [0, undefined],
    ]),
  )
  expect(await listed(2, true)).toEqual(rows([[1, revokedAt]]))
  expect(await tunnels.show('default', 'tunnel-1')).toMatchObject({ revokedAt })
  expect(await tunnels.listLive('default')).toMatchObject([{ label: 'tunnel-0' }, { label: 'tunnel-2' }])
  expect(await keys.active(LOCAL, { before: Infinity, minLifeMs: 0 }, 10)).toMatchObject({ count: 2 })
})

test('what is read of them before it is stored does not bring them back', async () => {
  const { database, clock, keyring, keys, roll, tunnels, unstored } = await open()
  const { text } = await keys.create(LOCAL, { name: 'mine' })
  const { tunnel } = await tunnels.create(LOCAL, 'studio')
  const writes = await refuseWrites(database)
  await expect(keys.revoke(LOCAL, 'mine')).rejects.toMatchObject({ code: 'revoked_unstored' })
  await expect(tunnels.revoke(LOCAL, 'studio')).rejects.toMatchObject({ code: 'revoked_unstored' })
  await writes[Symbol.asyncDispose]()
  await Promise.all([keyring.reload(), roll.reload()])
  await tunnels.rename(LOCAL, 'studio', 'attic')
  const verify = () => keyring.verify(text.reveal(), { address: '127.0.0.1', nowMs: clock.now() })
  expect(verify).toThrow(/was revoked/)
  expect(roll.get(tunnel.id)).toBeUndefined()
  clock.advance(5_000)
  await expect.poll(() => unstored.count).toBe(0)
  expect([...keyring.revokedHere, ...roll.revokedHere]).toEqual([])
  expect(verify).toThrow(/was revoked/)
  expect(roll.get(tunnel.id)).toBeUndefined()
})

test('nobody ends the key of another so, and what cannot be stored is refused with the reason', async () => {
  const { database, clock, keyring, keys } = await open()
  const { text } = await keys.create(LOCAL, { name: 'mine' })
  await using _full = await fillDisk(database)
  await expect(keys.revoke(memberOf('default', 'ada'), 'mine')).rejects.toMatchObject({ code: 'key_not_found' })
  expect(keyring.verify(text.reveal(), { address: '127.0.0.1', nowMs: clock.now() }).name).toBe('mine')
  const creating = (async () => {
    for (let count = 0; count < MANY; count++) await keys.create(LOCAL, { name: `key ${count}` })
  })()
  await expect(creating).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('because its disk is full. Nothing was changed.'),
  })
})

test('one that is revoked twice is told alike, and what is lost at the end is named', async () => {
  const { database, keys, tunnels, lines, unstored, feed } = await open()
  const issued = []
  for (let count = 0; count < MANY; count++) issued.push(await keys.create(LOCAL, { name: `key ${count}` }))
  await using _full = await fillDisk(database)
  const { key } = await untilUnstored(issued, (one) => keys.revoke(LOCAL, one.key.name))
  await expect(keys.revoke(LOCAL, key.name)).rejects.toMatchObject({ code: 'revoked_unstored' })
  expect(unstored.count).toBe(1)
  await feed.close()
  await unstored.close()
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ msg: 'revocations.lost', revoked: [`key ${key.id}`] })
  expect(await tunnels.listLive('default')).toEqual([])
})

test('a revocation that waits to be stored takes effect at once', async () => {
  const { database, clock, keyring, keys } = await open()
  const { key, text } = await keys.create(LOCAL, { name: 'slow' })
  const verify = () => keyring.verify(text.reveal(), { address: '127.0.0.1', nowMs: clock.now() })
  const held = Promise.withResolvers<void>()
  const holding = database.db.transaction().execute(() => held.promise)
  const revoking = keys.revoke(LOCAL, 'slow')
  expect(verify().id).toBe(key.id)
  clock.advance(500)
  expect(verify).toThrow(/was revoked/)
  held.resolve()
  await holding
  expect((await revoking).after.revokedAt).toBeDefined()
  expect(verify).toThrow(/was revoked/)
})
