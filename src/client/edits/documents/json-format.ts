import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  type ParseOptions,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import {
  DocumentFault,
  type DocumentFormat,
  type DocumentPath,
  type DocumentValue,
  faultAt,
} from './document-format.ts'
import { indentAt, insertLines, lineEndOf, lineStartAt, nextLineAt, removeLines, splice } from './text-lines.ts'

const DEFAULT_INDENT = '  '

const BLANKS = /(?:[ \t]|\/\*[\s\S]*?\*\/)*/y
const BLANKS_AND_LINES = /(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*/y
const LINE_COMMENT = /(?:\/\/.*)?/y
const LINE_END = /(?:\r?\n)?/y

/** JSON with comments and commas after the last value. */
export const commentedJsonFormat: DocumentFormat = jsonFormat({ disallowComments: false, allowTrailingComma: true })

/** JSON as its standard has it. */
export const strictJsonFormat: DocumentFormat = jsonFormat({ disallowComments: true, allowTrailingComma: false })

/**
 * The parser gives the places, and the text is put together here: the library's own edits set a new line before the
 * comment of the line above, and format lines that are not ours.
 */
function jsonFormat(options: ParseOptions): DocumentFormat {
  return {
    read: (text) => {
      const root = parse(text, options)
      return root === undefined ? undefined : (getNodeValue(root) as DocumentValue)
    },
    put(text, path, value) {
      const root = parse(text, options)
      if (root === undefined) return document(text, nested(path, value))
      for (let depth = path.length; depth >= 0; depth--) {
        const node = nodeAt(root, path.slice(0, depth))
        if (node === undefined) continue
        const inner = nested(path.slice(depth), value)
        const [name] = path.slice(depth)
        if (depth === path.length || node.type !== 'object') return replace(text, node, inner)
        const member = { name: JSON.stringify(name), value: nested(path.slice(depth + 1), value) }
        return addTo(text, node, member)
      }
      throw new DocumentFault('it holds no object')
    },
    append: (text, path, item) => addTo(text, place(parse(text, options), path), { value: item }),
    take: (text, path) => removeFrom(text, place(parse(text, options), path)),
  }
}

function parse(text: string, options: ParseOptions): Node | undefined {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, options)
  // A text of comments alone is an empty document as well.
  const isEmpty = root === undefined && withoutComments(text).trim() === ''
  const [fault] = errors.filter(({ error }) => !(isEmpty && printParseErrorCode(error) === 'ValueExpected'))
  if (fault !== undefined) throw faultAt(text, fault.offset, wordsFor(fault, text))
  return root
}

function wordsFor({ error, offset }: ParseError, text: string): string {
  const name = printParseErrorCode(error)
  const isCommaLast = /^(?:PropertyName|Value)Expected$/.test(name) && /,\s*$/.test(text.slice(0, offset))
  if (name === 'InvalidCommentToken') return 'a comment, which this program does not take: it would load nothing of it'
  if (isCommaLast && /^[}\]]/.test(text.slice(offset))) {
    return 'a comma after the last value, which this program does not take: it would load nothing of it'
  }
  const words = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toLowerCase() + words.slice(1)
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}

/** Of a name that stands twice the last one: programs take that. */
function nodeAt(root: Node, path: DocumentPath): Node | undefined {
  let node: Node | undefined = root
  for (const step of path) {
    if (typeof step === 'number') node = findNodeAtLocation(node, [step])
    else node = node.children?.findLast((member) => member.children?.[0]?.value === step)?.children?.[1]
    if (node === undefined) return undefined
  }
  return node
}

function place(root: Node | undefined, path: DocumentPath): Node {
  const node = root === undefined ? undefined : nodeAt(root, path)
  if (node === undefined) throw new DocumentFault(`nothing stands at ${path.join('.')}`)
  return node
}

function nested(path: DocumentPath, value: DocumentValue): DocumentValue {
  return path.reduceRight<DocumentValue>((inner, name) => ({ [name]: inner }), value)
}

function document(text: string, value: DocumentValue): string {
  const json = JSON.stringify(value, null, DEFAULT_INDENT).replaceAll('\n', lineEndOf(text))
  if (text.trim() === '') return `${json}${lineEndOf(text)}`
  return insertLines(text, text.length, json)
}

