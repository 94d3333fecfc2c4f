import { expect, test } from 'vitest'
import { namedOtherwise, offeredModel, offeredNames, readModelList } from './model-list.ts'

const listOf = (...ids: readonly unknown[]) => readModelList(JSON.stringify({ data: ids.map((id) => ({ id })) })) ?? []

test.each(['', 'null', '[]', '{"data":{}}', '{"data":[{"id":7}]}', '{"data":[{"id":""}]}'])(
  '%j is no list of models',
  (text) => expect(readModelList(text)).toBeUndefined(),
)

test('what nobody could type or tell apart is no model', () => {
  const ids = listOf('tiny', 'a\u001b[31mred', 'two\nlines', 'zero\u200bwidth', 'x'.repeat(513), 'é'.repeat(512))
  expect(ids.map(({ id }) => id)).toEqual(['tiny', 'é'.repeat(512)])
})

test('what only embeds is known by what it says', () => {
  const data = [['embedding'], ['completion', 'embedding'], ['vision'], undefined].map((capabilities, at) => ({
    id: `model-${at}`,
    capabilities,
  }))
  expect(readModelList(JSON.stringify({ data }))?.map(({ isChat }) => isChat)).toEqual([false, true, true, true])
})

test('letter case and the tag `latest` tell no names apart, and the first is said', () => {
  const offered = listOf('Large', 'tiny:latest')
  expect(offeredModel(offered, 'large')?.id).toBe('Large')
  expect(offeredModel(offered, 'TINY')?.id).toBe('tiny:latest')
  expect(offeredModel(offered, 'tin')).toBeUndefined()
  expect([
    namedOtherwise('Large', 'large'),
    namedOtherwise('tiny:latest', 'tiny'),
    namedOtherwise('x', undefined),
  ]).toEqual(["The model 'large' is offered as Large.", undefined, undefined])
})

test('of very many the first are named', () => {
  expect(offeredNames([])).toBe('none')
  expect(offeredNames(listOf('a', 'b'))).toBe('a, b')
  expect(offeredNames(listOf(...Array.from({ length: 50_000 }, (_, at) => `m${at}`)))).toMatch(
    /^m0, m1, .*, m39, and 49960 more$/,
  )
})
