import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import {
  DocumentFault,
  type DocumentFormat,
  type DocumentPath,
  type DocumentValue,
  faultAt,
} from './document-format.ts'
import { insertLines, lineEndOf, lineStartAt, nextLineAt, removeLines, removeMember, splice } from './text-lines.ts'

const DEFAULT_INDENT = 2

type Collection = YAMLMap | YAMLSeq

/**
 * The parser gives the places, and the text is put together here: written out whole, a document of the library has
 * blank lines, quotes and comments anew in lines that are not ours.
 */
export const yamlFormat: DocumentFormat = {
  read(text) {
    const document = parse(text)
    try {
      return (document.toJS() as DocumentValue | undefined) ?? undefined
    } catch (error) {
      // Aliases of aliases may stand for more than memory holds; the library counts them.
      throw new DocumentFault(error instanceof Error ? lowerFirst(error.message) : 'aliases that lead nowhere')
    }
  },
  put(text, path, value) {
    let node: unknown = parse(text).contents
    if (!isCollection(node)) return addRoot(text, nested(path, value))
    for (const [depth, step] of path.entries()) {
      const inner = nested(path.slice(depth + 1), value)
      if (isSeq(node) && typeof step === 'number') return replaceNode(text, node.items[step], inner, node.flow)
      if (!isMap(node)) throw notEditable(path)
      const pair = pairOf(node, step)
      if (pair === undefined) return addTo(text, node, { name: String(step), value: inner })
      const isFlow = node.flow
      node = pair.value
      if (depth === path.length - 1 || !isCollection(node)) return replaceValue(text, pair, inner, isFlow)
    }
    throw notEditable(path)
  },
  append(text, path, item) {
    const list = nodeAt(text, path)
    if (!isSeq(list)) throw notEditable(path)
    return addTo(text, list, { value: item })
  },
  take(text, path) {
    const parent = nodeAt(text, path.slice(0, -1))
    const step = path.at(-1)
    if (!isCollection(parent)) throw notEditable(path)
    const at = isSeq(parent) ? Number(step) : parent.items.findIndex((pair) => nameOf(pair) === step)
    return takeMember(text, parent, at, path.length === 1)
  },
}

function parse(text: string): Document.Parsed {
  const document = parseDocument(text, { prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    const isSecond = error.code === 'MULTIPLE_DOCS'
    const words = isSecond ? 'a second document begins, and one alone is edited here' : lowerFirst(error.message)
    throw faultAt(text, error.pos[0], words)
  }
  return document
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}

function notEditable(path: DocumentPath): DocumentFault {
  return new DocumentFault(`${path.join('.')} is written there in a form that is not edited here`)
}

function nested(path: DocumentPath, value: DocumentValue): DocumentValue {
  return path.reduceRight<DocumentValue>((inner, name) => ({ [name]: inner }), value)
}

function isCollection(node: unknown): node is Collection {
  return isMap(node) || isSeq(node)
}

function nameOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined
}

function pairOf(map: YAMLMap, name: string | number | undefined): Pair | undefined {
  return map.items.find((pair) => nameOf(pair) === name)
}

function nodeAt(text: string, path: DocumentPath): unknown {
  let node: unknown = parse(text).contents
  for (const step of path) node = isMap(node) ? pairOf(node, step)?.value : undefined
  return node
}

/** Where the node, or the pair's name, begins and its text ends, without the comment after it. */
function startOf(node: unknown): number {
  const range = isNode(node)
    ? node.range
    : isNode((node as Pair).key)
      ? ((node as Pair).key as { range?: [number, number, number] | null }).range
      : undefined
  if (!range) throw new DocumentFault('it is written there in a form that is not edited here')
  return range[0]
}

function endOf(text: string, node: unknown): number {
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return endOf(text, node.items.at(-1))
  if (!isNode(node)) {
    const { key, value } = node as Pair
    if (isNode(value) && value.range && (isCollection(value) || value.range[1] > value.range[0]))
      return endOf(text, value)
    return text.indexOf(':', endOf(text, key)) + 1
  }
  return node.range?.[1] ?? startOf(node)
}

/** The end without the line end that a text in lines has in it. */
function textEndOf(text: string, node: unknown): number {
  const end = endOf(text, node)
  return end - (/\r?\n$/.exec(text.slice(0, end))?.[0].length ?? 0)
}

