import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser'
import {
  DocumentFault,
  type DocumentFormat,
  type DocumentPath,
  type DocumentValue,
  faultAt,
} from './document-format.ts'
import {
  indentAt,
  insertLines,
  lineEndOf,
  lineStartAt,
  nextLineAt,
  removeLines,
  removeMember,
  splice,
} from './text-lines.ts'
import { tomlInline, tomlSections } from './toml-text.ts'

/** A header with the lines under it; the lines above the first header are one without a header. */
interface Section {
  readonly path: DocumentPath
  readonly isItem: boolean
  readonly lines: readonly Line[]
  readonly start: number
  /** After its last line of a name and a value: comments below belong to whatever follows. */
  readonly end: number
}

/** A name and its value; the path is that from the document's root. */
interface Line {
  readonly path: DocumentPath
  readonly node: AST.TOMLKeyValue
}

/** Edited by the places that the parser gives: no library was found that writes TOML and leaves all other lines as they are. */
export const tomlFormat: DocumentFormat = {
  read: (text) => {
    const value = getStaticTOMLValue(parse(text)) as DocumentValue
    return Object.keys(value as object).length === 0 ? undefined : value
  },
  put(text, path, value) {
    const sections = sectionsOf(text)
    const line = lineTo(sections, path)
    if (line !== undefined) return putInValue(text, line.node.value, path.slice(line.path.length), value)
    return isTable(sections, path) ? replaceTable(text, sections, path, value) : add(text, sections, path, value)
  },
  append(text, path, item) {
    const sections = sectionsOf(text)
    const line = lineTo(sections, path)
    if (line !== undefined) {
      const list = valueIn(line.node.value, path.slice(line.path.length))
      if (list?.type !== 'TOMLArray') throw notEditable(path)
      return appendInline(text, list, tomlInline(item))
    }
    const last = sections.findLast((section) => startsWith(section.path, path))
    if (last === undefined) throw notEditable(path)
    return insertLines(text, nextLineAt(text, last.end), `\n${tomlSections(path, [item])}`)
  },
  take(text, path) {
    const sections = sectionsOf(text)
    const line = lineTo(sections, path)
    if (line === undefined) return takeTable(text, sections, path)
    if (line.path.length === path.length) return takeLine(text, line.node.range)
    const parent = valueIn(line.node.value, path.slice(line.path.length, -1))
    const members =
      parent?.type === 'TOMLArray' ? parent.elements : parent?.type === 'TOMLInlineTable' ? parent.body : []
    const step = path.at(-1)
    const at =
      typeof step === 'number'
        ? step
        : members.findIndex((one) => one.type === 'TOMLKeyValue' && namesOf(one)[0] === step)
    if (members[at] === undefined) throw notEditable(path)
    return removeMember(
      text,
      members.map(({ range: [start, end] }) => ({ start, end })),
      at,
    )
  },
}

function parse(text: string): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: 'latest' })
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw faultAt(text, error.index, error.message.charAt(0).toLowerCase() + error.message.slice(1))
  }
}

function notEditable(path: DocumentPath): DocumentFault {
  return new DocumentFault(`${path.join('.')} is written there in a form that is not edited here`)
}

function sectionsOf(text: string): readonly Section[] {
  const [{ body }] = parse(text).body
  const linesOf = (path: DocumentPath, nodes: readonly AST.TOMLNode[]): readonly Line[] =>
    nodes.filter((node) => node.type === 'TOMLKeyValue').map((node) => ({ path: [...path, ...namesOf(node)], node }))
  const root = linesOf([], body)
  const tables = body.filter((node) => node.type === 'TOMLTable')
  return [
    { path: [], isItem: false, lines: root, start: 0, end: root.at(-1)?.node.range[1] ?? 0 },
    ...tables.map((table) => ({
      path: table.resolvedKey,
      isItem: table.kind === 'array',
      lines: linesOf(table.resolvedKey, table.body),
      start: lineStartAt(text, table.range[0]),
      end: table.body.at(-1)?.range[1] ?? table.range[1],
    })),
  ]
}

function namesOf(line: AST.TOMLKeyValue): readonly string[] {
  return line.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))
}

function startsWith(path: DocumentPath, start: DocumentPath): boolean {
  return start.length <= path.length && start.every((step, at) => path[at] === step)
}

/** The line whose value is at the path, or holds it. */
function lineTo(sections: readonly Section[], path: DocumentPath): Line | undefined {
  return sections.flatMap(({ lines }) => lines).find((line) => startsWith(path, line.path))
}

function isTable(sections: readonly Section[], path: DocumentPath): boolean {
  return sections.some((section) => [section, ...section.lines].some((one) => startsWith(one.path, path)))
}

function valueIn(value: AST.TOMLContentNode, path: DocumentPath): AST.TOMLContentNode | undefined {
  const [step] = path
  if (step === undefined) return value
  if (value.type === 'TOMLArray' && typeof step === 'number') {
    const element = value.elements[step]
    return element && valueIn(element, path.slice(1))
  }
  if (value.type !== 'TOMLInlineTable') return undefined
  const line = value.body.find((one) => startsWith(path, namesOf(one)))
  return line && valueIn(line.value, path.slice(namesOf(line).length))
}

function putInValue(text: string, root: AST.TOMLContentNode, path: DocumentPath, value: DocumentValue): string {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = valueIn(root, path.slice(0, depth))
    if (node === undefined) continue
    const inner = path.slice(depth + 1).reduceRight<DocumentValue>((held, name) => ({ [name]: held }), value)
    if (depth === path.length) return splice(text, ...node.range, tomlInline(value))
    if (node.type !== 'TOMLInlineTable') break
    const member = tomlInline({ [String(path[depth])]: inner })
      .slice(1, -1)
      .trim()
    const last = node.body.at(-1)
    if (last === undefined) return splice(text, ...node.range, `{ ${member} }`)
    return splice(text, last.range[1], last.range[1], `, ${member}`)
  }
  throw notEditable(path)
}

