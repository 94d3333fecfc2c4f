import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ensureHome } from '../config/home.ts'
import { Secret } from '../core/secret.ts'
import { type Login, readLogins, removeLogin, writeLogin } from './logins.ts'

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'punku-logins-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  ensureHome(home)
  return home
}

function login(url: string, token = 'token.signature'): Login {
  return { url, token: new Secret(token), caFile: undefined, email: 'ada@example.org', signedInAt: 1_000 }
}

const shown = (home: string) => readLogins(home).map(({ url, token }) => [url, token.reveal()])

test('the last gateway comes first, each is there once', () => {
  const home = newHome()
  expect(readLogins(home)).toEqual([])
  writeLogin(home, login('https://a.test'))
  writeLogin(home, login('https://b.test'))
  writeLogin(home, login('https://a.test', 'newer'))
  expect(shown(home)).toEqual([
    ['https://a.test', 'newer'],
    ['https://b.test', 'token.signature'],
  ])
  expect(removeLogin(home, 'https://a.test')).toBe(true)
  expect(removeLogin(home, 'https://a.test')).toBe(false)
  expect(shown(home)).toEqual([['https://b.test', 'token.signature']])
  expect(statSync(join(home, 'secrets', 'logins.json')).mode & 0o777).toBe(0o600)
})

test('a damaged file is told, without what is in it', () => {
  const home = newHome()
  const file = join(home, 'secrets', 'logins.json')
  for (const text of ['', '{', '{"logins":[{"url":"https://a.test","token":"se cret"}]}', '{"logins":[],"more":1}']) {
    writeFileSync(file, text, { mode: 0o600 })
    expect(() => readLogins(home)).toThrow(/is damaged .*punku login/)
    expect(() => readLogins(home)).not.toThrow(/se cret/)
  }
})

test.skipIf(process.platform === 'win32')('a file that others can read is refused', () => {
  const home = newHome()
  writeLogin(home, login('https://a.test'))
  chmodSync(join(home, 'secrets', 'logins.json'), 0o644)
  expect(() => readLogins(home)).toThrow(/Other users/)
})
