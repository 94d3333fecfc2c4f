import { isUtf8 } from 'node:buffer'
import { PunkuError } from '../core/error.ts'
import { foldName } from './fold.ts'
import { fieldNode, type PlaceNode } from './json-places.ts'
import { literalEnd, NESTING, numberEnd, skipSpace, stringEnd, syntaxError } from './json-syntax.ts'
import { decodeString, Finding, type FoundValue, type JsonType, typeAt } from './json-value.ts'

export interface JsonScanOptions {
  /** The top-level fields policy depends on: ASCII, lower case, without `"` and `\`. */
  readonly guarded: readonly string[]
  /** How deep objects and arrays may nest; the top-level object is depth 1. */
  readonly maxDepth: number
  /** The field this object is the value of, when it is a part of a body: errors then say `options.num_ctx`. */
  readonly within?: string
  /** Places at any depth, and who is told of each value that stands at one of them, in the order of the body. */
  readonly places?: { readonly tree: PlaceNode; readonly found: (value: FoundValue) => void }
}

/** From a byte of a body to before another. */
export interface JsonSpan {
  readonly start: number
  readonly end: number
}

/** Where the guarded fields of one JSON object lie in its bytes. It keeps the bytes, and copies none. */
export class ScannedObject {
  readonly #bytes: Buffer
  readonly #guarded: readonly string[]
  readonly #starts: readonly number[]
  readonly #ends: readonly number[]

  constructor(bytes: Buffer, guarded: readonly string[], starts: readonly number[], ends: readonly number[]) {
    this.#bytes = bytes
    this.#guarded = guarded
    this.#starts = starts
    this.#ends = ends
  }

  /** Whether the field is there, whatever its value. Like all accessors: a `TypeError` for a field not guarded. */
  has(name: string): boolean {
    return this.#start(name) !== -1
  }

