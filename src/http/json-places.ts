import { foldName } from './fold.ts'

/** What of a JSON object may be looked at inside one field, and whether that field is a place itself. */
export interface PlaceNode {
  /** The number of the place that ends here; -1: none does. */
  readonly place: number
  readonly fields: readonly PlaceField[]
  /** 1 for the bytes that a name of one of the fields may begin with, in either letter case. */
  readonly begins: Uint8Array
}

interface PlaceField {
  /** ASCII, lower case. */
  readonly name: string
  /** It stands for all names that begin with it. */
  readonly isPrefix: boolean
  readonly node: PlaceNode
}

interface Draft {
  place: number
  fields: { name: string; isPrefix: boolean; node: Draft }[]
  begins: Uint8Array
}

const MAX_ASCII = 0x7f

/**
 * The tree of places inside a JSON object, each written as the names of fields from the top one down, as in
 * `messages/content+/image_url`. Arrays are seen through, and have no part in it. `lora*` stands for every name that
 * begins with `lora`; `content+` for that field and those of the same name inside it, however deep. Number n is the
 * n-th of the list.
 */
export function placesOf(paths: readonly string[]): PlaceNode {
  const root = draft()
  paths.forEach((path, place) => {
    let node = root
    for (const part of path.split('/')) node = step(node, part)
    node.place = place
  })
  return root
}

function step(node: Draft, part: string): Draft {
  const isPrefix = part.endsWith('*')
  const isDeep = part.endsWith('+')
  const name = isPrefix || isDeep ? part.slice(0, -1) : part
  const known = node.fields.find((field) => field.name === name && field.isPrefix === isPrefix)
  const next = known?.node ?? draft()
  if (known === undefined) add(node, { name, isPrefix, node: next })
  if (isDeep && !next.fields.some((field) => field.node === next)) add(next, { name, isPrefix, node: next })
  return next
}

function add(node: Draft, field: Draft['fields'][number]): void {
  node.fields.push(field)
  const begin = field.name.charCodeAt(0)
  node.begins[begin] = 1
  node.begins[field.name.toUpperCase().charCodeAt(0)] = 1
}

function draft(): Draft {
  const begins = new Uint8Array(256)
  // An escape or a letter beyond ASCII may stand for one that is looked for.
  begins[0x5c] = 1
  begins.fill(1, MAX_ASCII + 1)
  return { place: -1, fields: [], begins }
}

/**
 * What is to be seen in the field whose name stands between the quotes at `start` and before `end`, in any letter case:
 * servers written in Go fold it. `undefined`: nothing.
 * @param isPlain the name has no escape and nothing beyond ASCII
 */
export function fieldNode(
  node: PlaceNode,
  bytes: Buffer,
  start: number,
  end: number,
  isPlain: boolean,
): PlaceNode | undefined {
  if (node.begins[bytes[start + 1] as number] === 0) return undefined
  if (!isPlain) return decodedNode(node, bytes.toString('utf8', start, end))
  const length = end - start - 2
  for (const { name, isPrefix, node: next } of node.fields) {
    if (isPrefix ? length < name.length : length !== name.length) continue
    let i = 0
    while (i < name.length && lower(bytes[start + 1 + i] as number) === name.charCodeAt(i)) i++
    if (i === name.length) return next
  }
  return undefined
}

function decodedNode(node: PlaceNode, quoted: string): PlaceNode | undefined {
  const text = foldName(JSON.parse(quoted) as string)
  return node.fields.find(({ name, isPrefix }) => (isPrefix ? text.startsWith(name) : text === name))?.node
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}
