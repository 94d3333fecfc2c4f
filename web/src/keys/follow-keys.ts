import type { QueryClient } from '@tanstack/react-query'
import { ControlError } from '../../../src/contract/control-error.ts'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'
import type { RowPages } from '../parts/use-pages.ts'
import { type KeyListing, withKey } from './key-pages.ts'

/** Of more keys at once the first page is read instead. */
const MAX_ONE_BY_ONE = 5

export const KEY_LISTS = ['keys', 'list'] as const
export const keyOneKey = (id: string) => ['keys', 'one', id] as const
export const KEY_OFFERS = ['keys', 'offers'] as const

/** Shows a key as it is now, wherever it is shown. Nothing is read. */
export function placeKey(queries: QueryClient, key: KeyBody): void {
  queries.setQueryData(keyOneKey(key.id), key)
  for (const { queryKey } of queries.getQueryCache().findAll({ queryKey: KEY_LISTS })) {
    const listing = queryKey[2] as KeyListing
    queries.setQueryData<RowPages<KeyBody>>(queryKey, (before) => before && withKey(before, key, listing))
  }
}

/** Reads anew what is on screen of keys that were changed: no more than those, or than a page, however many there are. */
export async function rereadKeys(queries: QueryClient, ids: ReadonlySet<string>): Promise<void> {
  queries.removeQueries({ queryKey: ['keys'], type: 'inactive' })
  void queries.invalidateQueries({ queryKey: KEY_OFFERS })
  const lists = queries.getQueryCache().findAll({ queryKey: KEY_LISTS })
  if (ids.size > MAX_ONE_BY_ONE) {
    for (const { queryKey } of lists) queries.setQueryData<RowPages<KeyBody>>(queryKey, firstPage)
    await queries.invalidateQueries({ queryKey: ['keys'] })
    return
  }
  for (const id of ids) {
    const isShown = lists.length > 0 || queries.getQueryData(keyOneKey(id)) !== undefined
    const key = isShown ? await keyOf(id) : undefined
    if (key !== undefined) placeKey(queries, key)
  }
}

function firstPage<Row>(before: RowPages<Row> | undefined): RowPages<Row> | undefined {
  return before && { pages: before.pages.slice(0, 1), pageParams: before.pageParams.slice(0, 1) }
}

/** Undefined: it is gone, as those of playgrounds go. */
async function keyOf(id: string): Promise<KeyBody | undefined> {
  try {
    return await api('showKey', { params: { key: id } })
  } catch (thrown) {
    if (thrown instanceof ControlError) return undefined
    throw thrown
  }
}
