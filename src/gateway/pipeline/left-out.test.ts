import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrayItems } from '../../http/json-items.ts'
import { cutsOf, MAX_TOOLS, withoutLeftOut } from './left-out.ts'

const spaces = fc.constantFrom('', ' ', '\n\t')
const item = fc.record({ value: fc.json({ maxDepth: 3 }), before: spaces, after: spaces, isOut: fc.boolean() })

test('whatever is left out of a list, the rest is what it was', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 8 }), spaces, (items, space) => {
      const list = items.map(({ before, value, after }) => before + value + after).join(',')
      const body = Buffer.from(`{"a":"é[,]","tools":[${space}${list}],"b":1}`)
      const start = body.indexOf('"tools":') + '"tools":'.length
      const spans = arrayItems(body, start, MAX_TOOLS) ?? []
      expect(spans.map((span) => body.toString('utf8', span.start, span.end))).toEqual(
        items.map(({ value }) => value.trim()),
      )
      const cuts = cutsOf(spans, (span) => items[spans.indexOf(span)]?.isOut === true)
      const left = withoutLeftOut(body, [{ name: 'web_search', cuts }]).toString()
      const kept = items.filter(({ isOut }) => !isOut).map(({ value }) => JSON.parse(value) as unknown)
      expect(JSON.parse(left)).toEqual({ a: 'é[,]', tools: kept, b: 1 })
      expect(left.startsWith('{"a":"é[,]","tools":[') && left.endsWith('],"b":1}')).toBe(true)
    }),
  )
})

test('what is no list has no items', () => {
  expect(arrayItems(Buffer.from('{"a":[]}'), 0, MAX_TOOLS)).toBeUndefined()
})

test('a list with more items than are asked for is not taken apart', () => {
  const list = Buffer.from('[0,[1],{"a":2}]')
  expect(arrayItems(list, 0, 3)).toHaveLength(3)
  expect(arrayItems(list, 0, 2)).toBeUndefined()
})
