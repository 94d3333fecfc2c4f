import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../config/config-error.ts'
import { ensureHome } from '../config/home.ts'
import { parseProfileName, profileFlag } from '../config/profile-name.ts'
import { Secret } from '../core/secret.ts'
import {
  type AgentProfile,
  hasAgentProfile,
  listAgentProfiles,
  readAgentProfile,
  removeAgentProfile,
  replaceRefreshToken,
  writeAgentProfile,
} from './agent-profile.ts'

const TOKEN = 'rt_0123456789_verysecret'

let home: string
let folder: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-profile-'))
  folder = join(home, 'secrets', 'agents')
  ensureHome(home)
})
afterEach(() => rmSync(home, { recursive: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

function profile(changes: Partial<AgentProfile> = {}): AgentProfile {
  return {
    name: 'default',
    gatewayUrl: 'https://gateway.example.org',
    tunnelId: 'tun_0123456789ab',
    label: 'attic',
    upstreamUrl: 'http://127.0.0.1:11434',
    upstreamKeyFile: undefined,
    caFile: undefined,
    pairedAt: Date.UTC(2026, 0, 1),
    refreshToken: new Secret(TOKEN),
    ...changes,
  }
}

/** Writes the default profile and changes its file. */
function damage(change: (stored: Record<string, unknown>) => unknown): string {
  writeAgentProfile(home, profile())
  const file = join(folder, 'default.json')
  const changed = change(JSON.parse(readFileSync(file, 'utf8')))
  writeFileSync(file, typeof changed === 'string' ? changed : JSON.stringify(changed))
  return file
}

describe('a profile', () => {
  test.each<[string, Partial<AgentProfile>]>([
    ['with defaults', {}],
    ['with everything', { name: 'work', upstreamKeyFile: '/a/key', caFile: '/a/ca.pem' }],
  ])('%s is read as it was written', (_name, changes) => {
    const written = profile(changes)
    writeAgentProfile(home, written)
    const read = readAgentProfile(home, written.name)
    expect(read).toEqual(written)
    expect(read?.refreshToken.reveal()).toBe(TOKEN)
  })

  test('is for this user alone, and is closed again by each write', () => {
    writeAgentProfile(home, profile())
    const file = join(folder, 'default.json')
    expect([modeOf(folder), modeOf(file)]).toEqual([0o700, 0o600])
    chmodSync(folder, 0o755)
    chmodSync(file, 0o644)
    writeAgentProfile(home, profile({ label: 'cellar' }))
    expect([modeOf(folder), modeOf(file)]).toEqual([0o700, 0o600])
    expect(readdirSync(folder)).toEqual(['default.json'])
    expect(readAgentProfile(home, 'default')?.label).toBe('cellar')
  })

  test('gets a new token in place of the one it has, for this user alone', () => {
    writeAgentProfile(home, profile())
    const next = { token: new Secret('next'), old: new Secret(TOKEN) }
    replaceRefreshToken(home, profile(), next)
    expect(readAgentProfile(home, 'default')).toEqual(profile({ refreshToken: new Secret('next') }))
    expect(modeOf(join(folder, 'default.json'))).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['default.json'])
  })

  test('that was paired anew or removed meanwhile gets none', () => {
    const next = { token: new Secret('next'), old: new Secret(TOKEN) }
    replaceRefreshToken(home, profile(), next)
    expect(hasAgentProfile(home, 'default')).toBe(false)
    for (const anew of [profile({ refreshToken: new Secret('anew') }), profile({ tunnelId: 'tun_another' })]) {
      writeAgentProfile(home, anew)
      replaceRefreshToken(home, profile(), next)
      expect(readAgentProfile(home, 'default')).toEqual(anew)
    }
  })

  test('shows its token to nobody who prints it', () => {
    writeAgentProfile(home, profile())
    expect(JSON.stringify(readAgentProfile(home, 'default'))).not.toContain(TOKEN)
  })

  test('that is not there is none', () => {
    expect(readAgentProfile(home, 'default')).toBeUndefined()
    expect(hasAgentProfile(home, 'default')).toBe(false)
    expect(removeAgentProfile(home, 'default')).toBe(false)
    expect(listAgentProfiles(home)).toEqual([])
  })

  test('is one of a list, until it is removed', () => {
    for (const name of ['work', 'default']) writeAgentProfile(home, profile({ name }))
    for (const name of ['.work.json.0011', 'notes.txt', 'Loud.json']) writeFileSync(join(folder, name), '{}')
    expect(listAgentProfiles(home)).toEqual(['default', 'work'])
    expect(removeAgentProfile(home, 'work')).toBe(true)
    expect(existsSync(join(folder, 'work.json'))).toBe(false)
    expect(listAgentProfiles(home)).toEqual(['default'])
  })
})

describe('a file that cannot be used is refused, with what to do and without what is in it', () => {
  test.each<[string, (stored: Record<string, unknown>) => unknown, string]>([
    ['no JSON', () => `{"refreshToken":"${TOKEN}"`, 'it is no JSON object'],
    ['a list', () => [TOKEN], 'it is no JSON object'],
    ['a field too many', (stored) => ({ ...stored, colour: TOKEN }), 'damaged'],
    ['a field missing', ({ tunnelId: _, ...rest }) => rest, 'tunnelId'],
    ['a token of two lines', (stored) => ({ ...stored, refreshToken: `${TOKEN}\r\nx` }), 'refreshToken'],
    ['a relative path', (stored) => ({ ...stored, caFile: 'ca.pem' }), 'caFile'],
    ['a gateway that is none', (stored) => ({ ...stored, gatewayUrl: 'file:///etc/passwd' }), 'gatewayUrl'],
    ['an upstream that is none', (stored) => ({ ...stored, upstreamUrl: '127.0.0.1' }), 'upstreamUrl'],
  ])('%s', (_name, change, fault) => {
    const file = damage(change)
    const read = () => readAgentProfile(home, 'default')
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(fault)
    expect(read).toThrow(file)
    expect(read).toThrow('punku pair URL --replace')
    expect(read).not.toThrow(TOKEN)
  })

  test('open to other users', () => {
    writeAgentProfile(home, profile())
    chmodSync(join(folder, 'default.json'), 0o640)
    expect(() => readAgentProfile(home, 'default')).toThrow(/chmod 600 .*default\.json/)
  })

  test('a link', () => {
    writeAgentProfile(home, profile())
    symlinkSync(join(folder, 'default.json'), join(folder, 'work.json'))
    expect(() => readAgentProfile(home, 'work')).toThrow(/ELOOP/)
  })

  test('a folder that is a link is not written to', () => {
    symlinkSync(tmpdir(), folder)
    expect(() => writeAgentProfile(home, profile())).toThrow(/is a link or no folder/)
  })
})

describe('a name', () => {
  test.each(['default', 'a', '0', 'my-work.box_2', 'A'.repeat(32)])('%s can be one', (name) => {
    expect(parseProfileName(name)).toBe(name.toLowerCase())
  })

  test.each(['', '.', '..', '.hidden', '-x', 'a/b', '../x', 'a\\b', 'a b', 'é', 'a\n', 'x'.repeat(33)])(
    '%j cannot be one',
    (name) => expect(() => parseProfileName(name)).toThrow(expect.objectContaining({ code: 'invalid_request' })),
  )

  test('is given in command lines where it is not the default', () => {
    expect([profileFlag('default'), profileFlag('work')]).toEqual(['', ' --profile work'])
  })
})
