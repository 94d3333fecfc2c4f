import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { writeLogin } from '../../src/client/logins.ts'
import { readClientProfiles, removeClientProfile } from '../../src/client/profiles/client-profile.ts'
import { keepMachineProfile } from '../../src/client/profiles/keep-profile.ts'
import { openRemoteControl } from '../../src/client/remote-control.ts'
import { ensureHome } from '../../src/config/home.ts'
import { Secret } from '../../src/core/secret.ts'
import { type ControlWorld, startControlWorld } from '../support/control-world.ts'
import { findFreePort } from '../support/free-port.ts'
import { loginToken } from '../support/login-token.ts'
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts'
import { Place } from './punku.ts'

let upstream: ScriptedUpstream
let world: ControlWorld
beforeAll(async () => {
  upstream = await startScriptedUpstream({ server: 'openai', models: ['tiny', 'large'] })
  world = await startControlWorld({ upstreams: [upstream.origin] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

function newPlace(): Place {
  const place = new Place()
  onTestFinished(() => place[Symbol.dispose]())
  return place
}

const statusOf = async (key: string) =>
  (await fetch(`${world.gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status

test('a key that is given is tried first, kept, shown by its id alone, and printed for tools', async () => {
  const place = newPlace()
  const { url } = world.gateway
  const key = await world.gateway.key()
  const login = (text: string, ...words: string[]) =>
    place.runWithInput(`${text}\n`, 'login', url, '--key-stdin', ...words)

  const empty = await place.run('key', 'print')
  expect([empty.code, empty.stdout, empty.stderr]).toEqual([
    78,
    '',
    expect.stringMatching(/No gateway and key.*login URL/),
  ])
  const wrong = await login(key.replace(/.{5}$/, 'xxxxx'))
  expect([wrong.code, wrong.stderr]).toEqual([77, expect.stringContaining('does not take the key')])
  const away = await place.runWithInput(`${key}\n`, 'login', `http://127.0.0.1:${await findFreePort()}`, '--key-stdin')
  expect([away.code, away.stderr]).toEqual([69, expect.stringContaining('cannot be reached')])
  const noModel = await login(key, '--model', 'none')
  expect([noModel.code, noModel.stderr]).toEqual([2, expect.stringContaining('It offers: tiny, large')])
  expect(readClientProfiles(place.home)).toEqual([])

  expect((await login(key, '--model', 'TINY')).stdout).toContain('They get the model tiny.')
  expect((await login(key, '--profile', 'Work')).code).toBe(0)
  const list = await place.run('login', '--list')
  expect(list.stdout).toMatch(/^PROFILE.*\nwork .*\ndefault .* tiny /)
  expect(list.stdout).not.toContain(key)
  expect(await place.json('login', '--use', 'default')).toMatchObject({ profile: { name: 'default', model: 'tiny' } })
  expect(await place.json<{ profiles: object[] }>('login', '--list')).toMatchObject({
    profiles: [{ name: 'default', key: key.split('_')[1] }, { name: 'work' }],
  })
  expect(await place.run('key', 'print')).toEqual({ code: 0, stdout: `${key}\n`, stderr: '' })
  expect(await place.run('key', 'print', '--profile', 'WORK')).toMatchObject({ stdout: `${key}\n` })
  expect(await place.run('key', 'print', '--profile', 'gone')).toMatchObject({ code: 78, stdout: '' })

  // What somebody brought may be in use elsewhere.
  const out = await place.run('logout', url)
  expect([out.code, out.stdout]).toEqual([0, expect.stringMatching(/'default' is forgotten here and still works/)])
  expect([await statusOf(key), readClientProfiles(place.home)]).toEqual([200, []])
  writeFileSync(join(place.home, 'secrets', 'client-profiles.json'), '{', { mode: 0o600 })
  expect(await place.run('key', 'print')).toMatchObject({ code: 78, stderr: expect.stringContaining('is damaged') })
})

test('a sign-in makes a key of the person’s own, keeps one that works, and takes it along when it ends', async () => {
  const place = newPlace()
  ensureHome(place.home)
  const { url } = world.gateway
  const { member, nobody } = world.visitors
  const token = new Secret(await loginToken(member, nobody))
  writeLogin(place.home, { url, token, caFile: undefined, email: 'ada@example.org', signedInAt: 0 })
  const { client } = openRemoteControl({ url, token, caFile: undefined })
  const keep = async (model?: string) => {
    const facts = { name: 'default', url, caFile: undefined, model }
    return (await keepMachineProfile(place.home, facts, client, true)).key.reveal()
  }
  const idOf = (key: string) => key.split('_')[1] ?? ''

  const key = await keep()
  expect(await statusOf(key)).toBe(200)
  const name = expect.stringMatching(/.@./)
  const own = { name, ownerId: world.personIds.member }
  expect(await member.do('showKey', { params: { key: idOf(key) } })).toMatchObject(own)
  expect(await keep('large')).toBe(key)
  expect(readClientProfiles(place.home)).toEqual([expect.objectContaining({ model: 'large' })])

  await member.do('revokeKey', { params: { key: idOf(key) } })
  const second = await keep()
  expect([second === key, await statusOf(second)]).toEqual([false, 200])
  // Under a name of its own, beside the one that is in use.
  removeClientProfile(place.home, 'default')
  const third = await keep()
  expect(await member.do('showKey', { params: { key: idOf(third) } })).toMatchObject({
    name: expect.stringMatching(/.@.+ \w{6}$/),
  })
  await expect(keep('none')).rejects.toThrow('It offers: tiny, large')
  expect((await client.call('listKeys', { query: { revoked: false } })).keys).toHaveLength(2)

  const { stdout } = await place.run('logout')
  expect(stdout).toContain("The key of the profile 'default' is revoked and forgotten.")
  expect([await statusOf(second), await statusOf(third)]).toEqual([200, 401])
})

test('on the gateway’s own machine nobody signs in', async () => {
  const place = newPlace()
  const none = await place.run('login')
  expect([none.code, none.stderr]).toEqual([69, expect.stringContaining('No gateway runs on this machine')])
  const { punku, url } = await place.serve('--demo', 'always')
  expect(await place.run('login')).toMatchObject({ code: 0, stderr: '' })
  const [profile] = readClientProfiles(place.home)
  expect(profile?.url).toBe(url)
  const id = profile?.key.reveal().split('_')[1] ?? ''
  expect(await place.json('keys', 'show', id)).toMatchObject({ state: 'active' })
  // What was made here ends here.
  expect((await place.run('logout')).stdout).toContain("The key of the profile 'default' is revoked and forgotten.")
  expect(await place.json('keys', 'show', id)).toMatchObject({ state: 'revoked' })
  await punku.stop('SIGTERM')
})
