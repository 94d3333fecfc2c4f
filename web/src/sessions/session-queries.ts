import { queryOptions, useInfiniteQuery } from '@tanstack/react-query'
import type { ToolSessionBody } from '../../../src/contract/tool-sessions.ts'
import { api } from '../api.ts'

const PAGE_ROWS = 50
/** A session that goes on is read again this often while it is looked at. */
const STALE_MS = 10_000

/** The sessions of the last 30 days, the one with the last request first, a page at a time. */
export interface Sessions {
  /** Undefined: they are being read. */
  readonly rows: readonly ToolSessionBody[] | undefined
  readonly currency: string
  readonly error: Error | null
  readonly retry: () => void
  readonly hasMore: boolean
  readonly isReadingMore: boolean
  readonly readMore: () => void
}

/** Reads them. @param label only those with it; empty: all */
export function useSessions(label: string): Sessions {
  const asked = label === '' ? {} : { label }
  const pages = useInfiniteQuery({
    // Not by the noun of requests: each that comes would have all pages read again.
    queryKey: ['tool-sessions', asked],
    queryFn: ({ pageParam, signal }) =>
      api('listToolSessions', { query: { ...asked, before: pageParam, limit: PAGE_ROWS }, signal }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ sessions }) => (sessions.length < PAGE_ROWS ? undefined : sessions.at(-1)?.seq),
    staleTime: STALE_MS,
  })
  return {
    rows: pages.data?.pages.flatMap(({ sessions }) => sessions),
    currency: pages.data?.pages[0]?.currency ?? 'USD',
    error: pages.error,
    retry: () => void pages.refetch(),
    hasMore: pages.hasNextPage,
    isReadingMore: pages.isFetchingNextPage,
    readMore: () => void pages.fetchNextPage(),
  }
}

/** One session, by its id. */
export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['tool-sessions', 'one', id],
    queryFn: ({ signal }) => api('showToolSession', { params: { session: id }, signal }),
    staleTime: STALE_MS,
  })
