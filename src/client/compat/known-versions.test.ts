import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MODEL_SERVERS } from '../../servers/known/model-servers.ts'
import { CLIENT_TOOLS } from '../tools/client-tool.ts'
import { claimOf, KNOWN_VERSIONS, type VersionClaim } from './known-versions.ts'
import { versionOrder } from './version-order.ts'

const root = join(import.meta.dirname, '../../..')

test('each claim is of a tool or server that is known, of versions in order, and names its evidence', () => {
  const names = new Set([...CLIENT_TOOLS, ...MODEL_SERVERS].map(({ name }) => name))
  for (const { of, from, below, evidence } of KNOWN_VERSIONS) {
    expect(names).toContain(of)
    expect(versionOrder(from, from)).toBe(0)
    if (below !== undefined) expect(versionOrder(from, below)).toBe(-1)
    if (evidence.startsWith('test/')) expect(existsSync(join(root, evidence))).toBe(true)
  }
})

test('only what was tried is known: nothing is guessed between two versions', () => {
  expect(claimOf('claude', '2.1.197')?.state).toBe('works')
  expect(claimOf('claude', '2.1.198')).toBeUndefined()
  expect(claimOf('claude', 'latest')).toBeUndefined()
  expect(claimOf('nobody', '1.0.0')).toBeUndefined()
})

test('of several claims the worst counts; a range ends before its end', () => {
  const base = { of: 'a', said: '', evidence: '' }
  const claims: readonly VersionClaim[] = [
    { ...base, from: '1.0.0', below: '3.0.0', state: 'works' },
    { ...base, from: '1.9.0', below: '1.10.0', state: 'broken' },
  ]
  const states = ['0.9.0', '1.8.0', '1.9.5', '1.10.0', '3.0.0'].map((version) => claimOf('a', version, claims)?.state)
  expect(states).toEqual([undefined, 'works', 'broken', 'works', undefined])
})
