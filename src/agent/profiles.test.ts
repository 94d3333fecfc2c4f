import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureHome } from '../config/home.ts'
import { Secret } from '../core/secret.ts'
import { writeAgentProfile } from './agent-profile.ts'
import { chooseProfile } from './profiles.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'punku-profiles-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function add(...names: string[]): void {
  ensureHome(home)
  for (const name of names) {
    writeAgentProfile(home, {
      name,
      gatewayUrl: 'https://gateway.example.org',
      tunnelId: 'tun_0123456789ab',
      label: name,
      upstreamUrl: 'http://127.0.0.1:11434',
      upstreamKeyFile: undefined,
      caFile: undefined,
      pairedAt: 0,
      refreshToken: new Secret('pr_a_b'),
    })
  }
}

test('the only profile is meant, whatever its name', () => {
  add('work')
  expect(chooseProfile(home, undefined)).toBe('work')
})

test('of several one has to be named', () => {
  add('work', 'default', 'home')
  expect(() => chooseProfile(home, undefined)).toThrow('several profiles: default, home, work. Name one with --profile')
  expect(chooseProfile(home, 'WORK')).toBe('work')
})

test('one that is not there is answered with those that are', () => {
  add('work', 'home')
  expect(() => chooseProfile(home, 'wrok')).toThrow("There is no profile 'wrok'. There is: home, work.")
  expect(() => chooseProfile(home, '../work')).toThrow("A profile's name is")
})

test('where there is none, the answer is how to pair', () => {
  expect(() => chooseProfile(home, undefined)).toThrow(
    `paired with no gateway. Pair it: punku pair https://GATEWAY --home ${home}`,
  )
  expect(() => chooseProfile(home, 'work')).toThrow(
    `'work'. Pair it: punku pair https://GATEWAY --profile work --home ${home}`,
  )
})
