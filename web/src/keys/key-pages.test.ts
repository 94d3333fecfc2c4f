import { expect, it } from 'vitest'
import type { KeyBody } from '../../../src/contract/keys.ts'
import type { RowPages } from '../parts/use-pages.ts'
import { isListed, withKey } from './key-pages.ts'

const LIVE = { revoked: false, q: '' }

/** A key that was made at a second, called by its id. */
const key = (id: string, second: number, given: Partial<KeyBody> = {}) =>
  ({
    id,
    name: `name of ${id}`,
    state: 'active',
    createdAt: new Date(second * 1_000).toISOString(),
    ...given,
  }) as KeyBody
const pages = (...each: readonly (readonly KeyBody[])[]): RowPages<KeyBody> => ({
  pages: each.map((rows, index) => ({ rows, next: index === each.length - 1 ? null : `${index}` })),
  pageParams: each.map((_, index) => (index === 0 ? undefined : `${index - 1}`)),
})
const ids = (list: RowPages<KeyBody>) => list.pages.map(({ rows }) => rows.map(({ id }) => id).join(''))

const READ = pages([key('f', 9), key('d', 7)], [key('c', 5), key('a', 3)])

it('puts a new key first, and any other where it belongs', () => {
  expect(ids(withKey(READ, key('x', 10), LIVE))).toEqual(['xfd', 'ca'])
  expect(ids(withKey(READ, key('x', 8), LIVE))).toEqual(['fxd', 'ca'])
  expect(ids(withKey(READ, key('x', 4), LIVE))).toEqual(['fd', 'cxa'])
  expect(ids(withKey(READ, key('x', 1), LIVE))).toEqual(['fd', 'cax'])
  expect(ids(withKey(pages([]), key('x', 1), LIVE))).toEqual(['x'])
})

it('tells keys of one moment apart by their ids, as the gateway does', () => {
  expect(ids(withKey(READ, key('e', 7), LIVE))).toEqual(['fed', 'ca'])
  expect(ids(withKey(READ, key('b', 5), LIVE))).toEqual(['fd', 'cba'])
})

it('leaves out what stands beyond the pages that were read', () => {
  const { pages: all, pageParams } = READ
  const first = { pages: all.slice(0, 1), pageParams: pageParams.slice(0, 1) }
  expect(withKey(first, key('a', 3), LIVE)).toBe(first)
})

it('shows a key as it is now, where it stood', () => {
  const changed = withKey(READ, key('d', 7, { name: 'renamed' }), LIVE)
  expect(ids(changed)).toEqual(['fd', 'ca'])
  expect(changed.pages[0]?.rows[1]?.name).toBe('renamed')
})

it('moves a revoked key from one list to the other', () => {
  const revoked = key('d', 7, { state: 'revoked' })
  expect(ids(withKey(READ, revoked, LIVE))).toEqual(['f', 'ca'])
  expect(ids(withKey(pages([key('e', 8), key('b', 4)]), revoked, { ...LIVE, revoked: true }))).toEqual(['edb'])
})

it('knows which keys are looked for, by name and id', () => {
  expect(isListed(key('k1', 1, { name: 'Claude Code' }), { ...LIVE, q: 'CODE' })).toBe(true)
  expect(isListed(key('k1', 1, { name: 'Claude Code' }), { ...LIVE, q: 'k1' })).toBe(true)
  expect(isListed(key('k1', 1, { name: 'Claude Code' }), { ...LIVE, q: 'k2' })).toBe(false)
})
