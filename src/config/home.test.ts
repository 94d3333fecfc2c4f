import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureHome, resolveHome } from './home.ts'
import { createPepper, readPepper } from './pepper.ts'
import { createSecretFile, readSecretFile, writeSecretFile } from './secret-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'punku-home-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

describe('resolveHome', () => {
  const HOME = '/home/ana'
  test.each([
    [{ HOME }, 'linux', undefined, '/home/ana/.config/punku'],
    [{ HOME, XDG_CONFIG_HOME: '/x' }, 'linux', undefined, '/x/punku'],
    [{ HOME, XDG_CONFIG_HOME: 'x' }, 'linux', undefined, '/home/ana/.config/punku'],
    [{ HOME, XDG_CONFIG_HOME: '/x', STATE_DIRECTORY: '/var/lib/punku' }, 'linux', undefined, '/var/lib/punku'],
    [{ HOME, STATE_DIRECTORY: '/var/lib/extra:/var/lib/punku' }, 'linux', undefined, '/var/lib/punku'],
    [{ HOME, STATE_DIRECTORY: '/var/lib/code-server' }, 'linux', undefined, '/home/ana/.config/punku'],
    [{ HOME: '/Users/ana' }, 'darwin', undefined, '/Users/ana/Library/Application Support/punku'],
    [{ USERPROFILE: 'C:\\Users\\ana' }, 'win32', undefined, 'C:\\Users\\ana\\AppData\\Roaming\\punku'],
    [{ APPDATA: 'D:\\Roaming' }, 'win32', undefined, 'D:\\Roaming\\punku'],
    [{ HOME, PUNKU_HOME: '/srv/p', STATE_DIRECTORY: '/var/lib/punku' }, 'linux', undefined, '/srv/p'],
    [{ HOME, PUNKU_HOME: '/srv/p' }, 'linux', '/flag', '/flag'],
    [{ HOME }, 'linux', 'here', resolve('here')],
    [{ HOME, PUNKU_HOME: '' }, 'linux', '', '/home/ana/.config/punku'],
  ] as const)('%o on %s with flag %s', (env, platform, flag, expected) => {
    expect(resolveHome(env, platform, flag)).toBe(expected)
  })
})

test.each(['', '.', 'ana', './ana', '../ana'])(
  'a home of %j is none: it would be another folder from each that a command is run in',
  (named) => {
    const of = (env: Readonly<Record<string, string>>, platform: NodeJS.Platform) =>
      resolveHome(env, platform, undefined, () => (platform === 'win32' ? 'C:\\ana' : '/home/ana'))
    expect(of({ HOME: named }, 'linux')).toBe('/home/ana/.config/punku')
    expect(of({ HOME: named }, 'darwin')).toBe('/home/ana/Library/Application Support/punku')
    expect(of({ HOME: named, USERPROFILE: named }, 'win32')).toBe('C:\\ana\\AppData\\Roaming\\punku')
  },
)

test('a user without a home is told to name a folder', () => {
  const noHome = () => {
    throw Object.assign(new Error('no such user'), { code: 'ENOENT' })
  }
  expect(() => resolveHome({}, 'linux', undefined, noHome)).toThrow(/no home folder. Name a state folder with --home/)
  expect(resolveHome({ PUNKU_HOME: '/srv/punku' }, 'linux', undefined, noHome)).toBe('/srv/punku')
})

