import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect } from 'react'
import type { RequestBody } from '../../../src/contract/requests.ts'
import { api } from '../api.ts'
import type { RequestFilter } from './filter.ts'
import { type RequestPage, type RequestPages, withNew } from './request-pages.ts'

const PAGE_ROWS = 50
/** New rows that are held back before the list would rather be read anew. */
export const MAX_NEW_ROWS = 200

/** The recorded requests, newest first, a page at a time; and those that came since. */
export interface Requests {
  /** Undefined: they are being read. */
  readonly rows: readonly RequestBody[] | undefined
  readonly error: Error | null
  readonly retry: () => void
  readonly hasMore: boolean
  readonly isReadingMore: boolean
  readonly readMore: () => void
  /** Those held back. */
  readonly newCount: number
  readonly showNew: () => void
}

/**
 * Follows the requests that a filter lets through.
 *
 * @param isHeld new rows are counted, and wait: somebody is reading those that are there
 */
export function useRequests(filter: RequestFilter, isHeld: boolean): Requests {
  const queries = useQueryClient()
  const pages = useInfiniteQuery({
    // Not by the noun: each request that comes would have all pages read again. What is new is asked for below.
    queryKey: ['request-pages', filter],
    queryFn: ({ pageParam, signal }) =>
      api('listRequests', { query: { ...filter, before: pageParam, limit: PAGE_ROWS }, signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ requests }: RequestPage) => (requests.length < PAGE_ROWS ? undefined : requests.at(-1)?.seq),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const newest = pages.data?.pages[0]?.requests[0]?.seq ?? 0
  const { data: fresh } = useQuery({
    queryKey: ['requests', filter, { after: newest }],
    queryFn: ({ signal }) => api('listRequests', { query: { ...filter, after: newest, limit: MAX_NEW_ROWS }, signal }),
    enabled: pages.isSuccess,
    // Each answer moves the place that is asked after; those before it are never looked at again.
    gcTime: 10_000,
  })
  const newRows = fresh?.requests
  const newCount = newRows?.length ?? 0

  const showNew = useCallback(() => {
    if (newRows === undefined || newRows.length === 0) return
    const queryKey = ['request-pages', filter]
    // As many as were asked for: there may be more between them and now.
    if (newRows.length >= MAX_NEW_ROWS) void queries.resetQueries({ queryKey, exact: true })
    else queries.setQueryData<RequestPages>(queryKey, (before) => before && withNew(before, newRows))
  }, [queries, filter, newRows])

  useEffect(() => {
    if (!isHeld) showNew()
  }, [isHeld, showNew])

  return {
    rows: pages.data?.pages.flatMap(({ requests }) => requests),
    error: pages.error,
    retry: () => void pages.refetch(),
    hasMore: pages.hasNextPage,
    isReadingMore: pages.isFetchingNextPage,
    readMore: () => void pages.fetchNextPage(),
    newCount,
    showNew,
  }
}
