import { describe, expect, it } from 'vitest'
import { chainWords } from './chain-words.ts'
import { changesOf, fieldWords } from './changes.ts'

describe('changesOf', () => {
  it('says of each field what became of it, and ends with what stayed', () => {
    expect(
      changesOf(
        { name: 'laptop', models: ['llama3'], expiresAt: null, isOld: true },
        { name: 'laptop', models: ['llama3', 'qwen3'], expiresAt: '2027-01-01', isNew: false },
      ),
    ).toEqual([
      { field: 'models', kind: 'changed', before: 'llama3', after: 'llama3, qwen3' },
      { field: 'expiresAt', kind: 'changed', before: 'none', after: '2027-01-01' },
      { field: 'isOld', kind: 'removed', before: 'yes', after: undefined },
      { field: 'isNew', kind: 'added', before: undefined, after: 'no' },
      { field: 'name', kind: 'same', before: 'laptop', after: 'laptop' },
    ])
  })

  it('has all of what was made or taken away', () => {
    expect(changesOf(null, { name: 'a' })).toEqual([{ field: 'name', kind: 'added', before: undefined, after: 'a' }])
    expect(changesOf({ name: 'a' }, null)).toEqual([{ field: 'name', kind: 'removed', before: 'a', after: undefined }])
    expect(changesOf(null, null)).toEqual([])
  })

  it('knows a change deep inside, and none where only the object is another', () => {
    const price = { models: '*', promptPerMillion: 1 }
    expect(changesOf({ prices: [price] }, { prices: [{ ...price }] })[0]?.kind).toBe('same')
    expect(changesOf({ prices: [price] }, { prices: [{ ...price, promptPerMillion: 2 }] })[0]?.kind).toBe('changed')
  })

  it('writes lists of things a line each', () => {
    const [change] = changesOf(null, {
      prices: [
        { models: 'llama*', promptPerMillion: 0.3 },
        { models: '*', promptPerMillion: 1 },
      ],
    })
    expect(change?.after).toBe('models llama*, prompt per million 0.3\nmodels *, prompt per million 1')
  })

  it('takes a field of any name for a field', () => {
    expect(changesOf({}, JSON.parse('{"__proto__":"x","constructor":"y"}'))).toHaveLength(2)
  })
})

it('writes fields as words', () => {
  expect(fieldWords('allowsCloud')).toBe('allows cloud')
  expect(fieldWords('max_life')).toBe('max life')
})

describe('chainWords', () => {
  const whole = { chain: 'audit', isWhole: true, checked: 1_234, uncovered: 0, fault: null, head: 'abc' } as const

  it('says that a chain is whole', () => {
    expect(chainWords(whole).title).toBe('The audit: whole')
    expect(chainWords(whole).detail).toContain('None was changed')
    expect(chainWords(whole).detail).not.toContain('nobody can say')
  })

  it('does not vouch for rows from before there was a chain', () => {
    expect(chainWords({ ...whole, uncovered: 7 }).detail).toContain('7 are from before there was such a chain')
  })

  it('says where it is broken, and how', () => {
    const fault = { kind: 'missing', seq: 17, detail: 'The next entry follows another.' } as const
    const words = chainWords({ ...whole, chain: 'requests', isWhole: false, fault })
    expect(words.title).toBe('The requests: broken at 17')
    expect(words.detail).toContain('Number 17 is missing. The next entry follows another.')
  })
})
