import { changeBlock, readBlock } from './documents/block-text.ts'
import {
  type DocumentPlace,
  isSameValue,
  placeOf,
  readPlace,
  standingDepth,
  writePlace,
} from './documents/change-document.ts'
import { DocumentFault, type DocumentFormat, type DocumentValue } from './documents/document-format.ts'
import { documentFormat } from './documents/load-format.ts'
import type { FileEdit } from './file-edit.ts'
import type { JournalChange } from './journal-record.ts'

/** A text without what a set-up put into it. */
export interface TakenBack {
  readonly text: string
  /** Places that no longer hold what was put there, and were left as they are. */
  readonly left: readonly (readonly string[])[]
}

/** What is changed between two texts at the places of these edits, and at those of earlier ones. @throws DocumentFault for a text of another format */
export async function changesBetween(
  format: FileEdit['format'],
  texts: { readonly first: string; readonly after: string },
  edits: readonly FileEdit[],
  earlier: readonly JournalChange[],
): Promise<readonly JournalChange[]> {
  if (format === 'whole') return []
  const view = await viewOf(format)
  const first = view.read(texts.first)
  const after = view.read(texts.after)
  const asked = edits.flatMap((edit): readonly DocumentPlace[] => {
    if (edit.format === 'whole') return []
    return edit.format === 'block' ? [{ path: [] }] : edit.changes.map(placeOf)
  })
  return outermost([...earlier, ...asked]).flatMap(({ path, item }) => {
    const place = { path: [...path], item }
    const old = readPlace(first, place)
    const value = readPlace(after, place)
    if (isSameValue(old, value)) return []
    if (!isPlain(old)) throw new DocumentFault(`${path.join('.')} holds a time or a number that could not be put back`)
    return [{ ...place, standing: standingDepth(first, place), old: { value: old }, news: [{ value }] }]
  })
}

/** Puts back what stood at our places, as far as they still hold what we put there. @throws DocumentFault for a text that cannot be read */
export async function takeBack(
  format: FileEdit['format'],
  text: string,
  changes: readonly JournalChange[],
): Promise<TakenBack> {
  if (format === 'whole') return { text, left: [[]] }
  const view = await viewOf(format)
  const left: (readonly string[])[] = []
  let rest = text
  view.read(text)
  for (const change of changes.toReversed()) {
    const now = readPlace(view.read(rest), change)
    if (isSameValue(now, change.old.value)) continue
    const isOurs = change.news.some(({ value }) => isSameValue(now, value))
    try {
      if (isOurs) rest = view.write(rest, change)
      else left.unshift(change.path)
    } catch (error) {
      if (!(error instanceof DocumentFault)) throw error
      left.unshift(change.path)
    }
  }
  return { text: rest, left }
}

/** Our places that do not hold what we put there last. @throws DocumentFault for a text that cannot be read */
export async function changedPlaces(
  format: FileEdit['format'],
  text: string,
  changes: readonly JournalChange[],
): Promise<readonly { readonly path: readonly string[]; readonly isGone: boolean }[]> {
  if (format === 'whole') return [{ path: [], isGone: false }]
  const root = (await viewOf(format)).read(text)
  return changes.flatMap((change) => {
    const now = readPlace(root, change)
    const isOurs = isSameValue(now, change.news.at(-1)?.value)
    return isOurs ? [] : [{ path: change.path, isGone: now === undefined }]
  })
}

/** Whether nothing stands in a text: what a file that was not there is left with. */
export function isBare(text: string): boolean {
  return /^\uFEFF?\s*(?:\{\s*\}\s*)?$/.test(text)
}

interface View {
  read(text: string): DocumentValue | undefined
  write(text: string, change: JournalChange): string
}

/** The block of a profile is the whole of what there is to read of it. */
async function viewOf(format: Exclude<FileEdit['format'], 'whole'>): Promise<View> {
  if (format === 'block') {
    const lines = (value: DocumentValue | undefined) => (typeof value === 'string' ? value : undefined)
    return { read: readBlock, write: (text, { old }) => changeBlock(text, lines(old.value)) }
  }
  const document: DocumentFormat = await documentFormat(format)
  return {
    read: document.read,
    write: (text, change) => writePlace(document, text, change, change.old.value, change.standing),
  }
}

/** Without the places that lie within another one, and each once. */
function outermost(places: readonly DocumentPlace[]): readonly DocumentPlace[] {
  const isIn = (inner: DocumentPlace, outer: DocumentPlace): boolean =>
    outer.path.every((name, at) => inner.path[at] === name) &&
    (outer.item === undefined ? inner.path.length > outer.path.length || inner.item !== undefined : false)
  const isSame = (one: DocumentPlace, other: DocumentPlace): boolean =>
    isSameValue(one.path, other.path) && one.item?.by === other.item?.by && isSameValue(one.item?.id, other.item?.id)
  return places.filter(
    (place, at) => !places.some((other, index) => isIn(place, other) || (index < at && isSame(other, place))),
  )
}

/** Whether a value comes back from a journal as it went in. */
function isPlain(value: DocumentValue | undefined): boolean {
  if (value === undefined) return true
  if (value instanceof Date) return false
  try {
    return isSameValue(JSON.parse(JSON.stringify(value)) as DocumentValue, value)
  } catch {
    return false
  }
}
