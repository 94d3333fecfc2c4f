import { expect, test } from 'vitest'
import type { KeyTermsBody } from '../../contract/keys.ts'
import type { KeyRow } from '../store/schema.ts'
import { keyFromRow } from './key.ts'
import { isUnrestricted, mayUseModel, mayUseRoute } from './scope.ts'

const TERMS: KeyTermsBody = {
  models: ['llama3', 'qwen*'],
  routes: ['inference'],
  networks: ['10.0.0.0/8'],
  allowsCloud: false,
  allowsFetch: false,
  allowsMetrics: true,
}
const ROW: KeyRow = {
  id: 'k1',
  org_id: 'default',
  person_id: null,
  created_by: 'local admin',
  is_playground: 0,
  version: 1,
  name: 'ada',
  terms: JSON.stringify(TERMS),
  created_at: 1,
  updated_at: 2,
  expires_at: null,
  revoked_at: 3,
  last_used_at: null,
}

test('a row is read into a key', () => {
  const key = keyFromRow(ROW)
  expect(key).toMatchObject({ id: 'k1', name: 'ada', allowsCloud: false, allowsMetrics: true, createdAt: 1 })
  expect(key).toMatchObject({ expiresAt: undefined, revokedAt: 3, lastUsedAt: undefined })
  expect(key.models.map((glob) => glob.text)).toEqual(['llama3', 'qwen*'])
  expect([...key.routes]).toEqual(['inference'])
  expect(key.networks.ranges).toEqual(['10.0.0.0/8'])
})

const rowWith = (terms: object): KeyRow => ({ ...ROW, terms: JSON.stringify({ ...TERMS, ...terms }) })

test.each<object>([
  { models: [] },
  { models: [''] },
  { models: '*' },
  { models: [1] },
  { models: undefined },
  { routes: ['never'] },
  { routes: ['admin'] },
  { routes: null },
  { routes: undefined },
  { networks: ['lan'] },
  { networks: {} },
  { networks: undefined },
  { allowsCloud: 1 },
  { allowsCloud: 'true' },
  { allowsCloud: undefined },
  { allowsFetch: 1 },
  { allowsMetrics: undefined },
  { termOfALaterVersion: 10 },
  { constructor: null },
])('a row with %j grants nothing', (given) => {
  expect(() => keyFromRow(rowWith(given))).toThrow(TypeError)
})

test.each(['', '*', 'null', '[]', '"*"', '{}', '{"__proto__":{}}'])(
  'a row with the terms %j grants nothing',
  (terms) => {
    expect(() => keyFromRow({ ...ROW, terms })).toThrow()
  },
)

test('a key reaches the route classes it was granted and no other', () => {
  const key = keyFromRow(ROW)
  expect(mayUseRoute(key, 'inference')).toBe(true)
  expect(mayUseRoute(key, 'metadata')).toBe(false)
  expect(mayUseRoute(key, 'manage')).toBe(false)
})

test('nobody reaches `never`, whatever their key says', () => {
  const key = { ...keyFromRow(ROW), routes: new Set(['never'] as const) }
  expect(mayUseRoute(key, 'never')).toBe(false)
})

test('a key reaches the models that one of its globs means', () => {
  const key = keyFromRow(ROW)
  expect(mayUseModel(key, 'llama3:latest')).toBe(true)
  expect(mayUseModel(key, 'qwen3:8b')).toBe(true)
  expect(mayUseModel(key, 'llama3:8b')).toBe(false)
})

test.each([
  [['*'], true],
  [['llama3', '**'], true],
  [['llama3'], false],
  [['?*'], false],
  [['library/*'], false],
  [['registry.ollama.ai/*'], false],
])('%j is unrestricted: %s', (models, expected) => {
  expect(isUnrestricted(keyFromRow(rowWith({ models })))).toBe(expected)
})
