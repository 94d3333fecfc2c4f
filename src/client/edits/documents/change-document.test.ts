import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DocumentChange, PlainValue } from '../file-edit.ts'
import { changeDocument, isSameValue, placeOf, readPlace, standingDepth, writePlace } from './change-document.ts'
import { DocumentFault, type DocumentValue } from './document-format.ts'
import { documentFormat } from './load-format.ts'

type Group = { readonly [name: string]: PlainValue }

const NAMES = ['a', 'b', 'model', 'x y', 'on', 'q.r']
const name = fc.constantFrom(...NAMES)
const scalar = fc.oneof(
  fc.integer({ min: -9, max: 99 }),
  fc.boolean(),
  fc.constantFrom(
    '',
    'yes',
    '1',
    '# no',
    "it's",
    '"q"',
    'a: b',
    '- c',
    'ü',
    'C:\\x',
    'two\nlines',
    'null',
    '{',
    'pk_a_b',
  ),
)
const item = fc.record({ id: fc.constantFrom('m', 'n'), v: scalar })
const group = (depth: number): fc.Arbitrary<Group> =>
  fc.dictionary(name, depth === 0 ? scalar : fc.oneof({ weight: 2, arbitrary: scalar }, group(depth - 1), list), {
    maxKeys: 4,
  })
const list = fc.uniqueArray(item, { selector: ({ id }) => id })
const path = fc.array(name, { minLength: 1, maxLength: 3 })
const change: fc.Arbitrary<DocumentChange> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), path, value: fc.oneof(scalar, group(1), list) }),
  fc.record({ kind: fc.constant('remove' as const), path }),
  fc.record({ kind: fc.constant('item' as const), path, by: fc.constant('id'), item }),
)
/** How a person wrote the document down. */
const style = fc.record({
  indent: fc.constantFrom('  ', '    ', '\t'),
  eol: fc.constantFrom('\n', '\r\n'),
  hasMark: fc.boolean(),
  hasFinalEnd: fc.boolean(),
  hasLastComma: fc.boolean(),
  hasNotes: fc.boolean(),
  isInLine: fc.boolean(),
})
type Style = typeof style extends fc.Arbitrary<infer T> ? T : never

const isGroup = (value: PlainValue): value is Group => typeof value === 'object' && !Array.isArray(value)
const isList = (value: PlainValue): value is readonly PlainValue[] => Array.isArray(value)

/** Every comment has a number of its own, so that one that is lost is seen. */
function notes(style: Style, mark: string) {
  let count = 0
  const note = () => `${mark} note ${++count}`
  return {
    above: (indent: string) => (style.hasNotes && ++count % 2 === 0 ? [`${indent}${note()}`] : []),
    beside: () => (style.hasNotes && ++count % 3 === 0 ? ` ${note()}` : ''),
  }
}

function json(value: Group, style: Style, withNotes: boolean): string {
  const { above, beside } = notes({ ...style, hasNotes: style.hasNotes && withNotes }, '//')
  const write = (one: PlainValue, outer: string): string => {
    if (!isGroup(one) && !isList(one)) return JSON.stringify(one)
    const [open, close] = isList(one) ? '[]' : '{}'
    const inner = outer + style.indent
    const members = Object.entries(one as Group)
    if (members.length === 0) return `${open}${close}`
    const lines = members.flatMap(([name, held], at) => {
      const comma = at < members.length - 1 || (withNotes && style.hasLastComma) ? ',' : ''
      const label = isList(one) ? '' : `${JSON.stringify(name)}: `
      return [...above(inner), `${inner}${label}${write(held, inner)}${comma}${beside()}`]
    })
    return [open, ...lines, `${outer}${close}`].join('\n')
  }
  return style.isInLine ? JSON.stringify(value) : [...above(''), write(value, '')].join('\n')
}

function yaml(value: Group, style: Style): string {
  const { above, beside } = notes(style, '#')
  const step = style.indent === '\t' ? '  ' : style.indent
  const write = (one: PlainValue, indent: string): string[] => {
    if (isList(one)) {
      return one.flatMap((held) => {
        const [first = '', ...rest] = write(held, `${indent}  `)
        return [...above(indent), `${indent}- ${first.trimStart()}`, ...rest]
      })
    }
    return Object.entries(one as Group).flatMap(([name, held], at) => {
      const notes = at === 0 ? [] : above(indent)
      const key = /^(?:on|x y)$/.test(name) ? JSON.stringify(name) : name
      const isBranch = typeof held === 'object' && Object.keys(held).length > 0
      if (!isBranch || style.isInLine) return [...notes, `${indent}${key}: ${JSON.stringify(held)}${beside()}`]
      return [...notes, `${indent}${key}:${beside()}`, ...write(held, indent + step)]
    })
  }
  return [...above(''), ...write(value, ''), ...above('')].join('\n')
}

