import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrayItems, memberOf } from '../../http/json-items.ts'
import { type JsonSpan, type ScannedObject, scanJsonObject } from '../../http/json-scan.ts'
import { cutsOf, withoutLeftOut } from './left-out.ts'
import { MAX_TOOLS } from './search-left-out.ts'

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
      const out = spans.filter((_, index) => items[index]?.isOut)
      const left = withoutLeftOut(body, [{ names: ['web_search'], cuts: cutsOf(body, out) }]).toString()
      const kept = items.filter(({ isOut }) => !isOut).map(({ value }) => JSON.parse(value) as unknown)
      expect(JSON.parse(left)).toEqual({ a: 'é[,]', tools: kept, b: 1 })
      expect(left.startsWith('{"a":"é[,]","tools":[') && left.endsWith('],"b":1}')).toBe(true)
    }),
  )
})

const members = ['tools', 'tool_choice', 'other', 'include']
const member = fc.record({ value: fc.json({ maxDepth: 2 }), before: spaces, after: spaces, isOut: fc.boolean() })

test('whatever is left out of an object, the rest is what it was', () => {
  fc.assert(
    fc.property(fc.tuple(member, member, member, member), spaces, fc.boolean(), (all, space, isEscaped) => {
      const written = all.map(({ value, before, after }, index) => {
        const name = isEscaped ? members[index]?.replace('o', '\\u006f') : members[index]
        return `${before}"${name}"${after}:${before}${value.trim()}${after}`
      })
      const body = Buffer.from(`{${space}${written.join(',')}}`)
      const scanned = scanJsonObject(body, { guarded: members, maxDepth: 100 })
      const out = members.filter((_, index) => all[index]?.isOut)
      const spans = out.map((name) => memberOf(body, scanned.span(name) as JsonSpan))
      const left = withoutLeftOut(body, [{ names: ['web_search'], cuts: cutsOf(body, spans) }]).toString()
      const kept = members.filter((name) => !out.includes(name)).map((name) => [name, valueIn(body, scanned, name)])
      expect(Object.entries(JSON.parse(left) as object)).toEqual(kept)
    }),
  )
})

const valueIn = (body: Buffer, scanned: ScannedObject, name: string): unknown => {
  const { start, end } = scanned.span(name) as JsonSpan
  return JSON.parse(body.toString('utf8', start, end))
}

test('what is no list has no items', () => {
  expect(arrayItems(Buffer.from('{"a":[]}'), 0, MAX_TOOLS)).toBeUndefined()
})

test('a list with more items than are asked for is not taken apart', () => {
  const list = Buffer.from('[0,[1],{"a":2}]')
  expect(arrayItems(list, 0, 3)).toHaveLength(3)
  expect(arrayItems(list, 0, 2)).toBeUndefined()
})
