import type { DocumentChange } from '../file-edit.ts'
import { DocumentFault, type DocumentFormat, type DocumentPath, type DocumentValue } from './document-format.ts'

/** A place of a document that a change is about: a name in an object, or the item of a list that has this value in this field. */
export interface DocumentPlace {
  readonly path: readonly string[]
  readonly item?: { readonly by: string; readonly id: DocumentValue } | undefined
}

/** A text after one change. What is already as it should be stays as it is written. @throws DocumentFault where it cannot be made */
export function changeDocument(format: DocumentFormat, text: string, change: DocumentChange): string {
  const place = placeOf(change)
  return writePlace(format, text, place, change.kind === 'remove' ? undefined : valueMeant(change))
}

/** The place a change is about. */
export function placeOf(change: DocumentChange): DocumentPlace {
  if (change.kind !== 'item') return { path: change.path }
  return { path: change.path, item: { by: change.by, id: change.item[change.by] ?? null } }
}

function valueMeant(change: Exclude<DocumentChange, { kind: 'remove' }>): DocumentValue {
  return change.kind === 'set' ? change.value : change.item
}

/** Whether two values are the same, whatever the order of names. */
export function isSameValue(one: DocumentValue | undefined, other: DocumentValue | undefined): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  // The times of TOML are no plain objects: they are as they are written.
  if (one instanceof Date || other instanceof Date) return String(one) === String(other)
  const names = Object.keys(one)
  const of = (value: object, name: string) => (value as { readonly [name: string]: DocumentValue })[name]
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameValue(of(one, name), of(other, name)))
  )
}

/** What stands at a place; `undefined` for nothing. */
export function readPlace(root: DocumentValue | undefined, place: DocumentPlace): DocumentValue | undefined {
  const value = valueAt(root, place.path)
  return place.item === undefined ? value : itemsOf(value)[itemIndex(value, place)]
}

/** How many names of a place's path are there; one less than its length, or fewer, where it would have to be made. */
export function standingDepth(root: DocumentValue | undefined, { path }: DocumentPlace): number {
  let depth = 0
  while (depth < path.length && valueAt(root, path.slice(0, depth + 1)) !== undefined) depth++
  return depth
}

/**
 * Puts the value at the place, or takes what is there away where there is none; objects on the way that were not there
 * at first (deeper than `standing` names) go with it once they are empty.
 * @throws DocumentFault where something else stands on the way, or the text has a form in which it cannot be done
 */
export function writePlace(
  format: DocumentFormat,
  text: string,
  place: DocumentPlace,
  value: DocumentValue | undefined,
  standing = place.path.length,
): string {
  const root = format.read(text)
  if (isSameValue(readPlace(root, place), value)) return text
  refuseOnTheWay(root, place)
  const [changed, expected] =
    value === undefined ? taken(format, text, root, place, standing) : written(format, text, root, place, value)
  const found = readBack(format, changed, place)
  if (isSameValue(withoutEmpty(found), withoutEmpty(expected))) return changed
  throw notEditable(place)
}

function written(
  format: DocumentFormat,
  text: string,
  root: DocumentValue | undefined,
  place: DocumentPlace,
  value: DocumentValue,
): readonly [string, DocumentValue] {
  const { path } = place
  if (place.item === undefined) return [format.put(text, path, value), replaced(root, path, value)]
  const list = valueAt(root, path)
  const items = itemsOf(list)
  const at = itemIndex(list, place)
  if (items.length === 0) return [format.put(text, path, [value]), replaced(root, path, [value])]
  if (at < 0) return [format.append(text, path, value), replaced(root, path, [...items, value])]
  return [format.put(text, [...path, at], value), replaced(root, path, items.with(at, value))]
}

function taken(
  format: DocumentFormat,
  text: string,
  root: DocumentValue | undefined,
  place: DocumentPlace,
  standing: number,
): readonly [string, DocumentValue | undefined] {
  let rest: DocumentValue | undefined
  let path: DocumentPath = place.path
  if (place.item === undefined) rest = replaced(root, place.path, undefined)
  else {
    const list = valueAt(root, place.path)
    const items = itemsOf(list)
    const at = itemIndex(list, place)
    rest = replaced(root, place.path, items.toSpliced(at, 1))
    if (items.length > 1 || standing >= place.path.length) path = [...path, at]
    else rest = replaced(root, place.path, undefined)
  }
  while (path.length - 1 > standing && isEmpty(valueAt(rest, path.slice(0, -1)))) {
    path = path.slice(0, -1)
    rest = replaced(root, path, undefined)
  }
  return [format.take(text, path), rest]
}

/** A text that does not parse any more is a fault of ours: it is not written, and said as what cannot be done. */
function readBack(format: DocumentFormat, text: string, place: DocumentPlace): DocumentValue | undefined {
  try {
    return format.read(text)
  } catch (error) {
    if (error instanceof DocumentFault) throw notEditable(place)
    throw error
  }
}

function notEditable({ path }: DocumentPlace): DocumentFault {
  return new DocumentFault(`${path.join('.')} is written there in a form that is not edited here`)
}

function refuseOnTheWay(root: DocumentValue | undefined, { path, item }: DocumentPlace): void {
  for (let depth = 0; depth < path.length; depth++) {
    const value = valueAt(root, path.slice(0, depth))
    if (value === undefined || value === null || isObject(value)) continue
    const where = depth === 0 ? 'the whole document' : path.slice(0, depth).join('.')
    throw new DocumentFault(
      `${where} is ${Array.isArray(value) ? 'a list' : 'a value'}, where a group of names has to stand`,
    )
  }
  const list = valueAt(root, path)
  if (item !== undefined && list !== undefined && list !== null && !Array.isArray(list)) {
    throw new DocumentFault(`${path.join('.')} is no list, where one has to stand`)
  }
}

function isObject(value: DocumentValue | undefined): value is { readonly [name: string]: DocumentValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: DocumentValue | undefined): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function itemsOf(value: DocumentValue | undefined): readonly DocumentValue[] {
  return Array.isArray(value) ? value : []
}

function itemIndex(list: DocumentValue | undefined, { item }: DocumentPlace): number {
  if (item === undefined) return -1
  return itemsOf(list).findIndex((one) => isObject(one) && isSameValue(one[item.by], item.id))
}

function valueAt(root: DocumentValue | undefined, path: DocumentPath): DocumentValue | undefined {
  let value = root
  for (const name of path) {
    if (typeof name === 'number') value = itemsOf(value)[name]
    else value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  }
  return value
}

function replaced(
  root: DocumentValue | undefined,
  path: DocumentPath,
  value: DocumentValue | undefined,
): DocumentValue {
  const [name, ...rest] = path
  if (name === undefined) return value ?? {}
  const { [name]: inner, ...others } = isObject(root) ? root : {}
  if (rest.length > 0) return { ...others, [name]: replaced(inner, rest, value) }
  return value === undefined ? others : { ...others, [name]: value }
}

/** Some formats have no way to write an object without anything in it. */
function withoutEmpty(value: DocumentValue | undefined): DocumentValue {
  if (Array.isArray(value)) return value.map((item: DocumentValue) => withoutEmpty(item))
  if (!isObject(value)) return value ?? {}
  const members = Object.entries(value).map(([name, inner]) => [name, withoutEmpty(inner)] as const)
  return Object.fromEntries(members.filter(([, inner]) => !isEmpty(inner)))
}
