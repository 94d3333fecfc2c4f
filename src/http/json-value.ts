import { NESTING, skipSpace, stringEnd } from './json-syntax.ts'

export type JsonType = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array'

/** A value at one of the places that are looked for: no array, but what stands in one. Good only while it is told. */
export interface FoundValue {
  /** The number of the place in the list that the tree was made of. */
  readonly place: number
  readonly type: JsonType
  /** The decoded text; `undefined` when it is no string. */
  text(): string | undefined
  /** Whether it is a text that begins so, in whatever letter case and without escapes. `start`: ASCII, lower case. */
  begins(start: string): boolean
  /** Whether it is a text whose first bytes, so many or all, are each 1 in the table. */
  isOf(table: Uint8Array, length: number): boolean
  /** The first characters of the text, at least so many where it has them: its end is not looked for. */
  beginning(length: number): string | undefined
  /** It is `null`, `false`, an empty text, or an object with nothing in it. */
  isEmpty(): boolean
}

/** The value that was found last; one for all of a body, which may hold millions. */
export class Finding implements FoundValue {
  readonly #bytes: Buffer
  #start = 0
  place = -1

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** The value at `start` is the one now. */
  at(place: number, start: number): this {
    this.place = place
    this.#start = start
    return this
  }

  get type(): JsonType {
    return typeAt(this.#bytes, this.#start)
  }

  text(): string | undefined {
    if (this.type !== 'string') return undefined
    return decodeString(this.#bytes, this.#start, stringEnd(this.#bytes, this.#start))
  }

  begins(start: string): boolean {
    if (this.type !== 'string') return false
    for (let i = 0; i < start.length; i++) {
      const byte = this.#bytes[this.#start + 1 + i] as number
      const wanted = start.charCodeAt(i)
      if (byte !== wanted && !(byte >= 0x41 && byte <= 0x5a && byte + 0x20 === wanted)) return false
    }
    return true
  }

  isOf(table: Uint8Array, length: number): boolean {
    if (this.type !== 'string') return false
    for (let at = this.#start + 1; at <= this.#start + length; at++) {
      const byte = this.#bytes[at] as number
      if (byte === 0x22) return true
      if (table[byte] !== 1) return false
    }
    return true
  }

  beginning(length: number): string | undefined {
    if (this.type !== 'string') return undefined
    // Six bytes at most make a character: those of `\\u0041`.
    const raw = this.#bytes.toString('latin1', this.#start + 1, this.#start + 1 + length * 6)
    const quoted = /^(?:[^"\\]|\\(?:u[0-9a-fA-F]{4}|[^u]))*/.exec(raw)?.[0] ?? ''
    // A character that JSON has no escape for is one that the scan has not come to yet, and will refuse.
    return quoted.replace(
      ESCAPE,
      (escaped) => UNESCAPED[escaped] ?? String.fromCharCode(Number.parseInt(escaped.slice(2), 16)),
    )
  }

  isEmpty(): boolean {
    const { type } = this
    if (type === 'null') return true
    if (type === 'boolean') return this.#bytes[this.#start] === 0x66
    const next = skipSpace(this.#bytes, this.#start + 1)
    if (type === 'string') return this.#bytes[this.#start + 1] === 0x22
    return type === 'object' && this.#bytes[next] === NESTING.closeObject
  }
}

const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|[^u])/g
const UNESCAPED: Readonly<Record<string, string>> = {
  '\\"': '"',
  '\\\\': '\\',
  '\\/': '/',
  '\\b': '\b',
  '\\f': '\f',
  '\\n': '\n',
  '\\r': '\r',
  '\\t': '\t',
}

/** The text of the string from the quote at `start` to behind the quote before `end`. */
export function decodeString(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1)
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

/** What kind of value begins at `start`. */
export function typeAt(bytes: Buffer, start: number): JsonType {
  switch (bytes[start]) {
    case 0x22:
      return 'string'
    case 0x7b:
      return 'object'
    case 0x5b:
      return 'array'
    case 0x74:
    case 0x66:
      return 'boolean'
    case 0x6e:
      return 'null'
    default:
      return 'number'
  }
}