  typeOf(name: string): JsonType | undefined {
    const start = this.#start(name)
    return start === -1 ? undefined : typeAt(this.#bytes, start)
  }

  /** The field's decoded text; `undefined` when it is absent or no string. */
  string(name: string): string | undefined {
    const start = this.#start(name)
    if (start === -1 || typeAt(this.#bytes, start) !== 'string') return undefined
    return decodeString(this.#bytes, start, this.#end(name))
  }

  /** The field's value; `undefined` when it is absent or no boolean. */
  boolean(name: string): boolean | undefined {
    const start = this.#start(name)
    if (start === -1 || typeAt(this.#bytes, start) !== 'boolean') return undefined
    return this.#bytes[start] === 0x74
  }

  /** The value as it stands in the body, a view without a copy; `undefined` when the field is absent. */
  raw(name: string): Buffer | undefined {
    const start = this.#start(name)
    return start === -1 ? undefined : this.#bytes.subarray(start, this.#end(name))
  }

  /** Where the value stands in the body; `undefined` when the field is absent. */
  span(name: string): JsonSpan | undefined {
    const start = this.#start(name)
    return start === -1 ? undefined : { start, end: this.#end(name) }
  }

  #start(name: string): number {
    const start = this.#starts[this.#guarded.indexOf(name)]
    if (start === undefined) throw new TypeError(`The field ${name} was not guarded in this scan`)
    return start
  }

  #end(name: string): number {
    return this.#ends[this.#guarded.indexOf(name)] as number
  }
}

/**
 * Checks that `bytes` are exactly one JSON object (RFC 8259, UTF-8, no byte order mark) and finds its guarded fields,
 * so that the bytes can be passed on as they are and mean the same to every parser behind. A repeated guarded field,
 * and one in another letter case, are refused: Go folds case and takes the last, JavaScript and Python do not fold.
 *
 * @throws PunkuError `invalid_json` with the byte offset and what is wrong there; `ambiguous_request` with the field
 * as its `param`.
 */
export function scanJsonObject(bytes: Buffer, options: JsonScanOptions): ScannedObject {
  if (!isUtf8(bytes)) throw new PunkuError('invalid_json', 'The body is not valid JSON: it is not UTF-8.')
  const { guarded } = options
  const starts: number[] = new Array(guarded.length).fill(-1)
  const ends: number[] = new Array(guarded.length).fill(-1)
  scanInto(bytes, options, starts, ends)
  return new ScannedObject(bytes, guarded, starts, ends)
}

/**
 * The first guarded field that is whole in the beginning of a JSON object; no more is read than that takes. What is wrong
 * with the rest, or with the end that is missing, is for `scanJsonObject` to say once all is there.
 *
 * @throws PunkuError `invalid_json` for what does not begin as an object.
 */
export function scanJsonBeginning(bytes: Buffer, options: JsonScanOptions): ScannedObject {
  const { guarded } = options
  const starts: number[] = new Array(guarded.length).fill(-1)
  const ends: number[] = new Array(guarded.length).fill(-1)
  const begin = skipSpace(bytes, 0)
  if (begin < bytes.length && bytes[begin] !== NESTING.openObject) throw notAnObject(bytes, begin)
  try {
    scanInto(bytes, options, starts, ends, true)
  } catch {
    for (let field = 0; field < starts.length; field++) if (ends[field] === -1) starts[field] = -1
  }
  return new ScannedObject(bytes, guarded, starts, ends)
}

/**
 * What one body may hold, so that none of what it may have in bytes keeps the loop: a body of short values costs thirty
 * times what one of long texts does, and a name with an escape or a letter beyond ASCII is decoded to be known.
 */
const MAX_VALUES = 4_000_000
const MAX_NAMES = 250_000
const MAX_DECODED_NAMES = 1_000

/** One pass. It notes each guarded field when its value begins and when it ends. */
function scanInto(
  bytes: Buffer,
  options: JsonScanOptions,
  starts: number[],
  ends: number[],
  endsAtFirst = false,
): void {
  const { maxDepth, places } = options
  const finding = places && new Finding(bytes)
  // What is to be seen inside each object or array that is open, and in the value that comes next.
  const nodes: (PlaceNode | undefined)[] = []
  let node: PlaceNode | undefined = places?.tree
  // Which kind of bracket is open at each depth: a list and not the call stack, so no input can exhaust the latter.
  const openObjects: boolean[] = []
  let values = 0
  let names = 0
  let decodedNames = 0
  let field = -1
  let at = skipSpace(bytes, 0)
  if (bytes[at] !== NESTING.openObject) throw notAnObject(bytes, at)

  for (;;) {
    const byte = bytes[at]
    let isClosed = true
    if (++values > MAX_VALUES) throw tooMany('values', MAX_VALUES)
    if (node !== undefined && node.place !== -1 && byte !== NESTING.openArray) {
      places?.found((finding as Finding).at(node.place, at))
    }
    if (byte === 0x22) {
      at = stringEnd(bytes, at)
    } else if (byte === NESTING.openObject || byte === NESTING.openArray) {
      const isObject = byte === NESTING.openObject
      if (openObjects.push(isObject) > maxDepth) throw tooDeep(at, maxDepth)
      nodes.push(node)
      at = skipSpace(bytes, at + 1)
      if (bytes[at] === (isObject ? NESTING.closeObject : NESTING.closeArray)) {
        at++
        openObjects.pop()
        nodes.pop()
      } else {
        isClosed = false
      }
    } else if (byte === 0x2d || isDigit(byte)) {
      at = numberEnd(bytes, at)
    } else {
      at = literalEnd(bytes, at)
    }

    // A value has ended: so may the objects and arrays around it, until a comma asks for the next one.
    while (isClosed) {
      if (openObjects.length === 1 && field !== -1) {
        ends[field] = at
        field = -1
        if (endsAtFirst) return
      }
      at = skipSpace(bytes, at)
      if (openObjects.length === 0) {
        if (at < bytes.length) throw syntaxError(bytes, at, 'the end of the body')
        return
      }
      const isObject = openObjects[openObjects.length - 1] as boolean
      if (bytes[at] === 0x2c) {
        at = skipSpace(bytes, at + 1)
        break
      }
      if (bytes[at] !== (isObject ? NESTING.closeObject : NESTING.closeArray)) {
        throw syntaxError(bytes, at, isObject ? "',' or '}'" : "',' or ']'")
      }
      at++
      openObjects.pop()
      nodes.pop()
    }

    node = nodes[nodes.length - 1]
    if (openObjects[openObjects.length - 1] !== true) continue
    if (bytes[at] !== 0x22) throw syntaxError(bytes, at, 'a field name in double quotes')
    if (++names > MAX_NAMES) throw tooMany('field names', MAX_NAMES)
    const keyAt = at
    at = stringEnd(bytes, at)
    const keyEnd = at
    const isLookedAt = node !== undefined || openObjects.length === 1
    const isPlain = !isLookedAt || isPlainName(bytes, keyAt, keyEnd)
    if (!isPlain && ++decodedNames > MAX_DECODED_NAMES) {
      throw tooMany('field names with escapes or letters beyond ASCII', MAX_DECODED_NAMES)
    }
    at = skipSpace(bytes, at)
    if (bytes[at] !== 0x3a) throw syntaxError(bytes, at, "':'")
    at = skipSpace(bytes, at + 1)
    if (node !== undefined) node = fieldNode(node, bytes, keyAt, keyEnd, isPlain)
    if (openObjects.length > 1) continue
    field = isPlain
      ? plainField(bytes, keyAt, keyEnd, options)
      : decodedField(decodeString(bytes, keyAt, keyEnd), options)
    if (field === -1) continue
    if (starts[field] !== -1) throw ambiguous(options, field, 'stands in the body more than once')
    starts[field] = at
  }
}

/** Whether a name is known by its bytes: else it has to be decoded. */
function isPlainName(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start + 1; i < end - 1; i++) {
    const byte = bytes[i] as number
    if (byte === 0x5c || byte > 0x7f) return false
  }
  return true
}

/** The index of the guarded field that the plain key between the quotes at `start` and before `end` names, or -1. */
function plainField(bytes: Buffer, start: number, end: number, options: JsonScanOptions): number {
  const { guarded } = options
  const length = end - start - 2
  for (let field = 0; field < guarded.length; field++) {
    const name = guarded[field] as string
    if (name.length !== length) continue
    let isSame = true
    let i = 0
    for (; i < length; i++) {
      const byte = bytes[start + 1 + i] as number
      const wanted = name.charCodeAt(i)
      if (byte === wanted) continue
      if (byte < 0x41 || byte > 0x5a || byte + 0x20 !== wanted) break
      isSame = false
    }
    if (i < length) continue
    if (!isSame) throw ambiguous(options, field, 'is spelled in another letter case')
    return field
  }
  return -1
}

function decodedField(key: string, options: JsonScanOptions): number {
  const field = options.guarded.indexOf(foldName(key))
  if (field !== -1 && options.guarded[field] !== key) {
    throw ambiguous(options, field, 'is spelled in another letter case')
  }
  return field
}

function ambiguous(options: JsonScanOptions, field: number, what: string): PunkuError {
  const name = options.guarded[field] as string
  const param = options.within === undefined ? name : `${options.within}.${name}`
  return new PunkuError(
    'ambiguous_request',
    `The field '${param}' ${what}, so two parsers could read two different requests. Send it once, in lower case.`,
    { param },
  )
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function notAnObject(bytes: Buffer, at: number): PunkuError {
  if (at === bytes.length) return new PunkuError('invalid_json', 'The body is empty; a JSON object was expected.')
  if (bytes[0] === 0xef) {
    return new PunkuError('invalid_json', 'The body starts with a byte order mark; JSON is sent without one.')
  }
  return new PunkuError('invalid_json', `The body must be a JSON object; at byte ${at} there is no '{'.`)
}

function tooMany(what: string, limit: number): PunkuError {
  return new PunkuError('invalid_request', `The body holds more than ${limit} ${what}. Send less in one request.`)
}

function tooDeep(at: number, maxDepth: number): PunkuError {
  return new PunkuError('invalid_json', `The body nests deeper than ${maxDepth} levels at byte ${at}.`)
}
