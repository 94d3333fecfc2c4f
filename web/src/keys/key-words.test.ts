import { describe, expect, it } from 'vitest'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { scopeLines } from './key-terms.ts'
import { DAY_MS, keyState, ruleSentences } from './key-words.ts'

const NOW = Date.parse('2026-11-20T12:00:00.000Z')
const key: KeyBody = {
  id: 'abc',
  name: 'laptop',
  ownerId: null,
  ownerName: null,
  createdBy: 'Ana',
  version: 1,
  models: ['*'],
  routes: ['inference', 'metadata'],
  networks: [],
  allowsCloud: false,
  allowsFetch: false,
  allowsMetrics: false,
  state: 'active',
  createdAt: '2026-11-01T12:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
}

describe('keyState', () => {
  it('warns of an end that is near, and of nothing else', () => {
    expect(keyState(key, NOW).words).toBe('Active')
    expect(keyState({ ...key, expiresAt: new Date(NOW + 6 * DAY_MS).toISOString() }, NOW).words).toBe('Ends soon')
    expect(keyState({ ...key, expiresAt: new Date(NOW + 8 * DAY_MS).toISOString() }, NOW).words).toBe('Active')
    expect(keyState({ ...key, state: 'expired' }, NOW).words).toBe('Expired')
    expect(keyState({ ...key, state: 'revoked' }, NOW).words).toBe('Revoked')
  })
})

describe('scopeLines', () => {
  it('says little of a key as usual, and all of another', () => {
    expect(scopeLines(key)).toEqual(['All models'])
    expect(
      scopeLines({
        ...key,
        models: ['qwen*', 'llama3*'],
        routes: ['inference', 'manage'],
        networks: ['10.0.0.0/8'],
        allowsCloud: true,
        allowsFetch: true,
        allowsMetrics: true,
      }),
    ).toEqual([
      'qwen*, llama3*',
      'run models, manage models',
      'cloud models too',
      'lets model servers fetch',
      'reads metrics',
      'from 10.0.0.0/8',
    ])
  })
})

describe('ruleSentences', () => {
  const memberKeys = { max: 3, models: ['llama3*'], maxLifeMs: 90 * DAY_MS, allowsManage: false, allowsCloud: false }

  it('says what members may', () => {
    expect(ruleSentences({ memberKeys }).join(' ')).toBe(
      'You may have up to 3 keys at a time. They may use models named llama3*. They live for 90 days at most. ' +
        'Cloud models are left out. They cannot pull or delete models.',
    )
    expect(
      ruleSentences({
        memberKeys: { max: 1, models: ['*'], maxLifeMs: null, allowsManage: true, allowsCloud: true },
      }).join(' '),
    ).toBe('You may have one key at a time. They may use all models. They may live for ever.')
  })

  it('says so where they make none', () => {
    expect(ruleSentences({ memberKeys: { ...memberKeys, max: 0 } })).toHaveLength(1)
  })
})
