import { PunkuError } from '../../core/error.ts'
import type { PlaceByName, PlaceInTime } from '../store/page.ts'

/** A part of a list, and where the next one begins. */
export interface Part<Item> {
  readonly items: readonly Item[]
  /** `null`: this is the last. */
  readonly next: string | null
}

/** The first `limit` of a list that was read with one more, if there is one. */
export function partOf<Item>(
  list: readonly Item[],
  limit: number,
  placeOf: (item: Item) => PlaceInTime | PlaceByName,
): Part<Item> {
  const items = list.slice(0, limit)
  const last = items.at(-1)
  return { items, next: list.length > limit && last !== undefined ? write(placeOf(last)) : null }
}

/** The place in a list by time that a cursor names. Throws `invalid_request` for what is no cursor of such a list. */
export function placeInTime(cursor: string | undefined): PlaceInTime | undefined {
  if (cursor === undefined) return undefined
  const [at, id] = read(cursor)
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || id === undefined) throw noCursor()
  return { at, id }
}

/** The place in a list by name that a cursor names. Throws `invalid_request` for what is no cursor of such a list. */
export function placeByName(cursor: string | undefined): PlaceByName | undefined {
  if (cursor === undefined) return undefined
  const [name, id] = read(cursor)
  if (typeof name !== 'string' || id === undefined) throw noCursor()
  return { name, id }
}

function write(place: PlaceInTime | PlaceByName): string {
  const key = 'at' in place ? place.at : place.name
  return Buffer.from(JSON.stringify([key, place.id])).toString('base64url')
}

function read(cursor: string): [key: unknown, id: string] | [] {
  const text = Buffer.from(cursor, 'base64url').toString()
  const value = parse(text)
  if (!Array.isArray(value) || value.length !== 2 || typeof value[1] !== 'string') return []
  // PostgreSQL has no such character in a text.
  return text.includes('\\u0000') ? [] : [value[0], value[1]]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function noCursor(): PunkuError {
  return new PunkuError('invalid_request', 'cursor: This is no cursor of this list. Begin without one.', {
    param: 'cursor',
  })
}
