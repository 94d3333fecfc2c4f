import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { KeyBody } from '../../../src/contract/keys.ts'
import { api } from '../api.ts'
import { type PagedRows, usePages } from '../parts/use-pages.ts'
import { healthQuery } from '../queries.ts'
import { KEY_LISTS, KEY_OFFERS, keyOneKey, placeKey } from './follow-keys.ts'
import type { KeyListing } from './key-pages.ts'

const OFFERS = 20

/** The keys of a list, newest first. @param isAsked false: nothing is read */
export function useKeyList({ revoked, q }: KeyListing, isAsked = true): PagedRows<KeyBody> {
  return usePages({
    queryKey: [...KEY_LISTS, { revoked, q } satisfies KeyListing],
    read: async (page, signal) => {
      const { keys, next } = await api('listKeys', {
        query: { ...page, revoked, ...(q === '' ? {} : { q }) },
        signal,
      })
      return { rows: keys, next }
    },
    isAsked,
  })
}

/** The newest keys with a text in their name or id, to choose from. */
export function useKeyOffers(q: string): readonly KeyBody[] {
  const { data } = useQuery({
    queryKey: [...KEY_OFFERS, q],
    queryFn: async ({ signal }) =>
      (await api('listKeys', { query: { limit: OFFERS, ...(q === '' ? {} : { q }) }, signal })).keys,
    placeholderData: (before) => before,
  })
  return data ?? []
}

/** What a key is called; its id, while that is not known or where there is none. */
export function useKeyName(id: string | undefined): string | undefined {
  const { data } = useQuery({
    queryKey: keyOneKey(id ?? ''),
    queryFn: ({ signal }) => api('showKey', { params: { key: id ?? '' }, signal }),
    enabled: id !== undefined,
  })
  return data?.name ?? id
}

/** Shows at once what was made of a key here. */
export function usePlaceKey(): (key: KeyBody) => void {
  const queries = useQueryClient()
  return useCallback(
    (key) => {
      placeKey(queries, key)
      void queries.invalidateQueries({ queryKey: healthQuery.queryKey })
    },
    [queries],
  )
}