function toml(value: Group, style: Style): string {
  const { above, beside } = notes(style, '#')
  const key = (name: string) => (/^\w+$/.test(name) ? name : JSON.stringify(name))
  const inline = (one: PlainValue): string => {
    if (isList(one)) return `[${one.map(inline).join(', ')}]`
    if (!isGroup(one)) return JSON.stringify(one)
    return `{${Object.entries(one)
      .map(([name, held]) => `${key(name)} = ${inline(held)}`)
      .join(', ')}}`
  }
  const write = (one: Group, path: readonly string[]): string[] => {
    const isTable = (held: PlainValue) => isGroup(held) || (isList(held) && held.length > 0)
    const members = Object.entries(one).filter(([, held]) => style.isInLine || !isTable(held))
    const tables = Object.entries(one).filter(([, held]) => !style.isInLine && isTable(held))
    const lines = members.flatMap(([name, held]) => [...above(''), `${key(name)} = ${inline(held)}${beside()}`])
    return [
      ...lines,
      ...tables.flatMap(([name, held]) => {
        const inner = [...path, key(name)]
        if (!isList(held)) return ['', ...above(''), `[${inner.join('.')}]${beside()}`, ...write(held as Group, inner)]
        return held.flatMap((one) => ['', `[[${inner.join('.')}]]`, ...write(one as Group, inner)])
      }),
    ]
  }
  return [...above(''), ...write(value, [])].join('\n')
}

function written(format: 'json' | 'jsonc' | 'yaml' | 'toml', value: Group, style: Style): string {
  const lines = {
    json: () => json(value, style, false),
    jsonc: () => json(value, style, true),
    yaml: () => yaml(value, style),
    toml: () => toml(value, style),
  }
  const body = lines[format]().replaceAll('\n', style.eol)
  return (style.hasMark ? '\uFEFF' : '') + body + (style.hasFinalEnd && body !== '' ? style.eol : '')
}

const isEmptyGroup = (value: DocumentValue | undefined): boolean =>
  JSON.stringify(value ?? {})
    .replace(/"[^"]*":|,/g, '')
    .replace(/[{}[\]]/g, '') === ''

test.each(['json', 'jsonc', 'yaml', 'toml'] as const)(
  '%s: a change is made whole or refused, and all other lines stay as they are',
  async (name) => {
    const format = await documentFormat(name)
    let changed = 0
    let refused = 0
    fc.assert(
      fc.property(group(2), style, change, (value, style, change) => {
        const before = written(name, value, style)
        const root = format.read(before)
        if (!isEmptyGroup(value)) expect(JSON.parse(JSON.stringify(root ?? {}))).toEqual(value)
        const place = placeOf(change)
        const old = readPlace(root, place)
        let after: string
        try {
          after = changeDocument(format, before, change)
        } catch (error) {
          if (!(error instanceof DocumentFault)) throw error
          if (/has to stand/.test(error.message)) return
          refused++
          return
        }
        changed++
        const wanted = change.kind === 'set' ? change.value : change.kind === 'item' ? change.item : undefined
        const found = readPlace(format.read(after), place)
        if (!isEmptyGroup(wanted)) expect(found).toEqual(wanted)
        expect(changeDocument(format, after, change)).toBe(after)
        if (old === undefined && wanted === undefined) expect(after).toBe(before)
        if (isSameValue(old, wanted)) expect(after).toBe(before)
        expect(after.startsWith('\uFEFF')).toBe(before.startsWith('\uFEFF'))
        if (before.includes('\n'))
          expect(after.replaceAll('\r\n', '').includes('\n')).toBe(style.eol === '\n' && after.includes('\n'))
        if (Object.keys(value).length > 1 && after.trim() !== '')
          expect(after.endsWith('\n')).toBe(before.endsWith('\n'))
        if (typeof old !== 'object') {
          // The line of the value, and the one above whose comma goes or comes, or those of the brackets around nothing.
          const lines = before.split('\n')
          const rest = after.split('\n')
          const lost = lines.filter((line) => !rest.includes(line))
          expect(lost.length).toBeLessThanOrEqual(3)
          for (const note of before.match(/(?<=\n)[ \t]*(?:#|\/\/) note \d+(?=[\r\n])/g) ?? [])
            expect(after).toContain(note)
        }
        // And back: what a later undo does where the person has changed something else.
        const back = writePlace(format, after, place, old, standingDepth(root, place))
        expect(readPlace(format.read(back), place)).toEqual(old)
        if (typeof old !== 'object' && !style.hasNotes && old === undefined)
          expect(JSON.stringify(format.read(back) ?? {})).toBe(JSON.stringify(root ?? {}))
      }),
      { numRuns: 600 },
    )
    expect(changed).toBeGreaterThan(300)
    expect(refused).toBe(0)
  },
)