/** By how much a level is set in: as the first line in an object of the document is, or nothing where it has one line. */
function indentUnit(text: string): string | undefined {
  const found = /[{[][^\S\n]*(?:\/[/*].*)?\r?\n(?:[^\S\n]*(?:\/\/.*)?\r?\n)*([ \t]*)(?=["\w[{-])/.exec(text)
  if (found === null) return /[{[].*\S.*[\]}]/.test(text) ? undefined : DEFAULT_INDENT
  const outer = indentAt(text, found.index)
  const inner = found[1] ?? ''
  return inner.startsWith(outer) && inner.length > outer.length ? inner.slice(outer.length) : DEFAULT_INDENT
}

function lines(text: string, value: DocumentValue, indent: string): string {
  return JSON.stringify(value, null, indentUnit(text) ?? DEFAULT_INDENT).replaceAll('\n', `\n${indent}`)
}

/** In one line, with a blank after each colon and comma where the document has them. */
function line(text: string, value: DocumentValue): string {
  if (!/": /.test(text)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => line(text, item as DocumentValue)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${line(text, inner)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

function replace(text: string, node: Node, value: DocumentValue): string {
  const old = text.slice(node.offset, node.offset + node.length)
  const isInLine = indentUnit(text) === undefined || ((node.children?.length ?? 0) > 0 && !old.includes('\n'))
  const json = isInLine ? line(text, value) : lines(text, value, indentAt(text, node.offset))
  return splice(text, node.offset, node.offset + node.length, json.replaceAll('\n', lineEndOf(text)))
}

/** A value of an object, or an item of a list. `name` is already quoted. */
interface Member {
  readonly name?: string
  readonly value: DocumentValue
}

function addTo(text: string, container: Node, { name, value }: Member): string {
  const close = container.offset + container.length - 1
  const last = container.children?.at(-1)
  const unit = indentUnit(text)
  const written = (json: string, colon: string) => (name === undefined ? json : name + colon + json)
  const eol = lineEndOf(text)
  if (last === undefined) {
    const inside = text.slice(container.offset + 1, close)
    // A comment alone, on the line of both braces, leaves no line to write on.
    if (unit === undefined || (inside.trim() !== '' && !inside.includes('\n'))) {
      const colon = /": /.test(text) ? ': ' : ':'
      return splice(text, close, close, written(line(text, value), colon))
    }
    const outer = indentAt(text, container.offset)
    const added = `${outer}${unit}${written(lines(text, value, outer + unit), ': ')}`.replaceAll('\n', eol)
    if (inside.trim() === '') return splice(text, container.offset + 1, close, `${eol}${added}${eol}${outer}`)
    return insertLines(text, lineStartAt(text, close), added)
  }
  const lastEnd = last.offset + last.length
  const after = tokensAfter(text, lastEnd)
  if (!after.isLineEnded || !isFirstInLine(text, last.offset)) {
    const isWide = /": /.test(text)
    return splice(text, lastEnd, lastEnd, `,${isWide ? ' ' : ''}${written(line(text, value), isWide ? ': ' : ':')}`)
  }
  const indent = indentAt(text, last.offset)
  const added = `${indent}${written(lines(text, value, indent), ': ')}${after.comma === undefined ? '' : ','}`
  const withLines = insertLines(text, after.lineEnd, added)
  return after.comma === undefined ? splice(withLines, lastEnd, lastEnd, ',') : withLines
}

function removeFrom(text: string, value: Node): string {
  const member = value.parent?.type === 'property' ? value.parent : value
  const siblings = member.parent?.children
  if (siblings === undefined) return ''
  const at = siblings.indexOf(member)
  const previous = siblings[at - 1]
  const next = siblings[at + 1]
  const end = member.offset + member.length
  const after = tokensAfter(text, end)
  const previousEnd = previous === undefined ? undefined : previous.offset + previous.length
  const isOnOwnLines = isFirstInLine(text, member.offset) && after.isLineEnded
  if (isOnOwnLines && siblings.length > 1) {
    const rest = removeLines(text, lineStartAt(text, member.offset), after.lineEnd)
    const comma = previousEnd === undefined || next !== undefined ? undefined : tokensAfter(text, previousEnd).comma
    return comma === undefined || after.comma !== undefined ? rest : splice(rest, comma, comma + 1, '')
  }
  if (previousEnd !== undefined) return splice(text, previousEnd, end, '')
  if (next !== undefined) return splice(text, member.offset, next.offset, '')
  const { offset = 0, length = 0 } = member.parent ?? {}
  const rest = splice(text, member.offset, after.comma === undefined ? end : after.comma + 1, '')
  const close = offset + length - 1 - (text.length - rest.length)
  if (rest.slice(offset + 1, close).trim() === '') return splice(rest, offset + 1, close, '')
  return isOnOwnLines ? removeLines(rest, lineStartAt(rest, member.offset), nextLineAt(rest, member.offset)) : rest
}

function isFirstInLine(text: string, offset: number): boolean {
  return text.slice(lineStartAt(text, offset), offset).trim() === ''
}

/** What follows a value: its comma, and where its line ends with all comments in it. */
function tokensAfter(text: string, offset: number) {
  const skip = (pattern: RegExp, from: number) => {
    pattern.lastIndex = from
    return from + (pattern.exec(text)?.[0].length ?? 0)
  }
  let at = skip(BLANKS, offset)
  let comma = text[at] === ',' ? at : undefined
  if (comma !== undefined) at = skip(BLANKS, comma + 1)
  at = skip(LINE_COMMENT, at)
  const lineEnd = skip(LINE_END, at)
  const isLineEnded = lineEnd > at || at === text.length
  if (comma === undefined && isLineEnded) {
    const later = skip(BLANKS_AND_LINES, at)
    if (text[later] === ',') comma = later
  }
  return { comma, lineEnd, isLineEnded: isLineEnded && (comma === undefined || comma < lineEnd) }
}
