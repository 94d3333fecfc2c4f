import type { KeyBody } from '../../../src/contract/keys.ts'
import type { RowPage, RowPages } from '../parts/use-pages.ts'

/** What a list of keys is narrowed to. */
export interface KeyListing {
  readonly revoked: boolean
  /** A part of the name or id; empty: any. */
  readonly q: string
}

/** Whether a key is one of a list. */
export function isListed({ name, id, state }: KeyBody, { revoked, q }: KeyListing): boolean {
  const text = q.toLowerCase()
  return (state === 'revoked') === revoked && (name.toLowerCase().includes(text) || id.includes(text))
}

/** A list, newest first, in which one key stands as it is now: in its place, or not at all where it is not listed. */
export function withKey(before: RowPages<KeyBody>, key: KeyBody, listing: KeyListing): RowPages<KeyBody> {
  if (!isListed(key, listing)) return mapRows(before, (rows) => rows.filter(({ id }) => id !== key.id))
  if (before.pages.some(({ rows }) => rows.some(({ id }) => id === key.id))) {
    return mapRows(before, (rows) => rows.map((row) => (row.id === key.id ? key : row)))
  }
  const at = before.pages.findIndex(({ rows, next }) => next === null || rows.some((row) => comesBefore(key, row)))
  // What is older than all that was read comes with its own page.
  if (at === -1) return before
  return { ...before, pages: before.pages.map((page, index) => (index === at ? withRow(page, key) : page)) }
}

function withRow(page: RowPage<KeyBody>, key: KeyBody): RowPage<KeyBody> {
  const older = page.rows.findIndex((row) => comesBefore(key, row))
  return { ...page, rows: page.rows.toSpliced(older === -1 ? page.rows.length : older, 0, key) }
}

function comesBefore(one: KeyBody, other: KeyBody): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt > other.createdAt
  return one.id > other.id
}

function mapRows(
  { pages, ...rest }: RowPages<KeyBody>,
  change: (rows: readonly KeyBody[]) => readonly KeyBody[],
): RowPages<KeyBody> {
  return { ...rest, pages: pages.map((page) => ({ ...page, rows: change(page.rows) })) }
}