function add(text: string, sections: readonly Section[], path: DocumentPath, value: DocumentValue): string {
  if (isMadeOfTables(value)) return atEnd(text, tomlSections(path, value))
  const parent = path.slice(0, -1)
  const name = path.slice(-1)
  const section = sections.find((one) => one.path.length === parent.length && startsWith(one.path, parent))
  const dotted = sections
    .filter((one) => one.path.length < parent.length)
    .flatMap(({ lines }) => lines)
    .findLast((line) => startsWith(line.path, parent))
  if (section === undefined && dotted === undefined)
    return atEnd(text, tomlSections(parent, { [String(name[0])]: value }))
  // Beside a line `a.b = 1` a header `[a]` is not allowed: the new line takes that one's form.
  const beside = section === undefined ? dotted : section.lines.at(-1)
  const owner = section ?? sections.find(({ lines }) => beside !== undefined && lines.includes(beside))
  const line = tomlInline({ nothing: value }).slice('{ nothing'.length, -2)
  const written = `${path
    .slice(owner?.path.length)
    .map((step) => tomlSections([step], {}).slice(1, -1))
    .join('.')}${line}`
  if (beside !== undefined) {
    const indent = indentAt(text, beside.node.range[0])
    return insertLines(text, nextLineAt(text, beside.node.range[1]), indent + written)
  }
  if (parent.length > 0) return insertLines(text, nextLineAt(text, section?.end ?? 0), written)
  return addFirst(text, sections, written)
}

/** Above the first header, and above the comment that belongs to it: a line without a header has to stand before all. */
function addFirst(text: string, sections: readonly Section[], line: string): string {
  const first = sections[1]
  if (first === undefined) return insertLines(text, text.length, line)
  let at = first.start
  while (
    at > 0 &&
    text
      .slice(lineStartAt(text, at - 1), at)
      .trimStart()
      .startsWith('#')
  )
    at = lineStartAt(text, at - 1)
  return insertLines(text, at, `${line}\n`)
}

function isMadeOfTables(value: DocumentValue): boolean {
  const isObject = (one: DocumentValue) => typeof one === 'object' && one !== null && !Array.isArray(one)
  return Array.isArray(value) ? value.length > 0 && value.every(isObject) : isObject(value)
}

function atEnd(text: string, lines: string): string {
  const isApart = /(?:^|\n\r?)\s*$/.test(text) && (text.trim() === '' || /\n[ \t]*\r?\n$/.test(text))
  return insertLines(text, text.length, isApart ? lines : `\n${lines}`)
}

function replaceTable(text: string, sections: readonly Section[], path: DocumentPath, value: DocumentValue): string {
  const first = sections.findIndex((section) => startsWith(section.path, path))
  const last = sections.findLastIndex((section) => startsWith(section.path, path))
  const inside = sections.slice(first, last + 1)
  const others = sections.filter((section) => !inside.includes(section)).flatMap(({ lines }) => lines)
  const isOnePiece = first > 0 && inside.every((section) => startsWith(section.path, path))
  if (isOnePiece && isMadeOfTables(value) && !others.some((line) => startsWith(line.path, path))) {
    const isItem = typeof path.at(-1) === 'number'
    const lines = isItem ? tomlSections(path.slice(0, -1), [value]) : tomlSections(path, value)
    const start = inside[0]?.start ?? 0
    const end = inside.at(-1)?.end ?? 0
    return splice(text, start, end, lines.replaceAll('\n', lineEndOf(text)))
  }
  const rest = takeTable(text, sections, path)
  return add(rest, sectionsOf(rest), path, value)
}

function takeTable(text: string, sections: readonly Section[], path: DocumentPath): string {
  const pieces = sections.flatMap((section) => {
    if (section.path.length > 0 && startsWith(section.path, path)) return [[section.start, section.end] as const]
    return section.lines.filter((line) => startsWith(line.path, path)).map(({ node }) => [...node.range] as const)
  })
  return pieces.reduceRight((rest, piece) => takeLine(rest, piece), text)
}

/** Whole lines, and the blank one above them where another, or the end, follows. */
function takeLine(text: string, [start, end]: readonly [number, number] | readonly number[]): string {
  const from = lineStartAt(text, start ?? 0)
  const to = nextLineAt(text, end ?? 0)
  const above = from === 0 ? 0 : lineStartAt(text, from - 1)
  const isBlankAbove = from > 0 && text.slice(above, from).trim() === ''
  const isBlankBelow = to === text.length || text.slice(to, nextLineAt(text, to)).trim() === ''
  return removeLines(text, isBlankAbove && isBlankBelow ? above : from, to)
}

function appendInline(text: string, list: AST.TOMLArray, item: string): string {
  const last = list.elements.at(-1)
  if (last === undefined) return splice(text, ...list.range, `[${item}]`)
  const [start, end] = last.range
  const rest = text.slice(end, list.range[1] - 1)
  const isInLines = rest.includes('\n') && text.slice(lineStartAt(text, start), start).trim() === ''
  if (!isInLines) return splice(text, end, end, `, ${item}`)
  const hasComma = rest.replace(/#.*/g, '').includes(',')
  const line = `${indentAt(text, start)}${item}${hasComma ? ',' : ''}`
  const added = insertLines(text, nextLineAt(text, end), line)
  return hasComma ? added : splice(added, end, end, ',')
}
