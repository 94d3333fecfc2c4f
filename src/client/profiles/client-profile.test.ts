import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ensureHome } from '../../config/home.ts'
import { Secret } from '../../core/secret.ts'
import {
  type ClientProfile,
  chooseClientProfile,
  readClientProfiles,
  removeClientProfile,
  writeClientProfile,
} from './client-profile.ts'

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'punku-profiles-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  ensureHome(home)
  return home
}

function profile(name: string, key = 'pk_id_secret'): ClientProfile {
  return { name, url: 'https://a.test', key: new Secret(key), caFile: undefined, model: undefined }
}

const shown = (home: string) => readClientProfiles(home).map(({ name, key }) => [name, key.reveal()])

test('the last one comes first, each is there once, in a file of this user alone', () => {
  const home = newHome()
  expect(readClientProfiles(home)).toEqual([])
  writeClientProfile(home, profile('default'))
  writeClientProfile(home, { ...profile('work'), model: 'llama3:8b', caFile: '/etc/ca.pem' })
  writeClientProfile(home, profile('default', 'pk_id_newer'))
  expect(shown(home)).toEqual([
    ['default', 'pk_id_newer'],
    ['work', 'pk_id_secret'],
  ])
  expect(chooseClientProfile(home, 'WORK')).toMatchObject({ model: 'llama3:8b', caFile: '/etc/ca.pem' })
  expect(chooseClientProfile(home, undefined).name).toBe('default')
  expect(statSync(join(home, 'secrets', 'client-profiles.json')).mode & 0o777).toBe(0o600)
  expect(removeClientProfile(home, 'default')).toBe(true)
  expect(removeClientProfile(home, 'default')).toBe(false)
  expect(shown(home)).toEqual([['work', 'pk_id_secret']])
})

test('whoever has none, or none of that name, is told what to do', () => {
  const home = newHome()
  expect(() => chooseClientProfile(home, undefined)).toThrow(/No gateway and key are kept.*punku login URL/)
  expect(() => chooseClientProfile(home, 'no good')).toThrow(/profile's name/)
  writeClientProfile(home, profile('work'))
  expect(() => chooseClientProfile(home, 'home')).toThrow(/no profile 'home'. There is: work.*--profile home/)
})

test('a damaged file is told, without what is in it', () => {
  const home = newHome()
  const file = join(home, 'secrets', 'client-profiles.json')
  for (const text of ['', '{', '{"profiles":[{"name":"a","url":"https://a.test","key":"se cret"}]}']) {
    writeFileSync(file, text, { mode: 0o600 })
    expect(() => readClientProfiles(home)).toThrow(/is damaged .*punku login/)
    expect(() => readClientProfiles(home)).not.toThrow(/se cret/)
  }
})

test.skipIf(process.platform === 'win32')('a file that others can read is refused', () => {
  const home = newHome()
  writeClientProfile(home, profile('work'))
  chmodSync(join(home, 'secrets', 'client-profiles.json'), 0o644)
  expect(() => readClientProfiles(home)).toThrow(/Other users/)
})

test('what could not be read again is not written, and those that are there stay', () => {
  const home = newHome()
  const of = { url: 'https://gateway.test', caFile: undefined, model: undefined }
  writeClientProfile(home, { ...of, name: 'good', key: new Secret('pk_a_b') })
  const long = { ...of, name: 'long', key: new Secret('x'.repeat(513)) }
  expect(() => writeClientProfile(home, long)).toThrow(/cannot be kept: key must be the key on one line/)
  for (let at = 1; at < 100; at++) writeClientProfile(home, { ...of, name: `p${at}`, key: new Secret('pk_a_b') })
  expect(() => writeClientProfile(home, { ...of, name: 'more', key: new Secret('pk_a_b') })).toThrow(/100 profiles/)
  writeClientProfile(home, { ...of, name: 'good', key: new Secret('pk_c_d') })
  expect(readClientProfiles(home)).toHaveLength(100)
})