describe('ensureHome', () => {
  test('makes the folder, secrets/ and run/ for this user only, and is content to find them', () => {
    const home = join(folder, 'a', 'punku')
    ensureHome(home)
    ensureHome(home)
    expect([home, join(home, 'secrets'), join(home, 'run')].map(modeOf)).toEqual([0o700, 0o700, 0o700])
  })

  test('closes a folder of ours that stands open', () => {
    mkdirSync(join(folder, 'secrets'))
    chmodSync(join(folder, 'secrets'), 0o755)
    chmodSync(folder, 0o755)
    ensureHome(folder)
    expect([modeOf(folder), modeOf(join(folder, 'secrets'))]).toEqual([0o700, 0o700])
  })

  test('leaves a shared folder with other files as it is', () => {
    writeFileSync(join(folder, 'thesis.tex'), '')
    chmodSync(folder, 0o755)
    expect(() => ensureHome(folder)).toThrow(/holds files that are not Punku's.*chmod 700/)
    expect(modeOf(folder)).toBe(0o755)
    expect(existsSync(join(folder, 'secrets'))).toBe(false)
  })

  test('leaves a folder like /tmp as it is, whatever is in it', () => {
    mkdirSync(join(folder, 'secrets'))
    chmodSync(folder, 0o1777)
    expect(() => ensureHome(folder)).toThrow(/is a folder that several users share, as \/tmp is\. .*chmod 700/)
    expect(statSync(folder).mode & 0o7777).toBe(0o1777)
  })

  test.each(['secrets', 'run'])('refuses %s when it is a link', (name) => {
    mkdirSync(join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), join(folder, name))
    expect(() => ensureHome(folder)).toThrow(/is a link or no folder/)
  })

  test('refuses a folder of another user', () => {
    // Everyone but root finds / to be another's; root is given one.
    const foreign = process.getuid?.() === 0 ? chownedFolder() : '/'
    expect(() => ensureHome(foreign)).toThrow(/belongs to the user with the id \d+, and this is \d+/)
  })

  test('a file in its place is told as one', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(() => ensureHome(file)).toThrow(`${file} is a file, and the state folder has to be a folder.`)
  })

  test('says so when it cannot be made', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => ensureHome(join(folder, 'file', 'punku'))).toThrow(/cannot be made or opened \(ENOTDIR\)/)
  })

  function chownedFolder(): string {
    const path = join(folder, 'foreign')
    mkdirSync(path)
    chownSync(path, 12_345, 12_345)
    return path
  }
})

describe('secret files', () => {
  test('are closed again on every write and leave nothing beside', () => {
    const path = join(folder, 's')
    writeFileSync(path, 'old')
    chmodSync(path, 0o644)
    const old = process.umask(0o777)
    writeSecretFile(path, 'new')
    process.umask(old)
    expect(modeOf(path)).toBe(0o600)
    expect(readSecretFile(path)).toBe('new')
    expect(readdirSync(folder)).toEqual(['s'])
  })

  test('a failed write leaves the old text and nothing beside', () => {
    mkdirSync(join(folder, 's'))
    expect(() => writeSecretFile(join(folder, 's'), 'new')).toThrow()
    expect(readdirSync(folder)).toEqual(['s'])
  })

  test('createSecretFile keeps what is there', () => {
    const path = join(folder, 's')
    expect(createSecretFile(path, 'first')).toBe(true)
    expect(createSecretFile(path, 'second')).toBe(false)
    expect(readSecretFile(path)).toBe('first')
    expect(readdirSync(folder)).toEqual(['s'])
  })

  test('readSecretFile tells a missing file from one it refuses', () => {
    const path = join(folder, 's')
    expect(readSecretFile(path)).toBeUndefined()
    writeSecretFile(path, 'text')
    symlinkSync(path, join(folder, 'link'))
    expect(() => readSecretFile(join(folder, 'link'))).toThrow(/must be a plain file/)
  })

  test('one that others can read is refused with the remedy', () => {
    const path = join(folder, 's')
    writeSecretFile(path, 'text')
    chmodSync(path, 0o640)
    expect(() => readSecretFile(path)).toThrow(`chmod 600 ${path}`)
  })
})

describe('pepper', () => {
  test('is made once: 32 bytes, the same ever after, and never shown', () => {
    ensureHome(folder)
    expect(readPepper(folder)).toBeUndefined()
    const pepper = createPepper(folder)
    expect(Buffer.from(pepper.reveal(), 'base64url')).toHaveLength(32)
    expect(readPepper(folder)?.reveal()).toBe(pepper.reveal())
    expect(createPepper(folder).reveal()).toBe(pepper.reveal())
    expect(`${pepper}`).toBe('[redacted]')
  })

  test.each(['', 'c2hvcnQ', 'not base64url!'])('damaged (%o) is refused and left as it is', (text) => {
    ensureHome(folder)
    const path = join(folder, 'secrets', 'pepper')
    writeSecretFile(path, text)
    expect(() => readPepper(folder)).toThrow(/is damaged/)
    expect(readSecretFile(path)).toBe(text)
  })
})