function lineAfter(text: string, node: unknown): number {
  const end = endOf(text, node)
  return text[end - 1] === '\n' ? end : nextLineAt(text, end)
}

function columnOf(text: string, offset: number): string {
  return ' '.repeat(offset - lineStartAt(text, offset))
}

/** As the line is that is the least set in. */
function indentUnit(text: string): number {
  const widths = [...text.matchAll(/^( +)[^\s#]/gm)].map(([, blanks = '']) => blanks.length)
  return widths.length === 0 ? DEFAULT_INDENT : Math.min(8, ...widths)
}

/** Lines without an end after the last. Words that older readers take for something else are put in quotes. */
function block(text: string, value: DocumentValue): string {
  const lines = stringify(value, {
    version: '1.1',
    indent: indentUnit(text),
    lineWidth: 0,
    blockQuote: false,
    aliasDuplicateObjects: false,
  })
  return lines.trimEnd()
}

function flow(value: DocumentValue): string {
  if (Array.isArray(value)) return `[${value.map((item: DocumentValue) => flow(item)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${flow(inner)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

function isBlock(value: DocumentValue): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function addRoot(text: string, value: DocumentValue): string {
  const mark = /^\.\.\.\s*$/m.exec(text)
  return insertLines(text, mark?.index ?? text.length, block(text, value))
}

/** The value of a pair. A comment beside its name stays, as long as both are lines, or neither. */
function replaceValue(text: string, pair: Pair, value: DocumentValue, isFlow = false): string {
  const node = pair.value
  if (isFlow && isNode(node)) return replaceNode(text, node, value, isFlow)
  const isInLines = isCollection(node) && node.flow !== true
  const isThere = isNode(node) && node.range && node.range[1] > node.range[0]
  const isPlain =
    isThere &&
    !isInLines &&
    (isCollection(node) || !isBlock(value)) &&
    !/\n/.test(text.slice(startOf(node), endOf(text, node)))
  if (isThere && (isPlain || (isInLines && isBlock(value)))) return replaceNode(text, node, value)
  const colon = text.indexOf(':', endOf(text, pair.key))
  const lines = block(text, { k: value })
    .slice(1)
    .replaceAll('\n', `\n${columnOf(text, startOf(pair))}`)
  return splice(text, colon, textEndOf(text, pair), lines.replaceAll('\n', lineEndOf(text)))
}

function replaceNode(text: string, node: unknown, value: DocumentValue, isFlow = false): string {
  const start = startOf(node)
  if (isFlow) return splice(text, start, endOf(text, node), flow(value))
  const isInLines = isCollection(node) ? node.flow !== true : isBlock(value)
  const inFlow = isCollection(node) ? flow(value) : block(text, value)
  const lines = isInLines ? block(text, value).replaceAll('\n', `${lineEndOf(text)}${columnOf(text, start)}`) : inFlow
  return splice(text, start, textEndOf(text, node), lines)
}

/** `name` is there for a value of an object, and not for an item of a list. */
function addTo(
  text: string,
  node: Collection,
  { name, value }: { readonly name?: string; readonly value: DocumentValue },
): string {
  const last = node.items.at(-1)
  if (node.flow === true || last === undefined) {
    const end = endOf(text, node) - 1
    const at = last === undefined ? end : endOf(text, last)
    const member = name === undefined ? flow(value) : `${JSON.stringify(name)}: ${flow(value)}`
    return splice(text, at, at, last === undefined ? member : `, ${member}`)
  }
  const column = columnOf(text, isSeq(node) ? startOf(node) : startOf(node.items[0]))
  const lines = block(text, name === undefined ? [value] : { [name]: value })
  return insertLines(text, lineAfter(text, last), column + lines.replaceAll('\n', `\n${column}`))
}

function takeMember(text: string, node: Collection, at: number, isRoot: boolean): string {
  const member = node.items[at]
  if (member === undefined) throw new DocumentFault('it is not there')
  if (node.flow === true) {
    const members = node.items.map((item) => ({ start: startOf(item), end: endOf(text, item) }))
    return removeMember(text, members, at)
  }
  const start = lineStartAt(text, startOf(member))
  if (node.items.length > 1) return removeLines(text, start, lineAfter(text, member))
  // An object or list without anything has no form in lines; of the whole document nothing needs to stay.
  if (isRoot) return removeLines(text, start, lineAfter(text, member))
  return splice(text, startOf(node), textEndOf(text, node), isSeq(node) ? '  []' : '{}')
}
