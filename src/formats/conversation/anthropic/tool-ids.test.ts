import { expect, it } from 'vitest'
import { boundedId } from '../bounded-id.ts'
import { ToolIds } from './tool-ids.ts'

const LONG = 'ä'.repeat(300)

it.each([
  ['toolu_1', 'toolu_1'],
  ['f:1', 'f_3a_1'],
  ['', 'call'],
  [LONG, boundedId(LONG)],
])('of %j is %j, for the call and its result', (id, expected) => {
  const ids = new ToolIds()
  expect([ids.ofCall(id), ids.ofResult(id)]).toEqual([expected, expected])
  expect(new ToolIds().ofResult(id)).toBe(expected)
})

it('are each of one call, however long and alike they are', () => {
  const other = `${LONG}b`
  const all = [LONG, other, boundedId(LONG), LONG]
  const ids = new ToolIds()
  const given = all.map((id) => ids.ofCall(id))
  expect(new Set(given).size).toBe(all.length)
  expect([LONG, LONG, other, boundedId(LONG)].map((id) => ids.ofResult(id))).toEqual([
    given[0],
    given[3],
    given[1],
    given[2],
  ])
})

it('of twenty million characters costs a few', () => {
  expect(new ToolIds().ofCall('ä'.repeat(20_000_000)).length).toBeLessThan(300)
})
