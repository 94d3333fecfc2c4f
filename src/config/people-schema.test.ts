import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SignInSettings } from '../gateway/sign-in/sign-in-settings.ts'
import { ConfigError } from './config-error.ts'
import { loadConfig } from './load.ts'
import { listConfigGroups } from './options.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-config-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function load(yaml: string, env: Record<string, string> = {}) {
  writeFileSync(join(home, 'punku.yaml'), yaml)
  return loadConfig({ home, env, flags: {} })
}

function problemsOf(yaml: string): readonly string[] {
  try {
    load(yaml)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('nothing was refused')
}

function write(name: string, text: string): void {
  writeFileSync(join(home, name), text)
  chmodSync(join(home, name), 0o600)
}

const issuer = (more = '', id = 'work') =>
  `  - { id: ${id}, label: Work, issuer: 'https://id.example.org/', clientId: punku${more} }`
const withIssuers = (...issuers: string[]) => `auth:\n  issuers:\n${issuers.map((text) => `  ${text}`).join('\n')}`
const publicUrl = 'gateway: { publicUrl: https://models.example.org }'

describe('sign-in', () => {
  test('is by password alone where nothing is set, and mail is not sent', () => {
    const { auth, mail } = load('')
    const settings: SignInSettings = auth
    expect(settings).toEqual({ password: true, sessionLifeMs: 604_800_000, issuers: [] })
    expect(mail).toBeUndefined()
  })

  test('by issuers has its secrets from files', () => {
    write('oidc.key', 'hunter2\n')
    const more = ', clientSecretFile: oidc.key, admits: { domains: [Example.ORG], role: admin }'
    const { auth } = load(withIssuers(issuer(more), issuer('', 'home')))
    expect(auth.issuers[0]).toMatchObject({
      issuer: 'https://id.example.org/',
      scopes: ['email', 'profile'],
      linksAccounts: false,
      admits: { domains: ['example.org'], org: 'default', role: 'admin' },
    })
    expect(auth.issuers[0]?.clientSecret?.reveal()).toBe('hunter2')
    expect(auth.issuers[1]?.clientSecret).toBeUndefined()
    expect(inspect(auth, { depth: 9 })).not.toContain('hunter2')
  })

  test.each([
    ['an issuer without TLS', issuer().replace('https:', 'http:')],
    ['an issuer with a query', issuer().replace('org/', 'org/?a=b')],
    ['an issuer with a password', issuer().replace('//id', '//a:b@id')],
    ['an id with a path', issuer('', "'../x'")],
    ['an id in capitals', issuer('', 'Work')],
    ['the id of passwords', issuer('', 'credential')],
    ['an owner by signing in', issuer(', admits: { domains: [example.org], role: owner }')],
    ['a rule for no domain', issuer(', admits: { domains: [] }')],
    ['a pattern of domains', issuer(", admits: { domains: ['*.example.org'] }")],
    ['an option that is none', issuer(', clientSecret: hunter2')],
  ])('refuses %s', (_, text) => {
    const problems = problemsOf(withIssuers(text))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('auth.issuers')
    expect(problems[0]).not.toContain('hunter2')
  })

  test('takes plain HTTP for an issuer on this machine', () => {
    const text = issuer().replace('https://id.example.org/', 'http://127.0.0.1:8080')
    expect(load(withIssuers(text)).auth.issuers[0]?.issuer).toBe('http://127.0.0.1:8080')
  })

  test('refuses two issuers of one id', () => {
    expect(problemsOf(withIssuers(issuer(), issuer()))).toEqual([expect.stringContaining('the same id twice')])
  })

  test('takes from the environment what a text can say, and no issuers', () => {
    expect(load('', { PUNKU_AUTH_PASSWORD: 'false', PUNKU_AUTH_SESSION_LIFE: '1d' }).auth).toMatchObject({
      password: false,
      sessionLifeMs: 86_400_000,
    })
    const options = listConfigGroups().flatMap((group) => group.options)
    const withoutName = options.filter(({ path, env }) => path.startsWith('auth.issuers') && env !== undefined)
    expect(withoutName).toEqual([])
    expect(options.map(({ path }) => path)).toContain('auth.issuers[].admits.domains')
  })
})

describe('mail', () => {
  test('has its server and password from a file', () => {
    write('mail-url', 'smtp://user:hunter2@mail.example.org:587\n')
    const { mail } = load(`${publicUrl}\nmail: { urlFile: mail-url, from: 'Punku <punku@example.org>' }`)
    expect(mail?.url.reveal()).toBe('smtp://user:hunter2@mail.example.org:587')
    expect(mail?.from).toBe('Punku <punku@example.org>')
    expect(inspect(mail)).not.toContain('hunter2')
  })

  test.each([
    ['without who it comes from', `${publicUrl}\nmail: { url: 'smtp://localhost' }`, 'mail.from'],
    [
      'where nobody said where links lead',
      "mail: { url: 'smtp://localhost', from: a@example.org }",
      'gateway.publicUrl',
    ],
    [
      'with both a URL and a file',
      `${publicUrl}\nmail: { url: 'smtp://localhost', urlFile: m, from: a@b.c }`,
      'leave one',
    ],
    ['with a URL of another kind', `mail: { url: 'https://user:hunter2@mail.example.org', from: a@b.c }`, 'mail.url'],
    ['with options in the URL', `mail: { url: 'smtp://mail.example.org?requireTLS=false', from: a@b.c }`, 'mail.url'],
    ['from more than one', `mail: { from: 'a@b.c, d@e.f' }`, 'mail.from'],
    ['from an address with a line end', `mail: { from: "a@b.c\\nBcc: d@e.f" }`, 'mail.from'],
  ])('is refused %s', (_, yaml, part) => {
    write('m', 'smtp://localhost')
    const problems = problemsOf(yaml)
    expect(problems.join('\n')).toContain(part)
    expect(problems.join('\n')).not.toContain('hunter2')
  })
})
